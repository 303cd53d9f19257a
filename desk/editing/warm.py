"""A press that stays warm between requests: templates compiled, content read; only what changed is read again.

One person at a time uses it; a preview takes some 20 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from builder.content import Memory, read_content
from builder.model import Content
from builder.press import Press
from desk.house import open_press
from desk.settings import Settings

FRESH_SECONDS = 30.0  # how long a preview may go on with what was read; whatever shows or saves files reads anew
MOST_CACHED = 20_000  # values in memory; the others are on the disk
LONGEST_SECONDS = 600  # templates are read again after that


@dataclass(slots=True)
class Warm:
    """`settings` are asked for each time: bulletin.toml may change while the server runs."""

    settings: Callable[[], Settings]
    _press: Press | None = None
    _of: Settings | None = None
    _made: float = 0.0
    _read: float = 0.0
    _memory: Memory = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def press(self, now: datetime, *, drafts: bool = True, stale: bool = False) -> Iterator[Press]:
        """`stale`: content that was read a moment ago will do."""
        with self._lock:
            held = self._held(now)
            content = self._content(held, stale)
            other = held.having(content, drafts=drafts)
            other.now = now.astimezone(held.house.calendar.zone)
            try:
                yield other
            finally:
                held.cache.save()
                if held.cache.held > MOST_CACHED:
                    held.cache.lighten()

    def _held(self, now: datetime) -> Press:
        settings = self.settings()
        if self._press is None or settings is not self._of or time.monotonic() - self._made > LONGEST_SECONDS:
            if self._press:
                self._press.close()
            if settings is not self._of:
                self._memory.clear()
            self._press, self._of = open_press(settings, now=now, drafts=True), settings
            self._made, self._read = time.monotonic(), 0.0
        return self._press

    def _content(self, held: Press, stale: bool) -> Content:
        if not stale or "content" not in held.__dict__ or time.monotonic() - self._read > FRESH_SECONDS:
            held.__dict__["content"] = read_content(held.root, held.house, self._memory)
            held._pictures.clear()  # a picture that was missing may be there now
            self._read = time.monotonic()
        return held.content
