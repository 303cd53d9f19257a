"""A text file's bytes in, its lines as text out: whatever encoding it has, and however its quotation marks are broken."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from subscribers.model import Unreadable

RECORD_LINES = 200  # a quoted note may go over some lines; more means a quotation mark that was never closed
FIELD_CHARACTERS = 131_072
PEEK_BYTES = 65_536


def _windows(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are not UTF-8 are Windows-1252, one by one: old exports mix the two in one file."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("windows-1252-instead", _windows)


def open_text(path: Path) -> TextIO:
    """The file as text: UTF-16 and UTF-8 by their marks or their look, else UTF-8 with Windows-1252 where it is not."""
    with path.open("rb") as file:
        start = file.read(PEEK_BYTES)
    return path.open(encoding=_encoding(start), errors="windows-1252-instead", newline="")


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[0:2000:2], start[1:2000:2]
    if len(odd) > 8 and odd.count(0) > 0.7 * len(odd):
        return "utf-16-le"
    if len(even) > 8 and even.count(0) > 0.7 * len(even):
        return "utf-16-be"
    return "utf-8-sig"


class _Lines:
    """The file's lines for the csv module, with those of the current record remembered and able to be read again."""

    def __init__(self, lines: TextIO) -> None:
        self.lines = lines
        self.again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0  # of the last line that was taken

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= RECORD_LINES:
            raise csv.Error("a quotation mark is opened and never closed")
        line = self.again.popleft() if self.again else next(self.lines)
        self.number += 1
        self.taken.append(line)
        return line

    def only_first(self) -> str:
        """Give all lines of the record back but its first, which is returned."""
        first, *others = self.taken
        self.again.extendleft(reversed(others))
        self.number -= len(others)
        self.taken.clear()
        return first


def records(lines: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]] | Unreadable]:
    """Each record with the number of its first line. A record that cannot be read costs that one line, not the rest."""
    csv.field_size_limit(FIELD_CHARACTERS)
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    taken = source.taken
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            first = source.only_first()
            reader = csv.reader(source, delimiter=delimiter, strict=True)
            yield _lenient(first, delimiter, source.number, str(error))
        else:
            yield source.number - len(taken) + 1, cells


def _lenient(line: str, delimiter: str, number: int, why: str) -> tuple[int, list[str]] | Unreadable:
    """One line on its own, with its quotation marks taken as they come; the row's length tells whether that was right."""
    try:
        return number, next(csv.reader(io.StringIO(line), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return Unreadable(number, why)
