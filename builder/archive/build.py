"""The site from what the last build left: only what changed is rendered and written, and the bytes are those of a full build."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b, sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import astuple, replace

from builder.addresses import Place as Address
from builder.addresses import of_documents
from builder.archive import kept
from builder.archive.cards import Card, drawn
from builder.archive.kept import Made, State
from builder.archive.later import packed, raw
from builder.archive.public import ANY, OTHER, Place, Public, edition_of_file
from builder.archive.rows import Row
from builder.archive.shelves import Folder, Outline, Record, hash_of, look, read_record
from builder.archive.site import Site
from builder.archive.stock import Stock
from builder.archive.viewer import DOCUMENTS, Bodies
from builder.archive.workers import Team
from builder.archive.world import code, world
from builder.content import read_addresses, read_documents
from builder.former import faults
from builder.model import BuilderError, Document, Edition, Finding
from builder.press import Press, pictures_named
from builder.publish import Tree, alone, differences, opened_tree
from builder.walk import Walk, Walking, walk

if TYPE_CHECKING:
    from builder.archive.units import Unit

Put = Callable[[str, bytes], bytes]
EDITING = ("jinja2", "builder.archive.units", "builder.archive.sheets")
MANY = 1_000  # changed files; far more than in any week


class Outcome(Struct, frozen=True):
    """What a build did. `unchanged`: the site's files that stayed as they were."""

    rendered: int
    written: int
    unchanged: int
    seconds: float

    @property
    def files(self) -> int:
        return self.written + self.unchanged


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
        for name in ("turns", "outlines"):  # of what was known before
            self.__dict__.pop(name, None)
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
        """As plain values. An edition that is still being written does not keep the others from the web."""
        return [] if self.is_settled else [astuple(finding) for finding in self._blocking()]

    def _blocking(self) -> tuple[Finding, ...]:
        out = self.public.out
        found = [f for key, outline in self.outlines.items() if outline.findings for f in self._of(key, outline, out)]
        found += [f for f in self.findings if f.severity == "block"]
        return (*found, *self._taken_twice(out), *self._quoting_nothing(out), *self._addresses(out))

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

    @cached_property
    def outlines(self) -> dict[str, Outline]:
        return {key: record.outline for key, record in self.after.records.items()}

    def places(self) -> Iterator[Address]:
        """All that has an address, or will have one when its day comes."""
        for outline in self.outlines.values():
            yield from map(Address._make, outline.places)
        yield from of_documents((*self.documents, *self.pages))

    def former(self) -> dict[str, str]:
        """Each former address of something, and its address."""
        found = dict(pair for record in self.after.records.values() for pair in record.former)
        documents = of_documents((*self.documents, *self.pages))
        return found | {old: place.address for place in documents for old in place.formerly}

    def _addresses(self, out: Iterable[str]) -> Iterator[Finding]:
        for finding in faults(self.places(), self.register, self.press.house):
            edition = edition_of_file(finding.file)
            if not edition or edition in out:
                yield finding

    def _of(self, key: str, outline: Outline, out: Iterable[str]) -> Iterator[Finding]:
        shown = {f"{key}/{slug}" for slug, target in self.after.records[key].also if target in out}
        for finding in outline.told():
            runs_elsewhere = any(finding.file.endswith(f"/{name.rpartition('/')[2]}.md") for name in shown)
            if finding.severity == "block" and (key in out or runs_elsewhere):
                yield finding

    def _taken_twice(self, out: Iterable[str]) -> Iterator[Finding]:
        """An item's slug is its permanent address, so a bulletin can give it only once."""
        first: dict[tuple[str, str], str] = {}
        for key, outline in self.outlines.items():
            bulletin = key.partition("/")[0]
            for slug in outline.slugs:
                holder = first.setdefault((bulletin, slug), key)
                if holder != key and key in out:
                    text = f'The address "{slug}" belongs to an item of {holder}. Rename this file.'
                    yield Finding(f"content/{key}/{slug}.md", 0, "slug-taken", "block", text)

    def _quoting_nothing(self, out: Iterable[str]) -> Iterator[Finding]:
        for key, outline in self.outlines.items():
            for slug, quoted in outline.quotes if key in out else ():
                edition, _, name = quoted.rpartition("/")
                original = self.outlines.get(edition)
                if original is None or name not in original.slugs or name in dict(original.quotes):
                    text = f'excerpt-of: "{quoted}" is not there, or is itself an excerpt.'
                    yield Finding(f"content/{key}/{slug}.md", 0, "excerpt-of-nothing", "block", text)


def _schools(made: Unit) -> dict[str, tuple[int, bytes]]:
    found: dict[str, list[Row]] = {}
    for row in made.rows:
        if row.school and row.own:
            found.setdefault(row.school, []).append(row)
    return {school: (len(rows), _hash([*map(tuple, rows)])) for school, rows in found.items()}


def _hash(value: Any) -> bytes:
    """Of plain values, as marshal knows them."""
    return blake2b(packed(value), digest_size=16).digest()


# --- the whole of it -------------------------------------------------------------------------------------------------


def build(press: Press, site: Path, *, full: bool = False, jobs: int = 0, walking: Walking | None = None) -> Outcome:
    """Brings `site` up to date in one swap. Raises BuilderError with every problem (the old site stays), and OSError.

    `full`: as if nothing had been built before. `jobs`: how many processes share a large build; 0: as many as help.
    `walking`: a walk through the content folder that has begun already.
    """
    begun = time.perf_counter()
    site = site.resolve()
    site.parent.mkdir(parents=True, exist_ok=True)
    with _unhurried(), alone(site) as at_once:  # a build's other processes hold the lock too, should this one be killed
        return _build(press, site, full, jobs, begun, walking if at_once else None)


