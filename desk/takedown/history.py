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
    commits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def holding(root: Path, files: tuple[str, ...]) -> History:
    commits = git.holding(root, files) if files else ()
    return History(commits, files) if commits else History()


def lines(history: History) -> Iterator[str]:
    if not history.commits:
        return
    times = "1 commit" if len(history.commits) == 1 else f"{len(history.commits)} commits"
    paths = " ".join(f"--path {shlex.quote(file)}" for file in history.files)
    yield f"The history of content/ (git) still holds it, in {times}: whoever has the repository can read it there."
    yield "To take it out of the history too, commit this deletion, then rewrite every version, once, in a fresh clone:"
    yield f"    git filter-repo --invert-paths {paths}"
    yield "    git push --force --all"
    yield "After that, everybody with a copy clones it anew. docs/archive.md tells what else to think of."
