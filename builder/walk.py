"""The content folder as it stands, by names, times and sizes. Ten years take as long to walk as the program to load,
so a command may begin the walk before it loads anything else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from time import time_ns
from typing import Any, NamedTuple

from builder.aside import Aside

RACY_NS = 100_000_000  # a file written so shortly before it is looked at may change again within the same clock tick
DAY = len("2025-01-14")


class Walk(NamedTuple):
    """What a content folder holds. A signature is empty when it tells nothing: a file is too new."""

    folders: dict[str, bytes]
    """A signature of each folder that may be an edition's, by its path in content: `weekly/2025-01-14`."""
    others: bytes
    """A signature of all else."""


def walk(content: str) -> Walk:
    racy = time_ns() - RACY_NS
    folders: dict[str, bytes] = {}
    others: list[str] = []
    newest = 0
    for entry in _entries(content):
        for inner in _entries(entry.path) if entry.is_dir() else [entry]:
            if inner is not entry and _may_be_day(inner):
                folders[f"{entry.name}/{inner.name}"] = _signature(inner.path, racy)
            else:
                newest = max(newest, _look([inner], f"{entry.name}/", others))
    return Walk(folders, hashed(others) if newest < racy else b"")


class Walking(Aside[Any]):
    """A walk that begins at once, in another process."""

    def __init__(self, content: str) -> None:
        super().__init__(lambda: tuple(walk(content)))

    def seen(self) -> Walk:
        return Walk(*self())


def hashed(told: Iterable[str]) -> bytes:
    """The same for the same words, in any order."""
    return blake2b("\0".join(sorted(told)).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _entries(path: str) -> list[os.DirEntry[str]]:
    """By name. What is hidden is nothing of ours."""
    try:
        with os.scandir(path) as entries:
            return sorted((entry for entry in entries if entry.name[0] != "."), key=lambda entry: entry.name)
    except OSError:
        return []


def _may_be_day(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return len(name) == DAY and name[4] == name[7] == "-" and name.replace("-", "").isdecimal() and entry.is_dir()


def _signature(path: str, racy: int) -> bytes:
    told: list[str] = []
    with os.scandir(path) as entries:
        newest = _look(entries, "", told)
    return hashed(told) if newest < racy else b""


def _look(entries: Iterable[os.DirEntry[str]], above: str, told: list[str]) -> int:
    """Names, times and sizes of all files go into `told`; the newest time comes back."""
    newest = 0
    for entry in entries:
        name = entry.name
        if name[0] == ".":
            continue
        if entry.is_dir():
            with os.scandir(entry.path) as inner:
                newest = max(newest, _look(inner, f"{above}{name}/", told))
            continue
        stat = entry.stat()
        changed = stat.st_mtime_ns
        told.append(f"{above}{name}\n{changed}\n{stat.st_size}")
        if changed > newest:
            newest = changed
    return newest


def files(path: str, above: str = "") -> Iterator[tuple[str, str]]:
    """(name, path) of every file under a folder, in no order."""
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name[0] == ".":
                continue
            if entry.is_dir():
                yield from files(entry.path, f"{above}{entry.name}/")
            else:
                yield above + entry.name, entry.path
