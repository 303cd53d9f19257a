"""What everyone may see at a moment. It is decided here and nowhere else; no other module of the archive reads content.

Editions are read only when something asks for them, and it is noted who asked for which: that is what a page depends on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from builder.archive.shelves import Folder, Record, key_of
from builder.content import as_guest, read_edition
from builder.headers import Notes
from builder.items import read_key, with_original
from builder.model import Bulletin, Document, Edition, House, Item, ItemKey
from builder.select import in_letters, in_order_of

T = TypeVar("T")
K = TypeVar("K")
ANY = "*"
"""Stands among the editions that were asked for when an answer depends on all of them."""
OTHER = "other"
"""Stands there when an answer depends on a file that is in no edition's folder."""
_IN_EDITION = re.compile(r"content/([^/]+/\d{4}-\d\d-\d\d)/")


class Sent(Struct, frozen=True):
    """An edition that has gone out, with those of its items that everyone may read, in order."""

    edition: Edition
    bulletin: Bulletin
    at: datetime
    items: tuple[Item, ...]

    @property
    def path(self) -> str:
        return edition_path(self.bulletin, self.edition.day)


class Place(Struct, frozen=True, order=True):
    """An edition among those that have gone out, newest first. It is not read yet."""

    order: tuple[float, str]
    key: str

    @property
    def bulletin(self) -> str:
        return self.key.partition("/")[0]

    @property
    def day(self) -> date:
        return date.fromisoformat(self.key.partition("/")[2])

    @property
    def year(self) -> str:
        return self.key.partition("/")[2][:4]


def edition_of_file(file: str) -> str:
    """`content/weekly/2025-01-14/images/a.png` → `weekly/2025-01-14`; empty for other files."""
    match = _IN_EDITION.match(file)
    return match[1] if match else ""


def edition_path(bulletin: Bulletin, day: date | str) -> str:
    return f"{bulletin.path}editions/{day}/"


