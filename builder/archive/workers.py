"""A large build shared between processes: each reads, renders and writes its own editions; what it made comes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from builder.archive.build import Build
from builder.archive.kept import Made
from builder.archive.public import Place
from builder.archive.site import Site
from builder.model import Finding
from builder.publish import Tree

Result = tuple[str, Made, int, set[str], list[Finding]]
WORTH = 24  # editions; for fewer, starting another process costs more than it saves
AT_ONCE = 8  # editions between two clearings of a process's memory
MOST = 8


def share(made: Build, places: list[Place], tree: Tree, jobs: int) -> Iterator[Result]:
    """What came of each edition, in any order."""
    count = jobs or min(os.cpu_count() or 1, MOST)
    if count < 2 or len(places) < WORTH or not hasattr(os, "fork"):
        yield from _alone(made, places, tree)
        return
    yield from _together(made, places, tree, count)


def _alone(made: Build, places: list[Place], tree: Tree) -> Iterator[Result]:
    for start in range(0, len(places), AT_ONCE):
        for place in places[start : start + AT_ONCE]:
            tree.written, before = set(), tree.written
            made.wrong = []
            result = made.make(place)
            written, tree.written = tree.written, before
            wrong, made.wrong = made.wrong, []
            yield place.key, result, len(result.files), written, wrong
        if start + AT_ONCE < len(places):
            forget(made, [place.key for place in places[start : start + AT_ONCE]])


def forget(made: Build, rendered: list[str]) -> None:
    """What was made ready is not needed any more; memory is. What was read and is still to be rendered stays."""
    made.public.forget(rendered)
    made.site.shelf.forget()
    made.site.viewer.forget()
    made.site.forget()


def _together(made: Build, places: list[Place], tree: Tree, count: int) -> Iterator[Result]:
    """Each process takes a run of editions that follow each other."""
    import multiprocessing

    context = multiprocessing.get_context("fork")
    size = -(-len(places) // count)
    runs = [places[start : start + size] for start in range(0, len(places), size)]
    pipes, processes = [], []
    for run in runs[1:]:
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(made, run, tree, sending), daemon=True)
        process.start()
        sending.close()
        pipes.append(receiving)
        processes.append(process)
    yield from _alone(made, runs[0], tree)
    for pipe in pipes:
        yield from _received(pipe)
    for process in processes:
        process.join()


def _work(made: Build, places: list[Place], tree: Tree, sending: Any) -> None:
    try:
        _own(made)
        sending.send(list(_alone(made, places, tree)))
    except BaseException as error:
        sending.send(error)


def _own(made: Build) -> None:
    """A process of its own has its own cache: one connection is not for two."""
    made.press = replace(made.press)
    made.site = Site(made.press, made.public)


def _received(pipe: Any) -> Iterator[Result]:
    try:
        found = pipe.recv()
    except EOFError as error:
        raise OSError("A process of the build ended before its work was done.") from error
    if isinstance(found, BaseException):
        raise found
    yield from found
