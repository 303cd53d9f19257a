"""One build in the making: what there is, which editions must be made anew, and making them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from builder.addresses import of_documents
from builder.archive import kept
from builder.archive.blocking import Blocking
from builder.archive.cards import Card, drawn
from builder.archive.kept import Made, State
from builder.archive.later import packed, raw
from builder.archive.public import ANY, OTHER, Place, Public
from builder.archive.rows import Row
from builder.archive.shelves import Folder, Record, hash_of, look, read_record
from builder.archive.site import Site
from builder.archive.viewer import DOCUMENTS, Bodies
from builder.archive.world import code, world
from builder.content import read_addresses, read_documents
from builder.model import Document, Edition, Finding
from builder.press import Press, pictures_named
from builder.walk import Walk, walk

if TYPE_CHECKING:
    from builder.archive.units import Unit

Put = Callable[[str, bytes], bytes]


class Build(Struct, dict=True):
    """One build in the making. `before`: what the last one left; `after`: what this one leaves."""

    press: Press
    before: State
    put: Put
    walked: Walk | None = None
    """What the content folder holds, when somebody has looked already."""
    after: State = field(default_factory=State)
    rendered: int = 0
    wrong: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    documents: tuple[Document, ...] = ()
    pages: tuple[Document, ...] = ()
    fresh: dict[str, Edition] = field(default_factory=dict)
    """The editions that this build has read."""
    beside: Callable[[Callable[[], int]], Callable[[], int]] = lambda work: work
    """Begins some work in another process, if that helps."""
    drawing: list[Callable[[], int]] = field(default_factory=list)
    """What waits for the cards that have been begun."""

    def __post_init__(self) -> None:
        root, house = self.press.root, self.press.house
        self.folders, self.after.other = look(root, house, self.walked or walk(f"{root}/content"))
        self.documents = read_documents(root, "documents", house, self.findings)
        self.pages = read_documents(root, "pages", house, self.findings)
        self.register = read_addresses(root, self.findings)

    # --- what there is ---

    def read(self, take: Callable[[list[str]], Mapping[str, Record]] | None = None) -> Public:
        """Everything that is known of all editions; only those that changed are read. `take` reads them."""
        known = dict(self._known())
        unread = [key for key in self.folders if key not in known]
        return self.know({**known, **(take or self.take)(unread)})

    def take(self, keys: Iterable[str]) -> dict[str, Record]:
        """Reads editions; they are kept until they are rendered."""
        found = {}
        for key in keys:
            found[key], self.fresh[key] = read_record(self.press.root, self.press.house, self.folders[key])
        return found

    def know(self, records: Mapping[str, Record], world_: bytes = b"") -> Public:
        """`records`: of all editions. `world_`: when another process has worked it out already."""
        self.__dict__.pop("turns", None)  # of what was known before
        shown = tuple(document for document in self.documents if document.released_by(self.press.now))
        public = self.public = Public(
            self.press.root,
            self.press.house,
            self.press.now.astimezone(self.press.house.calendar.zone),
            self.folders,
            records,
            shown,
            self.pages,
            _read=self.fresh,
        )
        self.after.records = {key: records[key] for key in self.folders}
        self.after.signatures = {key: folder.signature for key, folder in self.folders.items()}
        self.after.statuses = {key: public.status(key) for key in self.folders}
        self.after.statuses |= {OTHER: self.after.other, DOCUMENTS: tuple((d.slug, d.title) for d in shown)}
        self.after.statuses[ANY] = _hash(self.after.statuses)
        self.after.day, self.after.out = self._day(), tuple(sorted(public.out))
        self.site = Site(self.press, public)
        self.after.code = self.before.code if world_ else code(self.press, self.before.code)
        self.after.world = world_ or world(self.press, self.after.code, self.site.frame)
        if self.after.world != self.before.world:
            self.before = replace(self.before, units={}, sheets={})
        return public

    def _day(self) -> tuple[object, ...]:
        """What changes with the calendar alone: the year, and what is closing soon or over."""
        return (self.public.now.year,)

    def _known(self) -> Iterator[tuple[str, Record]]:
        for key, folder in self.folders.items():
            record = self.before.records.get(key)
            if record and self._same(folder, record):
                yield key, record

    def _same(self, folder: Folder, record: Record) -> bool:
        """Times differ after a fresh checkout, and in a hurry; then the bytes tell."""
        if folder.signature and folder.signature == self.before.signatures.get(folder.key):
            return True
        return hash_of(folder.path) == record.hash

    # --- editions ---

    @cached_property
    def turns(self) -> dict[str, tuple[Place | None, Place | None]]:
        """Each edition's newer and older one in its bulletin's line."""
        found = {}
        for bulletin in self.press.house.bulletins.values():
            line = self.public.places_of(bulletin.id, *bulletin.succeeds)
            for n, place in enumerate(line):
                if place.bulletin == bulletin.id:
                    found[place.key] = (line[n - 1] if n else None, line[n + 1] if n + 1 < len(line) else None)
        return found

    def core(self, place: Place, asked: Iterable[str]) -> bytes:
        """Everything that an edition is made from but its neighbours."""
        statuses = [(key, self.after.statuses.get(key)) for key in (place.key, *asked)]
        return _hash((self.after.world, place.key, statuses))

    def inputs(self, place: Place, core: bytes) -> bytes:
        return _hash((core, [one.key if one else "" for one in self.turns[place.key]]))

    def stale(self) -> list[Place]:
        """The editions that must be made anew."""
        calm = (self.before.world, self.before.out) == (self.after.world, self.after.out)
        found = []
        for place in self.public.places:
            made = self.before.units.get(place.key)
            if made and place.key in self.there and self._stands(place, made, calm=calm):
                self.after.units[place.key] = made
            else:
                found.append(place)
        return found

    @cached_property
    def there(self) -> frozenset[str]:
        """The editions of which all is still there that the last build kept."""
        return frozenset(kept.there(self.press.kept, self.before.units))

    def _stands(self, place: Place, made: Made, *, calm: bool) -> bool:
        """`calm`: the same editions are out, so that each has the neighbours that it had; then nothing need be hashed."""
        before, after = self.before.statuses, self.after.statuses
        if calm and all(before.get(key) == after.get(key) for key in (place.key, *made.asked)):
            return True
        return made.inputs == self.inputs(place, self.core(place, made.asked))

    def make(self, place: Place) -> Made:
        """Renders an edition, or as much of it as has changed, and keeps what others will ask of it."""
        self.public.asked = set()
        self.site.viewer.known, self.site.viewer.used = self._bodies(place), {}
        old = self.before.units.get(place.key)
        newest = self.turns[place.key][0] is None
        if old and old.core == self.core(place, old.asked) and place.key in self.there and (old.card or not newest):
            return self._turned(place, old)
        return self._anew(place)

    def _turned(self, place: Place, old: Made) -> Made:
        """It has other neighbours: only its own page has links to them."""
        from builder.archive.units import page_of

        newer, older = self.turns[place.key]
        path, content = page_of(self.site, place, newer, older, drawn=newer is None)
        held = {**old.files, path: self.put(path, content)}
        self.rendered += 1
        card = "" if newer else old.card
        return old._replace(inputs=self.inputs(place, old.core), held=packed(held), card=card)

    def _anew(self, place: Place) -> Made:
        from builder.archive.units import unit

        newer, older = self.turns[place.key]
        unit_ = unit(self.site, place, newer, older, draw=None if newer else self._draw)
        asked = tuple(sorted(self.public.asked - {place.key}))
        core = self.core(place, asked)
        self.wrong += self._pictures_missing(place)
        self.rendered += len(unit_.files)
        name = kept.unit_name(place.key, core)
        rows, entries, words = kept.write_unit(
            self.press.kept,
            name,
            unit_.card,
            unit_.rows,
            unit_.entries,
            unit_.words,
            self.site.viewer.used,
            unit_.shown,
        )
        return Made(
            core=core,
            inputs=self.inputs(place, core),
            asked=asked,
            rows=rows,
            total=len(unit_.files),
            held=packed({path: self.put(path, content) for path, content in unit_.files.items()}),
            card=unit_.drawn,
            pictures=unit_.pictures,
            last=max((row.end for row in unit_.rows), default=0.0),
            schools=_schools(unit_),
            entries=_hash((rows, entries)),
            words=words,
            items=sum(row.home for row in unit_.rows),
        )

    def _draw(self, card: Card) -> None:
        """Begins a card, which takes as long as the edition; it is kept for whoever asks for it."""
        self.drawing.append(self.beside(lambda: len(drawn(card, self.press.kept))))

    def _bodies(self, place: Place) -> Bodies:
        """Those of the edition as it was; what has been turned into HTML need not be again."""
        old = self.before.units.get(place.key)
        return kept.read_bodies(self.press.kept, kept.unit_name(place.key, old.core)) if old else {}

    def _pictures_missing(self, place: Place) -> Iterator[Finding]:
        whole = self.public.whole(place.key)
        items = [item for item in (whole.items if whole else ()) if not item.draft]
        yield from self.press.picture_findings(item for item in items if any(pictures_named(item)))

    # --- what blocks ---

    def blocking(self) -> list[tuple[Any, ...]]:
        """As plain values."""
        if self.is_settled:
            return []
        house, records, documents = self.press.house, self.after.records, (*self.documents, *self.pages)
        blocking = Blocking(house, records, self.public.out, documents, self.register, self.findings)
        return [astuple(finding) for finding in blocking.found()]

    @property
    def is_settled(self) -> bool:
        """Whether all that could be wrong is as it was when the last build found nothing wrong."""
        before, after = self.before, self.after
        if (before.world, before.other, before.out) != (after.world, after.other, after.out):
            return False
        records = before.records
        return records.keys() == after.records.keys() and all(
            record is records[key] or (record.also, raw(record.packed)) == (records[key].also, raw(records[key].packed))
            for key, record in after.records.items()
        )

    def former(self) -> dict[str, str]:
        """Each former address of something, and its address."""
        found = dict(pair for record in self.after.records.values() for pair in record.former)
        documents = of_documents((*self.documents, *self.pages))
        return found | {old: place.address for place in documents for old in place.formerly}


def _schools(made: Unit) -> dict[str, tuple[int, bytes]]:
    found: dict[str, list[Row]] = {}
    for row in made.rows:
        if row.school and row.own:
            found.setdefault(row.school, []).append(row)
    return {school: (len(rows), _hash([*map(tuple, rows)])) for school, rows in found.items()}


def _hash(value: Any) -> bytes:
    """Of plain values, as marshal knows them."""
    return blake2b(packed(value), digest_size=16).digest()
