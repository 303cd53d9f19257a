"""Both databases, a mail server that can be told to misbehave, and a list to send to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from delivery.model import NEXT, State
from tests.databases import database, database_url, empty_database
from tests.delivery.house import frozen
from tests.delivery.servers import MailServer

__all__ = ["database", "database_url", "empty_database"]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture(autouse=True)
def every_change_is_allowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test of this room does: a letter's state changes only as `delivery.model.NEXT` says it may."""
    engine = request.getfixturevalue("database") if "database" in request.fixturenames else None
    if engine is None or engine.dialect.name != "sqlite":
        yield
        return
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE change_seen (before TEXT, after TEXT, UNIQUE (before, after))")
        connection.exec_driver_sql(
            "CREATE TRIGGER see_change AFTER UPDATE OF state ON recipient WHEN old.state <> new.state "
            "BEGIN INSERT OR IGNORE INTO change_seen VALUES (old.state, new.state); END"
        )
    yield
    with engine.connect() as connection:
        seen = connection.exec_driver_sql("SELECT before, after FROM change_seen").all()
    assert [(before, after) for before, after in seen if State(after) not in NEXT[State(before)]] == []


@pytest.fixture
def listed(database: Engine) -> Callable[[int], int]:
    """Freezes a mailing to so many readers; its id."""
    return lambda number: frozen(database, number)
