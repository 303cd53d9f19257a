"""The content folder as it stands: each edition's folder with a signature that is cheap to take, and what it was read as."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from builder.addresses import of_one
from builder.archive.later import Packed, packed, unpacked
from builder.content import folder_day, read_edition, spare_drafts
from builder.items import last_moment
from builder.model import Edition, Finding, House, Item
from builder.walk import Walk, files, hashed

SOON_DAYS = 14
"""From so many days before its last one, something is told to be closing soon."""


def key_of(bulletin: str, day: date | str) -> str:
    return f"{bulletin}/{day}"


class Folder(Struct, frozen=True):
    """An edition's folder. `signature` is empty when it tells nothing: the files are too new."""

    key: str
    path: str
    signature: bytes


class Outline(NamedTuple):
    """What else is known of an edition: where it may stand in the way of others."""

    slugs: tuple[str, ...]
    quotes: tuple[tuple[str, str], ...]
    """(slug of an excerpt, the item whose words it carries)."""
    findings: tuple[tuple[str, int, str, str, str], ...]
    places: tuple[tuple[str, str, int, tuple[str, ...]], ...]
    """What has an address, or will have one when its day comes."""

    def told(self) -> Iterator[Finding]:
        return (Finding(*finding) for finding in self.findings)  # type: ignore[arg-type]


class Record(NamedTuple):
    """What other pages, and the next build, need to know of an edition without reading it again."""

    hash: bytes
    number: int | None
    also: tuple[tuple[str, str], ...]
    """(slug, the edition in which the item runs too)."""
    moments: tuple[float, ...]
    """When something in it becomes visible, runs out or is over; in order."""
    former: tuple[tuple[str, str], ...]
    """(an address that something in it had once, its address)."""
    packed: Packed
    """Its outline, which few builds ask for."""

    @property
    def outline(self) -> Outline:
        return Outline(*unpacked(self.packed))


def look(root: Path, house: House, seen: Walk) -> tuple[dict[str, Folder], bytes]:
    """Every edition's folder by its key, `weekly/2025-01-14`, in order of bulletin and date; and a signature of all else."""
    found: dict[str, Folder] = {}
    others = [seen.others]
    for key, signature in seen.folders.items():
        if _is_edition(key, house):
            found[key] = Folder(key, f"{root}/content/{key}", signature)
        else:
            others.append(signature)
    return found, hashed(map(bytes.hex, others)) if all(others) else os.urandom(16)  # too new: it is like no other


def _is_edition(key: str, house: House) -> bool:
    bulletin, _, day = key.partition("/")
    with suppress(ValueError):
        folder_day(day)
        return bulletin in house.bulletins
    return False


def hash_of(path: str, raw: dict[str, bytes] | None = None) -> bytes:
    """The names and bytes of all files under a folder: after a fresh checkout times differ, and nothing else.

    `raw`: takes what is in those that have words, so that they need not be read again.
    """
    digest = blake2b(digest_size=16)
    for name, file in sorted(files(path)):
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123
            content = opened.read()
        digest.update(f"{len(name)}\0{len(content)}\0".encode())
        digest.update(name.encode("utf-8", "surrogateescape"))
        digest.update(content)
        if raw is not None and name.endswith(".md"):
            raw[file] = content
    return digest.digest()


def read_record(root: Path, house: House, folder: Folder) -> tuple[Record, Edition]:
    raw: dict[str, bytes] = {}
    hashed = hash_of(folder.path, raw)
    bulletin, day = folder.key.split("/")
    edition, findings = read_edition(
        root, house, house.bulletins[bulletin], date.fromisoformat(day), Path(folder.path), raw
    )
    told = sorted(set(spare_drafts(findings, [edition])))
    moments = {moment for item in edition.items for moment in moments_of(item, house)}
    outline = Outline(
        slugs=tuple(item.slug for item in edition.items),
        quotes=tuple((i.slug, quoted) for i in edition.items if (quoted := getattr(i.details, "excerpt_of", ""))),
        findings=tuple((f.file, f.line, f.code, f.severity, f.message) for f in told),
        places=tuple(tuple(place) for place in of_one(edition, house)),  # type: ignore[misc]
    )
    record = Record(
        hash=hashed,
        number=edition.number,
        also=tuple((item.slug, key_of(*place)) for item in edition.items for place in dict.fromkeys(item.also)),
        moments=tuple(sorted(moments)),
        former=tuple((old, place[0]) for place in outline.places for old in place[3]),
        packed=packed(tuple(outline)),
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
