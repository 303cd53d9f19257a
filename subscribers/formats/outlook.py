"""Outlook: contacts exported as CSV, and a distribution list saved as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from subscribers.formats.format import Format
from subscribers.formats.lines import open_text
from subscribers.model import Row, Unreadable

CONTACTS = Format(
    name="Outlook contacts",
    needs=frozenset({"e mail address", "e mail display name"}),
    address=("e mail address", "e mail 2 address", "e mail 3 address"),
    names=("first name", "last name"),
)
LIST_NAME = "Outlook distribution list"
_first_words = re.compile(r"\s*(distribution list name|contact group name|members)\s*:", re.IGNORECASE)
_address = re.compile(r"[^\s<>;,\"'()\[\]]+@[^\s<>;,\"'()\[\]]+")


def is_list(path: Path) -> bool:
    """A distribution list names itself in its first lines."""
    with open_text(path) as file:
        return any(_first_words.match(line) for line in file.read(4096).splitlines()[:10])


def list_rows(path: Path) -> Iterator[Row | Unreadable]:
    """Each member: `Name<tab>address`, or `Name <address>; Name <address>` as it is pasted from a To line."""
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if _first_words.match(line):
                continue
            for member in line.split(";"):
                yield from _member(number, member)


def _member(number: int, member: str) -> Iterator[Row | Unreadable]:
    if found := _address.search(member):
        yield Row(number, found[0], member[: found.start()].strip(" \t<\"'(["))
    elif member.strip():
        yield Unreadable(number, f'no address in "{member.strip()[:80]}"')