class Public(Struct, dict=True):
    """`now` is on the publisher's clock. `records`: of every edition in `folders`."""

    root: Path
    house: House
    now: datetime
    folders: Mapping[str, Folder]
    records: Mapping[str, Record]
    documents: tuple[Document, ...] = ()
    pages: tuple[Document, ...] = ()
    asked: set[str] = field(default_factory=set)
    """The keys of the editions that were asked for since it was last emptied, those that are not there too."""
    _read: dict[str, Edition] = field(default_factory=dict)
    _kept: dict[tuple[str, str], tuple[Any, frozenset[str]]] = field(default_factory=dict)

    # --- which editions there are: answered without reading any ---

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The editions that have gone out, newest first."""
        out = ((self.sends(key).timestamp(), key) for key in self.folders)
        return tuple(
            sorted(Place((-at, key), key) for key, at in ((k, a) for a, k in out) if at <= self.now.timestamp())
        )

    @cached_property
    def out(self) -> frozenset[str]:
        return frozenset(place.key for place in self.places)

    def places_of(self, *bulletins: str) -> tuple[Place, ...]:
        return tuple(place for place in self.places if place.bulletin in bulletins)

    @cached_property
    def guests(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Edition → the items of other editions that run in it too: (their edition, slug)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for key, record in self.records.items():
            for slug, target in record.also:
                if target != key:
                    found.setdefault(target, []).append((key, slug))
        return {target: tuple(guests) for target, guests in found.items()}

    @cached_property
    def numbers(self) -> dict[str, int | None]:
        """Numbers that editions do not give themselves go on from the one before, and from the bulletins succeeded."""
        last: dict[str, int] = {}
        found: dict[str, int | None] = {}
        for key in sorted(self.records, key=lambda key: (key.partition("/")[2], key)):
            bulletin = self.house.bulletins[key.partition("/")[0]]
            if not bulletin.numbered:
                found[key] = None
                continue
            given = self.records[key].number
            before = max((last[b] for b in (bulletin.id, *bulletin.succeeds) if b in last), default=0)
            number = found[key] = given if given is not None else before + 1
            last[bulletin.id] = max(number, last.get(bulletin.id, 0))
        return found

    def status(self, key: str) -> tuple[object, ...] | None:
        """Changes whenever anything that is told of an edition may change. None: it is not there."""
        record = self.records.get(key)
        if record is None:
            return None
        passed = bisect_right(record.moments, self.now.timestamp())
        return record.hash, passed, key in self.out, self.numbers[key], self.guests.get(key, ())

    def sends(self, key: str) -> datetime:
        bulletin, _, day = key.partition("/")
        return self.house.sends(bulletin, date.fromisoformat(day))

    # --- editions, read when they are asked for ---

    def edition(self, key: str) -> Edition | None:
        """As it is written, without what other editions add."""
        self.asked.add(key)
        if key not in self.folders:
            return None
        if key not in self._read:
            bulletin, day = key.split("/")
            home = self.house.bulletins[bulletin]
            found, _ = read_edition(self.root, self.house, home, date.fromisoformat(day), Path(self.folders[key].path))
            self._read[key] = found
        return self._read[key]

    def forget(self, keys: Iterable[str]) -> None:
        """They are not needed any more; memory is. What was worked out from several of them goes too."""
        for key in keys:
            self._read.pop(key, None)
        self._kept.clear()

    def whole(self, key: str) -> Edition | None:
        """With its number, its guests, and its excerpts joined to what they quote: everything that may be in it."""
        return self._once("whole", key, self._whole)

    def sent(self, key: str) -> Sent | None:
        """An edition that has gone out; None when it has not, or is not there."""
        return self._once("sent", key, self._sent)

    def of(self, place: Place) -> Sent:
        found = self.sent(place.key)
        assert found is not None
        return found

    def newest(self, bulletin: Bulletin) -> Sent | None:
        places = self.places_of(bulletin.id)
        return self.of(places[0]) if places else None

    def _once(self, what: str, key: str, make: Callable[[str], T]) -> T:
        def found() -> T:
            self.asked.add(key)
            return make(key)

        return self.noted(self._kept, (what, key), found)

    def noted(self, memory: dict[K, tuple[Any, frozenset[str]]], name: K, make: Callable[[], T]) -> T:
        """Made once; who asks for it again depends on the same editions."""
        if name not in memory:
            before, self.asked = self.asked, set()
            try:
                made = make()
                memory[name] = made, frozenset(self.asked)
            finally:
                self.asked = before
        value, needed = memory[name]
        self.asked |= needed
        return value  # type: ignore[no-any-return]

    def _whole(self, key: str) -> Edition | None:
        edition = self.edition(key)
        if edition is None:
            return None
        own = [self._joined(item) for item in edition.items]
        bulletin = self.house.bulletins[edition.bulletin]
        guests = (self._joined(as_guest(item, bulletin)) for item in self._guests(key))
        return replace(edition, items=(*own, *guests), number=self.numbers[key])

    def _guests(self, key: str) -> Iterator[Item]:
        for source, slug in self.guests.get(key, ()):
            edition = self.edition(source)
            yield from (item for item in (edition.items if edition else ()) if item.slug == slug)

    def _joined(self, item: Item) -> Item:
        quoted = getattr(item.details, "excerpt_of", "")
        original = self._written(quoted) if quoted else None
        return with_original(item, {original.key: original} if original else {}, Notes(item.source.file))

    def _written(self, name: str) -> Item | None:
        """`send/2024-12-09/strategy` → the item as it is written."""
        try:
            key = read_key(name)
        except ValueError:
            return None
        edition = self.edition(key_of(key.bulletin, key.day))
        return next((item for item in edition.items if item.slug == key.slug), None) if edition else None

    # --- what everyone may see ---

    def _candidates(self, key: str) -> Sent | None:
        """Its excerpts are not yet asked whether what they quote is shown."""
        if key not in self.out:
            return None
        edition = self.whole(key)
        if edition is None:
            return None
        at, bulletin = self.sends(key), self.house.bulletins[edition.bulletin]
        chosen = in_letters(edition, now=self.now, sends=at)
        seen = (item for item in chosen if not item.subscribers_only and item.released_by(self.now))
        return Sent(edition, bulletin, at, in_order_of(bulletin, seen))

    def _sent(self, key: str) -> Sent | None:
        """An excerpt tells its original's words, so it shows when its original does."""
        found = self._candidates(key)
        if found is None:
            return None
        return replace(found, items=tuple(i for i in found.items if i.original is None or self._shown(i.original)))

    def _shown(self, item: Item) -> bool:
        for key in self._carriers(item):
            found = self._once("candidates", key, self._candidates)
            if found and any(one.key == item.key for one in found.items):
                return True
        return False

    def _carriers(self, item: Item) -> tuple[str, ...]:
        """The editions that may carry it, its own first, then the oldest."""
        own = key_of(item.key.bulletin, item.key.day)
        others = {key_of(*place) for place in item.also} - {own}
        there = sorted((key for key in others if key in self.out), key=lambda key: (self.sends(key).timestamp(), key))
        self.asked |= others
        return (own, *there)

    def homes(self, item: Item) -> tuple[Sent, ...]:
        """The editions that carry an item for everyone, its own first, then the oldest."""
        found = (self.sent(key) for key in self._carriers(item))
        return tuple(sent for sent in found if sent and any(one.key == item.key for one in sent.items))

    def published(self, item: Item, homes: tuple[Sent, ...] = ()) -> datetime:
        """When everyone could first read it, in UTC. `homes`: the item's, when they are known already."""
        first = min(sent.at.astimezone(UTC) for sent in homes or self.homes(item))
        held = [i.release.astimezone(UTC) for i in (item, item.original) if i and i.release]
        return max([first, *held])

    def get(self, key: ItemKey) -> Item | None:
        """A public item, as it stands in its own edition when that has gone out."""
        edition = self.edition(key_of(key.bulletin, key.day))
        written = next((item for item in edition.items if item.slug == key.slug), None) if edition else None
        homes = self.homes(written) if written else ()
        return next((item for item in homes[0].items if item.key == key), None) if homes else None

    @cached_property
    def _by_slug(self) -> dict[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for key, record in self.records.items():
            bulletin = key.partition("/")[0]
            for slug in record.outline.slugs:
                found.setdefault((bulletin, slug), key)
        return found

    def find(self, bulletin: str, slug: str) -> Item | None:
        """A public item by the address that only one item of a bulletin can have."""
        key = self._by_slug.get((bulletin, slug))
        if key is None:
            self.asked.add(ANY)
            return None
        return self.get(ItemKey(bulletin, date.fromisoformat(key.partition("/")[2]), slug))

    def is_page(self, path: str, what: str, name: str) -> bool:
        """Whether an address is there for everyone: (a bulletin's path, "items" or "editions", slug or date)."""
        bulletin = next((b.id for b in self.house.bulletins.values() if b.path == path), None)
        if bulletin is None:
            return False
        if what == "items":
            return self.find(bulletin, name) is not None
        if name.isdecimal() and len(name) == len("2025"):
            return True  # a year's list
        key = key_of(bulletin, name)
        self.asked.add(key)
        return key in self.out
