"""A form that is larger than anything here takes: read to its end and thrown away, so that our own page can answer it.

A browser shows no answer before it has sent everything. waitress would refuse at the first line, in words of its own, and hang
up; most browsers then only say that the connection was lost.
"""

from __future__ import annotations

from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.utilities import RequestEntityTooLarge

MOST_THROWN_AWAY = 1_000_000_000  # bytes; a film from a phone is less. Nothing of it is kept, on the disk neither


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """The application gets the request without its body, and with the length that it had: it refuses it by that."""

    error: Any = None
    _left = 0

    def received(self, data: bytes) -> int:
        """How many of these bytes belong to this request."""
        if self._left:
            return self._thrown_away(len(data))
        taken: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge) and self._can_be_answered():
            self.error, self.body_rcv, self._left, self.completed = None, None, self.content_length, False
        return taken

    def _thrown_away(self, size: int) -> int:
        taken = min(size, self._left)
        self._left -= taken
        self.completed = not self._left
        return taken

    def _can_be_answered(self) -> bool:
        """Its length is known from the start, as a browser's always is, and nobody waits to be told whether to send it."""
        return not self.chunked and not self.expect_continue and self.content_length <= MOST_THROWN_AWAY


class Channel(HTTPChannel):  # type: ignore[misc]
    parser_class = Parser
