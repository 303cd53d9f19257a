"""Opens the database (SQLite or PostgreSQL) and brings its schema up to date.

A web address of a database goes in (`sqlite:///var/bulletin.db`, `postgresql://bulletin@host/bulletin`), an engine with
the current schema comes out. The tables of each room are in `db.schema`, their history in `db.migrations`.
SQLAlchemy and Alembic are loaded by the first call, so that `bulletin --help` does not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.errors import DatabaseBehind, DatabaseError, DatabaseTooNew

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection, Engine

__all__ = [
    "DatabaseBehind",
    "DatabaseError",
    "DatabaseTooNew",
    "check_version",
    "migrate",
    "open_database",
    "reading",
    "writing",
    "writing_at_once",
]


def open_database(url: str, *, root: Path | None = None, busy_seconds: float = 65) -> Engine:
    """The engine behind `url`; a SQLite file and its folder are made when missing. See `db.opening.open_database`."""
    from db.opening import open_database as open_it

    return open_it(url, root=root, busy_seconds=busy_seconds)


def migrate(engine: Engine) -> tuple[str, ...]:
    """Bring the schema up to date; the revisions that were applied, oldest first. See `db.versions.migrate`."""
    from db.versions import migrate as migrate_it

    return migrate_it(engine)


def check_version(engine: Engine) -> None:
    """Raise DatabaseTooNew or DatabaseBehind unless the schema is exactly the one this program knows."""
    from db.versions import check_version as check_it

    check_it(engine)


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """A connection for reading only: one snapshot, never waits for a writer, cannot change anything."""
    from db.opening import reading as read_it

    return read_it(engine)


def writing_at_once(engine: Engine) -> AbstractContextManager[Connection]:
    """The same for what may as well be left undone: where another writer is at work on SQLite, it raises OperationalError
    instead of waiting.
    """
    from db.opening import writing_at_once as write_it

    return write_it(engine)


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """A transaction that has the right to write from its first statement; committed at the end, else rolled back."""
    return engine.begin()
