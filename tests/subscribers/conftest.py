"""Both databases, a room's keys, and short ways to say what a test is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

import db
from subscribers import acts, choices, imports, store
from subscribers.address import parse
from subscribers.formats.mapping import parse_rules
from subscribers.model import Basis, Choices, Proof, Subscriber
from subscribers.tokens import Keys
from tests.databases import database, database_url, empty_database

__all__ = ["database", "database_url", "empty_database"]

NOON = datetime(2025, 1, 14, 12, tzinfo=UTC)
KEYS = Keys(b"l" * 32, b"a" * 32)
BASES: dict[str, Basis] = {"weekly": "public-task", "send": "consent"}
AXES = {
    "phase": {"early-years": "Early years", "primary": "Primary", "secondary": "Secondary"},
    "role": {"head": "Headteachers", "senco": "SENCOs", "governor": "Governors"},
}
TAGS = [tag for tags in AXES.values() for tag in tags]


@dataclass
class Room:
    """The room on one database. Each act is a transaction of its own, a minute after the one before."""

    engine: Engine
    folder: Path
    now: datetime = NOON
    files: int = 0
    random_bytes: int = 0
    plans: list[imports.Plan] = field(default_factory=list)

    def proof(self, how: str = "page", actor: str = "reader") -> Proof:
        self.now += timedelta(minutes=1)
        return Proof(self.now, how, actor)

    def random(self, count: int) -> bytes:
        self.random_bytes += 1
        return self.random_bytes.to_bytes(count, "big")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with db.writing(self.engine) as connection:
            yield connection

    def look(self, read: Callable[..., Any], *args: Any) -> Any:
        with db.reading(self.engine) as connection:
            return read(connection, *args)

    def person(self, address: str) -> Subscriber | None:
        return self.look(store.find, parse(address).key)

    def reads(self, address: str, bulletin: str = "weekly") -> bool:
        person = self.person(address)
        return person is not None and person.open_for(bulletin) is not None

    def events(self, address: str) -> list[str]:
        person = self.person(address)
        assert person is not None
        return [event.what for event in self.look(store.history, person.id)]

    def noes(self, address: str) -> dict[str, str]:
        found = self.look(store.noes, KEYS, parse(address).key)
        return {no.bulletin: no.reason for no in found}

    def add(self, address: str, bulletin: str = "weekly", **chosen: Any) -> Subscriber:
        with self.writing() as connection:
            wanted = Choices(**chosen)
            return acts.add(connection, KEYS, parse(address), bulletin, wanted, BASES, self.proof("desk", "office"))

    def leave(self, address: str, bulletin: str | None = "weekly", reason: Any = "unsubscribed") -> Any:
        person = self.person(address)
        assert person is not None
        with self.writing() as connection:
            return acts.leave(connection, KEYS, person.id, bulletin, reason, self.proof("link"))

    def file(self, text: str | bytes, name: str = "") -> Path:
        self.files += 1
        path = self.folder / str(self.files)
        path.mkdir()
        path /= name or "list.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @contextmanager
    def staged(
        self, paths: Sequence[Path], source: str = "together", bulletin: str = "weekly", maps: tuple[str, ...] = ()
    ) -> Iterator[imports.Staged]:
        with imports.read(
            self.engine,
            paths,
            source=source,
            bulletin=bulletin,
            basis=BASES[bulletin],
            keys=KEYS,
            rules=parse_rules(maps, AXES),
        ) as staged:
            yield staged

    def take(
        self,
        text: str | bytes,
        name: str = "",
        *,
        source: str = "together",
        bulletin: str = "weekly",
        maps: tuple[str, ...] = (),
    ) -> dict[str, int]:
        """Import one file; the plan's counts."""
        with self.staged([self.file(text, name)], source, bulletin, maps) as staged:
            plan = imports.make_plan(staged)
            self.number = imports.apply(staged, plan, self.proof("import", "office"))
        return {
            name: number for name, number in plan.counts.items() if number and name not in ("rows", "files", "people")
        }

    def undo(self, number: int | None = None) -> imports.Undone:
        with self.writing() as connection:
            return imports.undo(connection, number or self.number, self.proof("import", "office"))


@pytest.fixture
def room(database: Engine, tmp_path: Path) -> Room:
    with db.writing(database) as connection:
        choices.allot(connection, TAGS)
    return Room(database, tmp_path)
