"""What git keeps of something that was taken down: which versions hold it, and how it is taken out of them too.

A house does not rewrite its own history: every copy of the repository would have to follow, and that is a person's decision.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from desk.editing import git


@dataclass(frozen=True, slots=True)
class History:
    """`uncommitted`: what git has not taken of the takedown itself."""

    commits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()


def holding(root: Path, files: tuple[str, ...], uncommitted: tuple[str, ...] = ()) -> History:
    commits = git.holding(root, files) if files else ()
    return History(commits, files, uncommitted) if commits else History(uncommitted=uncommitted)


def lines(history: History) -> Iterator[str]:
    if history.uncommitted:
        yield "git has not taken the deletion just now. When it is free again:"
        yield f"    git commit -m 'Take down' -- {shlex.join(history.uncommitted)}"
    if not history.commits:
        return
    times = "1 commit" if len(history.commits) == 1 else f"{len(history.commits)} commits"
    paths = " ".join(f"--path {shlex.quote(file)}" for file in history.files)
    yield f"The history of content/ (git) still holds it, in {times}: whoever has the repository can read it there."
    yield "Its deletion is a commit like any other. To take it out of the history too, rewrite every version, once, in a fresh clone:"
    yield f"    git filter-repo --invert-paths {paths}"
    yield "    git push --force --all"
    yield "After that, everybody with a copy clones it anew. docs/archive.md tells what else to think of."
