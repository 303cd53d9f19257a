"""Who signs in git what the desk changes in content/ beside its editor: whoever did it, where the house is kept in git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

import db
from builder.model import Publisher
from db.errors import DatabaseError
from desk.editing import files, git
from desk.editing.versions import Author
from desk.staff import store
from subscribers.address import parse
from subscribers.model import BadAddress


@dataclass(frozen=True, slots=True)
class Signed:
    """`repository` is None for a house without git: then nothing is kept here."""

    root: Path
    repository: git.Git | None
    author: Author
    what: str
    now: datetime

    def put(self, changes: Mapping[Path, bytes | None], fresh: Iterable[Path] = ()) -> None:
        """Written, then committed with the files that were begun for it. Call it with the lock of `files.alone` held."""
        self.found(changes)
        files.put_all(changes)
        self.keep([*changes, *fresh])

    def found(self, paths: Iterable[Path]) -> None:
        """What others changed there by hand is committed first: nobody signs for their words."""
        if self.repository:
            self.repository.found(paths, self.now)

    def keep(self, paths: Iterable[Path]) -> None:
        if self.repository:
            self.repository.keep(paths, self.author, self.what, self.now)

    def left(self, paths: Iterable[Path]) -> tuple[str, ...]:
        """Those that git has not taken, told from the house: somebody holds its index, or a merge is under way."""
        return self.repository.differing(paths) if self.repository else ()


def signed_by(
    root: Path, publisher: Publisher, actor: str, what: str, now: datetime, engine: Engine | None = None
) -> Signed:
    """`actor`: as records name them. `engine`: where staff have their names."""
    repository = git.Git(root) if git.is_kept_in_git(root) else None
    author = author_of(root, publisher, actor, engine) if repository else Author("", "")
    return Signed(root, repository, author, what, now)


def author_of(root: Path, publisher: Publisher, actor: str, engine: Engine | None = None) -> Author:
    """Staff by their name, whoever types commands by what git calls them; a school and the clock by the publisher's."""
    kind, _, address = actor.partition(":")
    if kind == "console" and (own := git.whoever(root)):
        return own
    if kind != "staff":
        return Author(publisher.name, publisher.email)
    return Author(_called(engine, address) or address, address)


def _called(engine: Engine | None, address: str) -> str:
    """Nothing when they cannot be asked for: no act fails for want of a name."""
    if engine is None:
        return ""
    try:
        with db.reading(engine) as connection:
            who = store.by_key(connection, parse(address).key)
    except (BadAddress, DBAPIError, DatabaseError):
        return ""
    return who.called if who else ""
