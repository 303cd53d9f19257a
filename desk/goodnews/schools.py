"""content/schools.csv, the list of schools that staff keep → names to choose from. A school that is not on it can send too."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from goodnews.clean import NAME, line

FILE = "content/schools.csv"
MOST = 5_000
_NAMES, _PLACES, _DOMAINS = ("name", "school", "establishmentname"), ("place", "town"), ("domain", "website")


@dataclass(frozen=True, slots=True)
class School:
    name: str
    place: str = ""
    domain: str = ""
    """What its mail addresses end with; empty when nobody has written it down."""


def read_schools(root: Path) -> tuple[School, ...]:
    """As a spreadsheet saves it: with a heading line, in UTF-8 or Windows-1252, with commas or semicolons. Without a file, none.

    Every page of the form asks; the file is read again when it was changed.
    """
    file = root / FILE
    try:
        stat = file.stat()
        return _read(file, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except OSError:
        return ()


@lru_cache(maxsize=8)
def _read(file: Path, *_stamp: int) -> tuple[School, ...]:
    text = _text(file.read_bytes())
    rows = csv.reader(io.StringIO(text), delimiter=";" if text.count(";") > text.count(",") else ",")
    try:
        return _schools(rows)
    except csv.Error:
        return ()


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _schools(rows: object) -> tuple[School, ...]:
    heading, *lines = [[line(cell, NAME) for cell in row] for row in rows if any(row)] or [[]]  # type: ignore[attr-defined]
    names = [name.casefold().replace(" ", "") for name in heading]
    at, place, domain = (
        next((names.index(n) for n in known if n in names), None) for known in (_NAMES, _PLACES, _DOMAINS)
    )
    if at is None:
        return ()
    found: dict[str, School] = {}
    for row in lines[:MOST]:
        school = School(_cell(row, at), _cell(row, place), _cell(row, domain).lower().removeprefix("@"))
        if school.name:
            found.setdefault(school.name.casefold(), school)
    return tuple(sorted(found.values(), key=lambda school: school.name.casefold()))


def _cell(row: list[str], number: int | None) -> str:
    return row[number] if number is not None and number < len(row) else ""


def known_as(schools: tuple[School, ...], typed: str) -> str:
    """A school's name as the list has it, however it was typed; as typed when it is not on it."""
    key = " ".join(typed.replace("’", "'").casefold().replace(".", "").split())
    for school in schools:
        if " ".join(school.name.replace("’", "'").casefold().replace(".", "").split()) == key:
            return school.name
    return typed


def of_mail(schools: tuple[School, ...], address: str, words: str) -> str:
    """Whose mail it is: by its sender's domain, else by a name in it; empty when neither tells one school only."""
    domain = address.rpartition("@")[2].lower()
    by_domain = {s.name for s in schools if s.domain and (domain == s.domain or domain.endswith(f".{s.domain}"))}
    if len(by_domain) == 1:
        return by_domain.pop()
    told = words.casefold()
    named = [s.name for s in schools if s.name.casefold() in told]
    longest = [name for name in named if not any(name != other and name in other for other in named)]
    return longest[0] if len(longest) == 1 else ""
