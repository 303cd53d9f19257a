"""A large build shared between processes: each reads editions, tells what it read, and renders and writes its own.

What an edition's pages tell depends on the others, so nobody renders before all are read. Whoever has finished its own
takes over what another has not begun.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from builder.archive.kept import Made
from builder.archive.shelves import Record
from builder.aside import Aside, Turns
from builder.model import Finding
from builder.publish import Tree
from builder.templates import told

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

    from builder.archive.making import Build

Result = tuple[str, Made, int, set[str], list[Finding]]
Batch = list[str]
T = TypeVar("T")
WORTH = 24  # editions; for fewer, starting another process costs more than it saves
AT_ONCE = 8  # editions between two clearings of a process's memory
MOST = 8
TEMPLATES = ("item", "edition", "base", "parts", "feed-content", "crumbs", "header", "footer", "invite")


class Team(Struct, dict=True):
    """The processes of one build. The first is the one that began it; the others come when there is enough to do.

    `jobs`: how many at most; 0: as many as help.
    """

    made: Build
    jobs: int
    pipes: list[Connection] = field(default_factory=list)
    taken: list[Batch] = field(default_factory=list)
    """The editions that each process has read, and still has."""
    _processes: list[ForkProcess] = field(default_factory=list)
    _tree: Tree | None = None

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def read(self, keys: list[str]) -> Mapping[str, Record]:
        if not self._worth(keys):
            return self.made.take(keys)
        self._hire(keys)
        self._warm()
        return self._gather()

    def render(self, keys: list[str], tree: Tree) -> Iterator[Result]:
        """What came of each edition, in any order."""
        self._tree = tree
        if not self.pipes and self._worth(keys):
            self._hire([])
            self._gather()
        if not self.pipes:
            yield from _rendered(self.made, batches(keys), tree)
            return
        shares = self._shares(keys)
        every = [batch for share in shares for batch in share]
        numbers = iter(range(len(every)))
        for turns, share in zip(self._turns, shares, strict=True):
            turns.fill(number for _, number in zip(share, numbers, strict=False))
        after = self.made.after
        for pipe in self.pipes:
            pipe.send((after.records, after.world, every, tree))
        yield from _rendered(self.made, (every[n] for n in _in_turn(self._turns, 0)), tree)
        for pipe in self.pipes:
            yield from _received(pipe)

    def aside(self, work: Callable[[], T]) -> Callable[[], T]:
        """Begins some work in another process, if that helps; what comes back asks for its outcome: plain values."""
        tree = self._tree
        if tree is None or self.count < 2:
            return work
        begun = Aside(partial(_with_written, work, tree))

        def outcome() -> T:
            found, written = begun()
            tree.written |= written
            return found

        return outcome

    def beside(self, work: Callable[[], T]) -> Callable[[], T]:
        """The same for work that writes nothing."""
        return Aside(work) if self.count > 1 else work

    def _worth(self, keys: list[str]) -> bool:
        return len(keys) >= WORTH and self.count > 1

    @property
    def count(self) -> int:
        if not hasattr(os, "fork"):
            return 1
        there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.jobs or min(there, MOST)

    def _hire(self, keys: list[str]) -> None:
        """The others begin at once with what is to be read."""
        import builder.archive.units  # noqa: F401  # loaded once for all

        self._reading = batches(keys)
        self._queue, self._turns = Turns(), [Turns() for _ in range(self.count)]
        self._queue.fill(range(len(self._reading)))
        for place in range(1, self.count):
            self.pipes.append(self._begin(self._work, place))

    def _begin(self, target: Callable[..., None], *given: object) -> Connection:
        """Another process, which gets one end of a pipe as the last of what it is given; the other end comes back."""
        from multiprocessing import get_context

        context = get_context("fork")
        here, there = context.Pipe()

        def begin() -> None:
            for end in (here, *self.pipes):  # else it would wait for ever for a first process that was killed
                end.close()
            target(*given, there)

        process = context.Process(target=begin, daemon=True)
        process.start()
        there.close()
        self._processes.append(process)
        return here

    def _warm(self) -> None:
        """Compiled while the others read: they find the compiled templates on the disk."""
        with told():
            for name in TEMPLATES:
                self.made.press.pages.get_template(f"web/{name}.html")

    def _gather(self) -> Mapping[str, Record]:
        found = [self._reads(), *(_received(pipe) for pipe in self.pipes)]
        self.taken = [list(records) for records in found]
        return dict(chain.from_iterable(records.items() for records in found))

    def _reads(self) -> dict[str, Record]:
        return {key: record for n in self._queue for key, record in self.made.take(self._reading[n]).items()}

    def _shares(self, keys: list[str]) -> list[list[Batch]]:
        """Each process renders first what it has read itself."""
        wanted = set(keys)
        shares = [batches([key for key in taken if key in wanted]) for taken in self.taken]
        unread = wanted.difference(*self.taken)
        for n, batch in enumerate(batches([key for key in keys if key in unread])):
            shares[n % len(shares)].append(batch)
        return shares

    def _work(self, place: int, pipe: Connection) -> None:
        """What another process does."""
        for turns in self._turns:
            turns.close()
        made = self.made
        try:
            made.press = replace(made.press)  # a cache of its own: one connection is not for two
            pipe.send(self._reads())
            with suppress(EOFError):  # there was nothing to render, or the first process was killed
                records, world, every, tree = pipe.recv()
                made.know(records, world)
                made.put = tree.put
                pipe.send(list(_rendered(made, (every[n] for n in _in_turn(self._turns, place)), tree)))
        except BaseException as error:
            with suppress(OSError):
                pipe.send(error)


def _in_turn(turns: list[Turns], place: int) -> Iterator[int]:
    """One's own first, then what the others have not begun."""
    return chain.from_iterable((*turns[place:], *turns[:place]))


def batches(keys: list[str]) -> list[Batch]:
    return [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]


def _rendered(made: Build, work: Iterable[Batch], tree: Tree) -> Iterator[Result]:
    places = {place.key: place for place in made.public.places}
    done: Batch = []
    for batch in work:
        forget(made, done)
        done = batch
        for key in batch:
            before = tree.written, made.rendered
            tree.written, made.rendered = set(), 0
            result = made.make(places[key])
            outcome = key, result, made.rendered, tree.written, made.wrong
            tree.written, made.rendered = before
            made.wrong = []
            yield outcome


def forget(made: Build, rendered: Batch) -> None:
    """What was made ready is not needed any more; memory is. What was read and is still to be rendered stays."""
    if rendered:
        made.public.forget(rendered)
        made.site.shelf.forget()
        made.site.viewer.forget()
        made.site.forget()


def _with_written(work: Callable[[], T], tree: Tree) -> tuple[T, set[str]]:
    before, tree.written = tree.written, set()
    try:
        return work(), tree.written
    finally:
        tree.written = before


def _received(pipe: Connection) -> Any:
    try:
        found = pipe.recv()
    except EOFError as error:
        raise OSError("A process of the build ended before its work was done.") from error
    if isinstance(found, BaseException):
        raise found
    return found
