"""Both databases, and stories to put into them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

import db
from goodnews import store
from goodnews.model import Consent, Contact, Held, Photo, Received, Story
from tests.databases import database, database_url, empty_database

__all__ = ["database", "database_url", "empty_database"]

NOON = datetime(2025, 1, 14, 12, tzinfo=UTC)
OFFICE = Contact("Example Person", "Office manager", "office@example-primary.example")
YES = Consent("people", frozenset({"email", "web"}), "Headteacher", date(2025, 1, 8))


def photo(number: int = 1, consent: Consent = YES, alt: str = "Children plant a row of beans.") -> Photo:
    return Photo(f"{number:040x}", f"{number:016x}", 1200, 900, alt, consent)


def received(number: int = 1, **more: Any) -> Received:
    words = {"title": f"A garden of our own {number}", "text": "We dug.", "summary": "A garden."}
    story = Story("Example Primary School", link="", published=None, source=f"form:{number}", **words)
    return Received("form", story, more.pop("contact", OFFICE), more.pop("photos", (photo(),)), **more)


@dataclass
class Desk:
    """The room on one database. Each act is a transaction of its own, a minute after the one before."""

    engine: Engine
    now: datetime = NOON

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self.now += timedelta(minutes=1)
        with db.writing(self.engine) as connection:
            yield connection

    def look(self, read: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with db.reading(self.engine) as connection:
            return read(connection, *args, **more)

    def receive(self, number: int = 1, state: Any = "waiting", **more: Any) -> Held:
        with self.writing() as connection:
            held, _ = store.receive(
                connection,
                received(number, **more),
                reference=f"GN-{number:06}",
                token=f"token-{number}",
                state=state,
                at=self.now,
                letter="received",
            )
        return held

    def act(self, held: Held, what: str, **more: Any) -> Held:
        with self.writing() as connection:
            return store.act(connection, held, what, "staff:test", self.now, **more)

    def events(self, held: Held) -> list[str]:
        return [event.what for event in self.look(store.history, held.id)]


@pytest.fixture
def desk(database: Engine) -> Desk:
    return Desk(database)
