"""A prepared statement answers as SQLAlchemy does, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, bindparam, select

import db
from db.prepared import Prepared
from db.schema.subscribers import subscriber

NOW = datetime(2025, 1, 14, 9, tzinfo=UTC)
STATEMENT = select(subscriber.c.address, subscriber.c.created_at).where(subscriber.c.address_key == bindparam("which"))


def test_a_prepared_statement_gives_the_same_values_and_types(database: Engine) -> None:
    row = {"address": "A@school.example", "address_key": "a@school.example", "name": "", "created_at": NOW}
    with db.writing(database) as connection:
        connection.execute(subscriber.insert(), row)
        slow = [tuple(found) for found in connection.execute(STATEMENT, {"which": "a@school.example"})]
    assert Prepared(STATEMENT).rows(database, which="a@school.example") == slow == [("A@school.example", NOW)]


def test_its_values_are_values_whatever_they_say(database: Engine) -> None:
    prepared = Prepared(STATEMENT)
    assert prepared.rows(database, which="' OR 1=1 --") == prepared.rows(database, which="nobody@school.example") == []
