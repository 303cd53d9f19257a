"""Plain values as bytes that are read only when somebody asks: what few builds ask of few editions lies in a file a year.

A week's build reads and writes one such file, not what is known of all editions.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

PLAIN = 2  # this format of marshal tells values alone; the later ones also, which of them are one object
SUFFIX = ".year"


def packed(value: Any) -> bytes:
    """Equal values give equal bytes."""
    return marshal.dumps(value, PLAIN)


class Year:
    """A file of so many packed values, each with its name."""

    def __init__(self, file: Path, count: int) -> None:
        self.file, self.count = file, count

    @cached_property
    def values(self) -> dict[str, bytes]:
        return marshal.loads(self.file.read_bytes())  # type: ignore[no-any-return]


class Later:
    """Packed values that lie in a year's file. To another process they go as bytes."""

    __slots__ = ("name", "year")

    def __init__(self, year: Year, name: str) -> None:
        self.year, self.name = year, name

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        return bytes, (raw(self),)


Packed = bytes | Later


def raw(told: Packed) -> bytes:
    return told.year.values[told.name] if isinstance(told, Later) else told


def unpacked(told: Packed) -> Any:
    return marshal.loads(raw(told))


def write_year(folder: Path, year: str, values: Mapping[str, Packed]) -> str:
    """The name of the file that holds them: the one that they come from, if nothing else is in it."""
    files = {told.year if isinstance(told, Later) else None for told in values.values()}
    only = files.pop() if len(files) == 1 else None
    if only and only.count == len(values):
        return only.file.name
    content = packed({name: raw(values[name]) for name in sorted(values)})
    name = f"{year}-{blake2b(content, digest_size=6).hexdigest()}{SUFFIX}"
    (folder / name).write_bytes(content)
    return name
