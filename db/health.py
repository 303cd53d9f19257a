"""Whether a database keeps what it is given: one look, each thing with its words, and nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from db.errors import DatabaseError
from db.versions import check_version, known_revisions

CLOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sign:
    """`is_good`: nothing need be done."""

    is_good: bool
    words: str


def look(engine: Engine, now: datetime) -> list[Sign]:
    """All in one pass. Never raises."""
    checks = (_schema, _writable, _sqlite if engine.dialect.name == "sqlite" else _postgresql)
    found: list[Sign] = []
    for check in checks:
        try:
            found += check(engine, now)
        except DatabaseError as error:
            found.append(Sign(False, str(error)))
        except DBAPIError as error:
            found.append(Sign(False, f"the database cannot be used: {str(error.orig).strip().splitlines()[0]}"))
    return found


def _schema(engine: Engine, _now: datetime) -> list[Sign]:
    check_version(engine)
    return [Sign(True, f"{engine.dialect.name}, with schema {known_revisions()[-1]}, which is up to date")]


def _writable(engine: Engine, _now: datetime) -> list[Sign]:
    """A transaction that has the right to write, and is taken back."""
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("CREATE TABLE bulletin_doctor (seen INTEGER)"))
        transaction.rollback()
    return [Sign(True, "can be written")]


def _sqlite(engine: Engine, _now: datetime) -> list[Sign]:
    with engine.connect() as connection:
        found = [_integrity(connection), _foreign_keys(connection)]
        mode = str(_pragma(connection, "journal_mode"))
        safe = int(str(_pragma(connection, "synchronous")))
    if mode != "wal":
        found.append(
            Sign(False, f"its journal is {mode}, not WAL: readers would wait for writers; is it on a network disk?")
        )
    if safe < 2:
        found.append(Sign(False, "synchronous is not FULL: a power cut could lose what was acknowledged"))
    return found if mode != "wal" or safe < 2 else [*found, Sign(True, "write-ahead log, synchronous FULL")]


def _integrity(connection: Connection) -> Sign:
    lines = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(3)")]
    if lines == ["ok"]:
        return Sign(True, "whole (quick_check)")
    return Sign(False, f"damaged: {'; '.join(lines)}. Stop Bulletin, keep a copy of the file, and restore a backup.")


def _foreign_keys(connection: Connection) -> Sign:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
    return (
        Sign(False, f"rows of {broken[0]} have lost what they belong to") if broken else Sign(True, "every row belongs")
    )


def _pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def _postgresql(engine: Engine, now: datetime) -> list[Sign]:
    with engine.connect() as connection:
        version, safe, theirs = connection.execute(
            text("SELECT current_setting('server_version'), current_setting('synchronous_commit'), clock_timestamp()")
        ).one()
    found = [Sign(True, f"PostgreSQL {version}")]
    if safe == "off":
        found.append(Sign(False, "synchronous_commit is off: a power cut could lose what was acknowledged"))
    off = abs((theirs.astimezone(UTC) - now).total_seconds())
    if off > CLOCK_SECONDS:
        found.append(Sign(False, f"its clock is {off:.0f} seconds away from this machine's"))
    return found
