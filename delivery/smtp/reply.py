"""Bytes from a mail server, in whatever pieces they come → whole replies, each once and in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE_BYTES = 4096  # RFC 5321 4.5.3.1.5 says 512; servers write links into their refusals
MAX_LINES = 200

_SINGLE = re.compile(rb"([2-5]\d\d) ([\x20-\x7e]{0,500})\r")
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


class GarbledError(Exception):
    """This is no SMTP; the conversation cannot go on."""


@dataclass(frozen=True)
class Reply:
    code: int
    status: str  # enhanced status code or ""
    words: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_lasting(self) -> bool:
        return self.code >= 500


class Replies:
    """One read may bring several replies, or half of one."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []
        self._code = b""

    @property
    def is_empty(self) -> bool:
        """No bytes wait that have not become a reply: before STARTTLS anything else is an injection."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Each whole reply. Raises GarbledError, after the good ones that came before the garbage."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if reply := (None if self._lines else single(line)) or self._take(line.rstrip(b"\r")):
                yield reply
        if len(self._buffer) > MAX_LINE_BYTES:
            raise GarbledError("the server sent a line without an end")

    def _take(self, line: bytes) -> Reply | None:
        code, mark = line[:3], line[3:4]
        if not code.isdigit() or not 200 <= int(code) <= 599 or mark not in (b" ", b"-", b""):
            raise GarbledError(f"the server sent {line[:80]!r}, which is no SMTP reply")
        if (self._lines and code != self._code) or len(self._lines) >= MAX_LINES or len(line) > MAX_LINE_BYTES:
            raise GarbledError(f"the server sent a reply of many lines that do not fit together: {line[:80]!r}")
        self._code = code
        self._lines.append(line[4:].decode("utf-8", "replace"))
        return None if mark == b"-" else self._finish()

    def _finish(self) -> Reply:
        lines, self._lines = tuple(self._lines), []
        return make(int(self._code), lines)


@lru_cache(maxsize=256)  # "250 2.1.5 Ok" comes a million times
def single(line: bytes) -> Reply | None:
    """A reply that is one ordinary line; anything else is looked at more closely."""
    found = _SINGLE.fullmatch(line)
    return make(int(found[1]), (found[2].decode(),)) if found else None


def make(code: int, lines: tuple[str, ...]) -> Reply:
    """The status is said on each line; the words are kept once, printable, for a person to read."""
    found = _ENHANCED.match(lines[0])
    status = found[1] if found and found[1][0] == str(code)[0] else ""
    words = "\n".join(_ENHANCED.sub("", line, count=1) if status else line for line in lines)
    if not words.isprintable():
        words = "".join(c if c.isprintable() or c == "\n" else "�" for c in words)
    return Reply(code, status, words[:1000])
