"""The public editions' cards, rows and feed entries, read from what the build keeps when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from msgspec import Struct, field

from builder.archive import kept
from builder.archive.kept import Made
from builder.archive.public import Place
from builder.archive.rows import CardRow, FeedEntry, Row
from builder.archive.search.index import Words


class Stock(Struct, dict=True):
    """`places`: newest first. `now`: in seconds."""

    folder: Path
    places: tuple[Place, ...]
    units: Mapping[str, Made]
    now: float
    _rows: dict[str, tuple[CardRow, tuple[Row, ...]]] = field(default_factory=dict)
    _entries: dict[str, tuple[FeedEntry, ...]] = field(default_factory=dict)
    _drawn: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    _of_year: dict[str, tuple[Row, ...]] = field(default_factory=dict)

    def _name(self, key: str) -> str:
        return kept.unit_name(key, self.units[key].core)

    def _read(self, key: str) -> tuple[CardRow, tuple[Row, ...]]:
        if key not in self._rows:
            self._rows[key] = kept.read_rows(self.folder, self._name(key))
        return self._rows[key]

    def card(self, place: Place) -> CardRow:
        return self._read(place.key)[0]

    def rows(self, places: Iterable[Place]) -> Iterator[Row]:
        """The items at home in these editions, in the order of each."""
        return (row for row in self.all_rows(places) if row.home)

    def all_rows(self, places: Iterable[Place]) -> Iterator[Row]:
        """With their guests."""
        for place in places:
            yield from self._read(place.key)[1]

    def entry(self, row: Row) -> FeedEntry:
        if row.edition not in self._entries:
            self._entries[row.edition] = kept.read_entries(self.folder, self._name(row.edition))
        slugs = [one.key for one in self._read(row.edition)[1]]
        return self._entries[row.edition][slugs.index(row.key)]

    def drawn(self, row: Row) -> tuple[str, str]:
        """As it stands in lists: with its label, and without."""
        if row.edition not in self._drawn:
            self._drawn[row.edition] = kept.read_drawn(self.folder, self._name(row.edition))
        return self._drawn[row.edition][row.key]

    def words(self, key: str) -> Words:
        found: Words = kept.read_words(self.folder, self._name(key))
        return found

    def forget(self) -> None:
        """What was read is not needed any more; memory is."""
        self._rows.clear()
        self._of_year.clear()
        self._drawn.clear()
        self._entries.clear()

    # --- which editions, and what changes when they do ---

    @cached_property
    def years(self) -> tuple[str, ...]:
        """Newest first."""
        return tuple(sorted(self._by_year, reverse=True))

    @cached_property
    def _by_year(self) -> dict[str, tuple[Place, ...]]:
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.year, []).append(place)
        return {year: tuple(places) for year, places in found.items()}

    def of_year(self, year: str) -> tuple[Place, ...]:
        return self._by_year.get(year, ())

    def rows_of(self, year: str) -> tuple[Row, ...]:
        """The items at home in a year's editions."""
        if year not in self._of_year:
            self._of_year[year] = tuple(self.rows(self.of_year(year)))
        return self._of_year[year]

    def before(self, year: str) -> tuple[Place, ...]:
        return self.of_year(f"{int(year) - 1:04}") if year else ()

    @cached_property
    def months(self) -> dict[str, list[Place]]:
        """Newest first."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.key.partition("/")[2][:7], []).append(place)
        return dict(sorted(found.items(), reverse=True))

    def recent_of(self, year: str) -> tuple[Place, ...]:
        """A year's and those of the year before."""
        return (*self.of_year(year), *self.before(year))

    @cached_property
    def open(self) -> tuple[Place, ...]:
        """Those in which something is still ahead."""
        return tuple(place for place in self.places if self.units[place.key].last > self.now)

    @cached_property
    def ahead(self) -> tuple[Row, ...]:
        """What is still to come, the nearest first. What has expired is no longer in it."""
        rows = (row for row in self.rows(self.open) if row.own and row.end > self.now and not row.note)
        return tuple(sorted(rows, key=lambda row: (row.iso, row.first, row.key)))

    def told(self, places: Iterable[Place]) -> tuple[bytes, ...]:
        """Changes when anything does that lists tell of these editions."""
        return tuple(self.units[place.key].rows for place in places)

    def fed(self, places: Iterable[Place]) -> tuple[bytes, ...]:
        """The same for feeds."""
        return tuple(self.units[place.key].entries for place in places)
