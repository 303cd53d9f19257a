"""What a file was before, who changed it and when: from git where the house is a repository, else from a folder in var/."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from desk.editing import files, git, kept
from desk.editing.versions import Author, Version

__all__ = ["Author", "Change", "History", "Version", "make", "open_history"]


class History(Protocol):
    def found(self, paths: Iterable[Path], now: datetime) -> None:
        """Before a change: what stands there and was not seen yet is kept first, so that nothing is ever lost."""

    def keep(self, paths: Iterable[Path], author: Author, what: str, now: datetime) -> None:
        """After a change: these files, and no others, by this person."""

    def of(self, path: Path) -> list[Version]:
        """The newest first."""

    def text(self, path: Path, version: str) -> bytes | None:
        """The file as it was; None when there is no such version of this file."""


def open_history(root: Path) -> History:
    return git.Git(root) if git.is_kept_in_git(root) else kept.Kept(root)


@dataclass(frozen=True, slots=True)
class Change:
    """Files to write (None takes one away), by whom, and in one line what was done."""

    files: dict[Path, bytes | None]
    author: Author
    what: str


def make(root: Path, history: History, change: Change, now: datetime) -> None:
    """Call it with the lock of `files.alone` held."""
    for path in change.files:
        if not files.is_inside(root, path):
            raise files.NoSuchFile(files.name_of(root, path))
    history.found(change.files, now)
    files.put_all(change.files)
    history.keep(change.files, change.author, change.what, now)
