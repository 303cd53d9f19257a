"""content/permalinks.txt: every address that was ever published, and what became of it. Lines are only ever added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from builder.model import Bulletin, Content, Document, Edition, Finding, House, Item, Register

FILE = "content/permalinks.txt"
HEAD = """\
# Every address that was ever published, with the day. The program adds lines; none is ever taken out.
# Where something moved:    2025-01-14 items/old-name/ -> items/new-name/
# What was taken down:      2025-01-14 items/some-name/ gone
"""
_LINE = re.compile(r"(\d{4}-\d\d-\d\d)[ \t]+(\S+)(?:[ \t]+(?:(gone)|->[ \t]*(\S+)))?")
_SAFE = re.compile(r"[A-Za-z0-9._~%-]+(?:/[A-Za-z0-9._~%-]+)*/?")
LONGEST = 300
SEND_GOOD_NEWS = "send-good-news"
"""Where the running site has its form for schools: no file and no folder of the archive has that name."""


def read_register(text: str) -> tuple[Register, tuple[Finding, ...]]:
    """The last line about an address counts: what is published again is no longer gone."""
    first: dict[str, date] = {}
    moved: dict[str, str] = {}
    gone: set[str] = set()
    lines: dict[str, int] = {}
    findings = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            day, address, is_gone, to = _one_line(line.strip())
        except ValueError as error:
            findings.append(Finding(FILE, number, "bad-permalink", "block", str(error)))
            continue
        first.setdefault(address, day)
        lines.setdefault(address, number)
        gone.discard(address)
        moved.pop(address, None)
        if is_gone:
            gone.add(address)
        elif to is not None:
            moved[address] = to
    return Register(first, moved, frozenset(gone), lines), tuple(findings)


def _one_line(line: str) -> tuple[date, str, bool, str | None]:
    match = _LINE.fullmatch(line)
    if not match:
        raise ValueError(f'"{line[:80]}" is not a line of the register. Write it like 2025-01-14 items/summit/')
    to = as_address(match[4]) if match[4] else None
    return date.fromisoformat(match[1]), as_address(match[2]), bool(match[3]), to


def as_address(text: str) -> str:
    """`/items/summit` → `items/summit/`. Raises ValueError for what is no path within the site."""
    path = text.strip().removeprefix("/")
    if path and (not _SAFE.fullmatch(path) or {"..", "."} & set(path.split("/")) or len(path) > LONGEST):
        raise ValueError(f'"{text[:80]}" is not an address within the site, like /items/summit/.')
    last = path.rpartition("/")[2]
    return f"{path}/" if last and "." not in last else path


# --- what is there ---------------------------------------------------------------------------------------------------


def of_item(house: House, bulletin: str, slug: str) -> str:
    return f"{house.bulletins[bulletin].path}items/{slug}/"


def of_edition(bulletin: Bulletin, day: date | str) -> str:
    return f"{bulletin.path}editions/{day}/"


def of_document(document: Document) -> str:
    folder = "documents/" if document.source.file.startswith("content/documents/") else ""
    return f"{folder}{document.slug}/"


class Place(NamedTuple):
    """Something with a page of its own: where it is, where it was, and the file it is written in."""

    address: str
    file: str
    line: int
    formerly: tuple[str, ...]


def places(content: Content, house: House) -> Iterator[Place]:
    """All that has a page, or will have one when its day comes; drafts and what is for subscribers only have none."""
    for edition in content.editions:
        yield from of_one(edition, house)
    yield from of_documents((*content.documents, *content.pages))


def of_one(edition: Edition, house: House) -> Iterator[Place]:
    """An edition's own page, and those of its items."""
    yield _edition(edition, house.bulletins[edition.bulletin])
    for item in edition.items:
        if item.key.bulletin == edition.bulletin and not item.draft and not item.subscribers_only:
            yield _item(item, house)


def of_documents(documents: Iterable[Document]) -> Iterator[Place]:
    for document in documents:
        there = of_document(document)
        folder = there.removesuffix(f"{document.slug}/")
        yield Place(there, document.source.file, _line(document), _former(document.formerly, folder))


def _item(item: Item, house: House) -> Place:
    there = of_item(house, item.key.bulletin, item.slug)
    return Place(there, item.source.file, _line(item), _former(item.formerly, there.removesuffix(f"{item.slug}/")))


def _edition(edition: Edition, bulletin: Bulletin) -> Place:
    there = of_edition(bulletin, edition.day)
    former = _former(edition.formerly, f"{bulletin.path}editions/")
    return Place(there, edition.source.file, _line(edition), former)


def _line(written: Item | Edition | Document) -> int:
    return written.source.line("formerly")


def _former(names: Iterable[str], folder: str) -> tuple[str, ...]:
    """A bare name was in the same folder of the site; a path begins at its top."""
    found = []
    for name in names:
        try:
            found.append(as_address(name if "/" in name or "." in name else f"{folder}{name}/"))
        except ValueError:
            continue  # `faults` tells
    return tuple(found)


def parents(address: str) -> Iterator[str]:
    """The folders above an address, the nearest first, without the top."""
    parts = address.rstrip("/").split("/")[:-1]
    for depth in range(len(parts), 0, -1):
        yield "/".join(parts[:depth]) + "/"


# --- keeping it ------------------------------------------------------------------------------------------------------

INDEX = "index.html"
_FEEDS = (".xml", ".rss", ".json", ".ics")
_NOT_KEPT = re.compile(r"(?:.*/)?(?:sitemap[^/]*\.xml|404\.html)|(?:images|cards|search|sitemaps)/.*|_.*")


def worth_keeping(paths: Iterable[str]) -> list[str]:
    """The addresses among a site's files that somebody may keep: pages, feeds and calendars."""
    found = []
    for path in paths:
        if path.rpartition("/")[2] == INDEX:
            found.append(path.removesuffix(INDEX))
        elif path.endswith(_FEEDS) and not _NOT_KEPT.fullmatch(path):
            found.append(path)
    return sorted(address for address in found if not _NOT_KEPT.fullmatch(address))


def new_lines(register: Register, addresses: Iterable[str], today: date) -> str:
    """What is to be added to the register; empty when it holds them all."""
    fresh = sorted(set(addresses) - register.first.keys() - {""})
    return "".join(f"{today} {address}\n" for address in fresh)
