"""Who signs what stories change in content/: in git, where the house is kept in it, whoever said yes or took it away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import db
from desk.editing import files, git
from desk.editing.versions import Author
from desk.goodnews.newsroom import Newsroom
from desk.staff import store
from subscribers.address import parse
from subscribers.model import BadAddress

# A story is named by its reference: its title may name a child, and what git keeps it keeps.
SAID = {
    "accepted": "Accept the story {reference}",
    "consented": "Take down the photos of the story {reference}",
    "withdrawn": "Withdraw the story {reference}",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """`repository` is None for a house without git: a story's earlier versions are kept by git or by nobody."""

    root: Path
    repository: git.Git | None
    author: Author
    what: str
    now: datetime

    def put(self, changes: Mapping[Path, bytes | None], fresh: Iterable[Path] = ()) -> None:
        """Written, then committed with the files that were begun for it. Call it with the lock of `files.alone` held."""
        if self.repository:
            self.repository.found(changes, self.now)
        files.put_all(changes)
        self.keep([*changes, *fresh])

    def keep(self, paths: Iterable[Path]) -> None:
        if self.repository:
            self.repository.keep(paths, self.author, self.what, self.now)


def signed(room: Newsroom, actor: str, act: str, reference: str) -> Signed:
    """`actor`: as records name them; `act`: accepted, consented or withdrawn."""
    repository = git.Git(room.root) if git.is_kept_in_git(room.root) else None
    author = _author(room, actor) if repository else Author("", "")
    return Signed(room.root, repository, author, SAID[act].format(reference=reference), room.now)


def _author(room: Newsroom, actor: str) -> Author:
    """Staff by their name; a school, the clock and the command line by the publisher's."""
    kind, _, address = actor.partition(":")
    if kind == "staff":
        try:
            key = parse(address).key
        except BadAddress:
            return Author(address, address)
        with db.reading(room.engine) as connection:
            who = store.by_key(connection, key)
        return Author(who.called if who else address, address)
    publisher = room.house.publisher
    return Author(publisher.name, publisher.email)
