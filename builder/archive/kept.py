"""What one build leaves for the next: which editions there were, what came of each, and what the site holds.

All of it can be thrown away: it costs only time. It stands in var/, never in the site.
"""

from __future__ import annotations

import marshal
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import asdict

from builder.archive.later import SUFFIX, Later, Packed, Year, packed, unpacked, write_year
from builder.archive.rows import CardRow, FeedEntry, Row
from builder.archive.shelves import Record
from builder.publish import drop_spare

FORMAT = 9
FOLDER = "archive"
CARDS = "cards/"
STATE, PENDING = "state", "state.new"
PACK = ".pack"
Packs = dict[str, tuple[str, tuple[tuple[str, int], ...]]]
"""Each file of the search index: its name, and the first word and the size of each of its buckets."""
PARTS = 5  # of a unit's file
LENGTH = 8  # bytes that tell how long each is


class Made(NamedTuple):
    """What came of one edition. What a small build asks of few editions is packed."""

    core: bytes
    """A hash of everything that it was made from but its neighbours, and the name of its file."""
    inputs: bytes
    """With its neighbours, which its page has links to."""
    asked: tuple[str, ...]
    """The other editions on which it depends."""
    rows: bytes
    """A hash of what lists tell of it."""
    total: int
    """How many files it has in the site."""
    card: str
    """The path of the card drawn for it; empty when it has none of its own."""
    pictures: dict[str, str]
    last: float
    """When the last thing in it is over."""
    entries: bytes
    """A hash of what feeds tell of it."""
    words: bytes
    """A hash of its part of the search index."""
    items: int
    """How many items are at home in it."""
    schools: dict[str, tuple[int, bytes]]
    """How many stories each school has in it, and a hash of them."""
    held: Packed
    """Its files."""

    @property
    def files(self) -> dict[str, bytes]:
        return unpacked(self.held)  # type: ignore[no-any-return]


class Sheet(NamedTuple):
    """What came of a page, or a set of pages, that tells of several editions."""

    inputs: bytes
    asked: tuple[str, ...]
    files: dict[str, bytes]
    pictures: dict[str, str]