@contextmanager
def _unhurried() -> Iterator[None]:
    """Rows by the ten thousand are read and kept: looking through them for rubbish again and again costs a fifth."""
    thresholds = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _build(press: Press, site: Path, full: bool, jobs: int, begun: float, walking: Walking | None) -> Outcome:
    before = kept.load(press.kept, site)
    spare = site.with_name(f".{site.name}.spare")
    behind = before.behind if before.spare == kept.identity(spare) else None
    walked = _meanwhile(walking) if walking else None
    made = Build(press, State() if full else before, lambda _path, _content: b"", walked)
    with Team(made, jobs) as team:
        made.beside = team.beside
        made.read(team.read)
        stale = made.stale()
        if before.site != (0, 0) and not full and not stale and _nothing_else(made, before):
            return Outcome(0, 0, before.count, time.perf_counter() - begun)
        (press.kept / kept.FOLDER).mkdir(parents=True, exist_ok=True)
        blocks = made.blocking if made.is_settled else team.beside(made.blocking)
        with opened_tree(site, before.files(but=made.after), behind) as tree:
            made.put = tree.put
            _render(made, stale, tree, team)
            if not before.known:
                tree.begin_twin((path for unit_ in made.after.units.values() for path in unit_.files), team.aside)
            _sheets(made, team)
            tree.note({path: one for sheet in made.after.sheets.values() for path, one in sheet.files.items()})
            _refuse(made, blocks)
            _swap(before, made.after, tree, press.kept)
            for done in made.drawing:
                done()
            rendered, written = made.rendered, len(tree.written)
            return Outcome(rendered, written, made.after.count - written, time.perf_counter() - begun)


def _meanwhile(walking: Walking) -> Walk:
    """While the walk is under way, what an edit would need is loaded: a build of nothing has not waited longer for it."""
    for module in EDITING:
        if walking.is_running:
            import_module(module)
    return walking.seen()


def _swap(before: State, after: State, tree: Tree, folder: Path) -> None:
    """Where there is a spare tree, only what differs is looked at."""
    whole = tree.behind is None
    held = after.files(but=None if whole else before)
    changed = differences(before.files(but=None if whole else after), held)
    if not before.known:  # what stands there is not known, so it cannot become the spare
        tree.end_twin(held)

    def ready(new: Path) -> None:
        after.site, after.spare = kept.identity(new), kept.identity(tree.site if before.known else tree.twin)
        after.behind = tuple(changed) if before.known else ()
        kept.prepare(after, folder)

    kept.shelve(after, folder)
    tree.swap(held, changed, ready)
    if len(after.behind) > MANY and tree.spare.is_dir():
        tree.mend_spare(after.behind)
        after.spare, after.behind = kept.identity(tree.spare), ()
        kept.prepare(after, folder)
    kept.settle(before, after, folder)


def _render(made: Build, stale: list[Place], tree: Tree, team: Team) -> None:
    order = [place.key for place in made.public.places]
    for key, unit_, rendered, written, wrong in team.render([place.key for place in stale], tree):
        made.after.units[key] = unit_
        made.rendered += rendered
        tree.written |= written
        made.wrong += wrong
    made.after.units = {key: made.after.units[key] for key in order}


def _sheets(made: Build, team: Team) -> None:
    if made.wrong:
        return
    from builder.archive.sheets import Sheets  # what makes pages is loaded only when there is something to make

    stock = Stock(made.press.kept, made.public.places, made.after.units, made.press.now.timestamp())
    sheets = Sheets(
        made.site, stock, made.before, made.after, made.put, made.former(), made.register, team.aside, team.count
    )
    sheets.all()
    made.rendered += sheets.rendered


def _refuse(made: Build, blocks: Callable[[], list[tuple[Any, ...]]]) -> None:
    """`blocks`: gives what blocks, as plain values."""
    wrong = (*(Finding(*told) for told in blocks()), *made.wrong)
    if wrong:
        raise BuilderError(tuple(sorted(set(wrong))))


def _nothing_else(made: Build, before: State) -> bool:
    """Whether nothing that pages are made of has changed, and no moment has passed that changes any."""
    after = made.after
    same = (after.world, after.other, after.statuses) == (before.world, before.other, before.statuses)
    return same and before.day == after.day and not made.blocking()


def open_site(press: Press) -> Site:
    """The site as it is public at this moment, for those who show parts of it; nothing is rendered."""
    made = Build(press, kept.load(press.kept, press.root / "site"), lambda _path, _content: b"")
    made.read()
    return made.site


def archive(press: Press, *, strict: bool = False) -> Iterator[tuple[str, bytes]]:
    """Every file of the public site as (path, bytes), each path once. The same press gives the same bytes.

    Nothing is asked of what an earlier build kept, and nothing is swapped. `strict`: raises BuilderError with every
    problem; otherwise what cannot be shown is left out.
    """
    from builder.archive.sheets import Sheets

    files: dict[str, bytes] = {}

    def put(path: str, content: bytes) -> bytes:
        files[path] = content
        return sha256(content).digest()

    made = Build(press, State(), put)
    made.read()
    (press.kept / kept.FOLDER).mkdir(parents=True, exist_ok=True)
    for place in made.stale():
        made.after.units[place.key] = made.make(place)
    stock = Stock(press.kept, made.public.places, made.after.units, press.now.timestamp())
    Sheets(made.site, stock, made.before, made.after, put, made.former(), made.register).all()
    if strict:
        _refuse(made, made.blocking)
    yield from sorted(files.items())
