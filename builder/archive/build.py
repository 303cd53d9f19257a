"""The site from what the last build left: only what changed is rendered and written, and the bytes are those of a full build."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from builder.archive import kept
from builder.archive.kept import State
from builder.archive.making import Build
from builder.archive.public import Place
from builder.archive.site import Site
from builder.archive.stock import Stock
from builder.archive.workers import Team
from builder.model import BuilderError, Finding
from builder.press import Press
from builder.publish import Tree, alone, differences, opened_tree
from builder.walk import Walk, Walking

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