class State(Struct):
    """`files` of every unit and sheet together are the site: path → hash of the bytes."""

    world: bytes = b""
    """A hash of what everything depends on: settings, templates, the code."""
    code: tuple[bytes, bytes] = (b"", b"")
    """A stamp of the files of the program and its templates, and a hash of what is in them."""
    site: tuple[int, int] = (0, 0)
    """Which folder on which disk the built site is."""
    spare: tuple[int, int] = (0, 0)
    behind: tuple[str, ...] = ()
    """The paths in which the spare tree differs from the site."""
    other: bytes = b""
    day: tuple[Any, ...] = ()
    out: tuple[str, ...] = ()
    """The editions that had gone out."""
    signatures: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    statuses: dict[str, Any] = field(default_factory=dict)
    units: dict[str, Made] = field(default_factory=dict)
    sheets: dict[str, Sheet] = field(default_factory=dict)
    tiers: Packs = field(default_factory=dict)
    years: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Of each year: the file of what is packed, and how many values are in it."""

    @property
    def known(self) -> bool:
        """Whether an earlier build is known at all."""
        return bool(self.units or self.sheets)

    @property
    def count(self) -> int:
        """How many files the site has."""
        return sum(made.total for made in self.units.values()) + sum(len(s.files) for s in self.sheets.values())

    def files(self, *, but: State | None = None) -> dict[str, bytes]:
        """`but`: without what came unchanged from that state, or into it."""
        units, sheets = (but.units, but.sheets) if but else ({}, {})
        found: dict[str, bytes] = {}
        for key, made in self.units.items():
            if units.get(key) is not made:
                found.update(made.files)
        for name, sheet in self.sheets.items():
            if sheets.get(name) is not sheet:
                found.update(sheet.files)
        return found

    def pictures(self) -> dict[str, str]:
        """Every picture of the site: its name → the file that has its bytes."""
        found: dict[str, str] = {}
        for made in self.units.values():
            found.update(made.pictures)
        for sheet in self.sheets.values():
            found.update(sheet.pictures)
        return found


def identity(folder: Path) -> tuple[int, int]:
    """(0, 0) when it is not there."""
    try:
        stat = folder.stat()
    except OSError:
        return 0, 0
    return stat.st_dev, stat.st_ino


def load(kept: Path, site: Path) -> State:
    """Of the site as it stands; an empty one when that is not known."""
    folder, here = kept / FOLDER, identity(site)
    for name in (PENDING, STATE):  # a build that was killed after its swap has left the first
        with suppress(OSError, ValueError, EOFError, TypeError, KeyError):
            found = _read(folder, (folder / name).read_bytes())
            if found and found.site == here and here != (0, 0):
                return found
    return State()


def _read(folder: Path, told: bytes) -> State | None:
    kind, values = marshal.loads(told)
    if kind != FORMAT:
        return None
    years = {year: Year(folder / name, count) for year, (name, count) in values["years"].items()}
    if not all(year.file.is_file() for year in years.values()):
        return None

    def later(key: str, what: str) -> Later:
        return Later(years[_year(key)], f"{key} {what}")

    values["records"] = {key: Record._make((*parts, later(key, "outline"))) for key, parts in values["records"].items()}
    values["units"] = {key: Made._make((*parts, later(key, "files"))) for key, parts in values["units"].items()}
    values["sheets"] = {name: Sheet(*parts) for name, parts in values["sheets"].items()}
    return State(**values)


def shelve(state: State, kept: Path) -> None:
    """What is packed goes into the files of its years: those of years in which nothing has changed stay."""
    folder = kept / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    of_year: dict[str, dict[str, Packed]] = {}
    for key, record in state.records.items():
        of_year.setdefault(_year(key), {})[f"{key} outline"] = record.packed
    for key, made in state.units.items():
        of_year[_year(key)][f"{key} files"] = made.held
    state.years = {year: (write_year(folder, year, values), len(values)) for year, values in of_year.items()}


def _year(key: str) -> str:
    return key.partition("/")[2][:4]


def prepare(state: State, kept: Path) -> None:
    """Written before the swap; it counts only when the site is the one that it names."""
    values = asdict(state)
    values["records"] = {key: record[:-1] for key, record in state.records.items()}
    values["units"] = {key: made[:-1] for key, made in state.units.items()}
    values["sheets"] = {name: tuple(sheet) for name, sheet in state.sheets.items()}
    (kept / FOLDER / PENDING).write_bytes(marshal.dumps((FORMAT, values)))


def settle(before: State, state: State, kept: Path) -> None:
    """After the swap. The files of what is gone or was made anew go; what a killed build left, too, when all is made anew."""
    folder = kept / FOLDER
    (folder / STATE).unlink(missing_ok=True)  # the other one counts first; replacing a file takes far longer
    (folder / PENDING).rename(folder / STATE)
    wanted = set(_files(state))
    for name in _files(before) if before.known else [file.name for file in folder.iterdir()]:
        if name not in wanted and name.endswith((".unit", PACK, SUFFIX, ".partial")):
            (folder / name).unlink(missing_ok=True)
    cards = {path for name, sheet in state.sheets.items() if name.startswith("card ") for path in sheet.files}
    with suppress(FileNotFoundError), os.scandir(kept / CARDS) as drawn:
        for entry in drawn:
            if f"{CARDS}{entry.name}" not in cards:
                Path(entry.path).unlink(missing_ok=True)


def _files(state: State) -> Iterator[str]:
    yield from (unit_name(key, made.core) for key, made in state.units.items())
    yield from (f"{stem}{PACK}" for stem, _ in state.tiers.values())
    yield from (name for name, _ in state.years.values())


def forget(kept: Path, site: Path) -> None:
    """Nothing of what an earlier build left stays: neither what it kept nor its tree beside the site."""
    shutil.rmtree(kept / FOLDER, ignore_errors=True)
    drop_spare(site)


# --- a unit's file: its card and rows first, then what only feeds and search ask ----------------------------------------


def unit_name(key: str, core: bytes) -> str:
    return f"{key.replace('/', '-')}-{core.hex()[:12]}.unit"


def write_unit(
    kept: Path,
    name: str,
    card: CardRow,
    rows: Iterable[Row],
    entries: Iterable[FeedEntry],
    words: Mapping[str, bytes],
    bodies: Mapping[bytes, str],
    drawn: Mapping[str, tuple[str, str]],
) -> list[bytes]:
    """A hash of the rows, of the entries and of the words: equal values in the same order give equal ones."""
    told = (tuple(card), [tuple(row) for row in rows])
    parts: tuple[Any, ...] = (told, [tuple(entry) for entry in entries], words, bodies, drawn)
    raw = [packed(part) for part in parts]
    file = kept / FOLDER / name
    partial = file.with_suffix(".partial")
    partial.write_bytes(b"".join([*(len(part).to_bytes(LENGTH, "big") for part in raw), *raw]))
    partial.replace(file)
    return [blake2b(part, digest_size=16).digest() for part in raw[:3]]


def _part(kept: Path, name: str, number: int) -> Any:
    with (kept / FOLDER / name).open("rb") as file:
        head = file.read(PARTS * LENGTH)
        lengths = [int.from_bytes(head[at : at + LENGTH], "big") for at in range(0, PARTS * LENGTH, LENGTH)]
        file.seek(sum(lengths[:number]), os.SEEK_CUR)
        return marshal.loads(file.read(lengths[number]))


def read_rows(kept: Path, name: str) -> tuple[CardRow, tuple[Row, ...]]:
    card, rows = _part(kept, name, 0)
    return CardRow(*card), tuple(Row(*row) for row in rows)


def read_entries(kept: Path, name: str) -> tuple[FeedEntry, ...]:
    return tuple(FeedEntry(*entry) for entry in _part(kept, name, 1))


def read_words(kept: Path, name: str) -> Any:
    return _part(kept, name, 2)


def read_bodies(kept: Path, name: str) -> dict[bytes, str]:
    """Empty when the file is not there any more."""
    with suppress(OSError, ValueError, EOFError):
        return _part(kept, name, 3)  # type: ignore[no-any-return]
    return {}


def read_drawn(kept: Path, name: str) -> dict[str, tuple[str, str]]:
    """Its rows, as lists show them: with their labels, and without."""
    return _part(kept, name, 4)  # type: ignore[no-any-return]


def there(kept: Path, units: Mapping[str, Made]) -> Iterator[str]:
    """The keys whose files are where they should be."""
    try:
        names = {entry.name for entry in os.scandir(kept / FOLDER)}
    except OSError:
        return
    yield from (key for key, made in units.items() if unit_name(key, made.core) in names)
