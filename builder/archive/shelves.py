"""The content folder as it stands: each edition's folder with a signature that is cheap to take, and what it was read as."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import blake2b
from pathlib import Path
from time import time_ns

from builder.addresses import of_one
from builder.content import folder_day, read_edition, spare_drafts
from builder.items import last_moment
from builder.model import Edition, Finding, House, Item

RACY_NS = 100_000_000  # a file written so shortly before it is looked at may change again within the same clock tick
SOON_DAYS = 14
"""From so many days before its last one, something is told to be closing soon."""


def key_of(bulletin: str, day: date | str) -> str:
    return f"{bulletin}/{day}"


@dataclass(frozen=True, slots=True)
class Folder:
    """An edition's folder. `signature` is empty when it tells nothing: the files are too new."""

    key: str
    path: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """What other pages, and the next build, need to know of an edition without reading it again."""

    hash: bytes
    number: int | None
    slugs: tuple[str, ...]
    also: tuple[tuple[str, str], ...]
    """(slug, the edition in which the item runs too)."""
    quotes: tuple[tuple[str, str], ...]
    """(slug of an excerpt, the item whose words it carries)."""
    moments: tuple[float, ...]
    """When something in it becomes visible, runs out or is over; in order."""
    findings: tuple[tuple[str, int, str, str, str], ...]
    places: tuple[tuple[str, str, int, tuple[str, ...]], ...]
    """What has an address, or will have one when its day comes."""

    def told(self) -> Iterator[Finding]:
        return (Finding(*finding) for finding in self.findings)  # type: ignore[arg-type]


def folders(root: Path, house: House) -> dict[str, Folder]:
    """Every edition's folder by its key, `weekly/2025-01-14`, in order of bulletin and date."""
    found = {}
    racy = time_ns() - RACY_NS
    for bulletin in sorted(house.bulletins):
        for name, path in _days(f"{root}/content/{bulletin}"):
            found[f"{bulletin}/{name}"] = Folder(f"{bulletin}/{name}", path, _signature(path, racy))
    return found


def _days(path: str) -> Iterator[tuple[str, str]]:
    try:
        entries = sorted((entry.name, entry.path) for entry in os.scandir(path) if entry.is_dir())
    except OSError:
        return
    for name, folder in entries:
        try:
            folder_day(name)
        except ValueError:
            continue
        yield name, folder


def others(root: Path, house: House) -> bytes:
    """One signature of all files of content/ that are in no edition's folder."""
    told: list[str] = []
    for folder in (
        sorted(os.scandir(root / "content"), key=lambda entry: entry.name) if (root / "content").is_dir() else ()
    ):
        days = {path for _, path in _days(folder.path)} if folder.name in house.bulletins else set()
        if folder.is_dir() and not folder.name.startswith("."):
            for inner in os.scandir(folder.path):
                if inner.is_dir() and inner.path not in days:
                    _look(inner.path, f"{folder.name}/{inner.name}/", told)
                elif inner.is_file():
                    stat = inner.stat()
                    told.append(f"{folder.name}/{inner.name}\n{stat.st_mtime_ns}\n{stat.st_size}")
    return blake2b("\0".join(sorted(told)).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _signature(path: str, racy: int) -> bytes:
    told: list[str] = []
    newest = _look(path, "", told)
    return (
        blake2b("\0".join(sorted(told)).encode("utf-8", "surrogateescape"), digest_size=16).digest()
        if newest < racy
        else b""
    )


def _look(path: str, above: str, told: list[str]) -> int:
    """Names, times and sizes of all files under a folder go into `told`; the newest time comes back."""
    newest = 0
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name[0] == ".":
                continue
            if entry.is_dir():
                newest = max(newest, _look(entry.path, f"{above}{entry.name}/", told))
                continue
            stat = entry.stat()
            told.append(f"{above}{entry.name}\n{stat.st_mtime_ns}\n{stat.st_size}")
            if stat.st_mtime_ns > newest:
                newest = stat.st_mtime_ns
    return newest


def hash_of(path: str, raw: dict[str, bytes] | None = None) -> bytes:
    """The names and bytes of all files under a folder: after a fresh checkout times differ, and nothing else.

    `raw`: takes what is in those that have words, so that they need not be read again.
    """
    digest = blake2b(digest_size=16)
    for name, file in sorted(_files(path, "")):
        with open(file, "rb") as opened:  # noqa: PTH123
            content = opened.read()
        digest.update(f"{len(name)}\0{len(content)}\0".encode())
        digest.update(name.encode("utf-8", "surrogateescape"))
        digest.update(content)
        if raw is not None and name.endswith(".md"):
            raw[file] = content
    return digest.digest()


def _files(path: str, above: str) -> Iterator[tuple[str, str]]:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name[0] == ".":
                continue
            if entry.is_dir():
                yield from _files(entry.path, f"{above}{entry.name}/")
            else:
                yield above + entry.name, entry.path


def read_record(root: Path, house: House, folder: Folder) -> tuple[Record, Edition]:
    raw: dict[str, bytes] = {}
    hashed = hash_of(folder.path, raw)
    bulletin, day = folder.key.split("/")
    edition, findings = read_edition(
        root, house, house.bulletins[bulletin], date.fromisoformat(day), Path(folder.path), raw
    )
    told = sorted(set(spare_drafts(findings, [edition])))
    moments = {moment for item in edition.items for moment in moments_of(item, house)}
    record = Record(
        hash=hashed,
        number=edition.number,
        slugs=tuple(item.slug for item in edition.items),
        also=tuple((item.slug, key_of(*place)) for item in edition.items for place in dict.fromkeys(item.also)),
        quotes=tuple((i.slug, quoted) for i in edition.items if (quoted := getattr(i.details, "excerpt_of", ""))),
        moments=tuple(sorted(moments)),
        places=tuple(tuple(place) for place in of_one(edition, house)),  # type: ignore[misc]
        findings=tuple((f.file, f.line, f.code, f.severity, f.message) for f in told),
    )
    return record, edition


def moments_of(item: Item, house: House) -> Iterator[float]:
    """When the item becomes visible, and when it or what it tells of is over, or nearly."""
    for moment in (item.release, item.expires):
        if moment:
            yield moment.timestamp()
    for day, _ in item.corrected:
        yield datetime.combine(day, time(0), house.calendar.zone).timestamp()
    last = last_moment(item.details)
    if last:
        end = last.end(house.calendar.zone).timestamp()
        yield end
        yield end - SOON_DAYS * 86_400
