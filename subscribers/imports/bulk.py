"""What makes a very large import quick: indexes and foreign keys of PostgreSQL built once at its end, a larger cache in SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, bindparam, text

LARGE_ROWS = 100_000  # under it, building everything anew costs more than it saves
LARGE_CACHE_KIB = 128 * 1024
TABLES = ("subscriber", "subscription", "consent_event")

_constraints = text(
    "SELECT conrelid::regclass::text AS owner, conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint "
    "WHERE conrelid::regclass::text IN :tables AND contype IN ('f', 'u') ORDER BY contype DESC"
).bindparams(bindparam("tables", expanding=True))
_indexes = text(
    "SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i "
    "WHERE i.indrelid::regclass::text IN :tables "
    "AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)"
).bindparams(bindparam("tables", expanding=True))


@contextmanager
def ready_for(connection: Connection, new_rows: int) -> Iterator[None]:
    """Inside the import's own transaction: whoever looks from outside never sees a table without its promises.

    PostgreSQL checks a foreign key row by row, which is half of an import's time; adding it again checks all rows in one join.
    For that time nobody else can read these tables.
    """
    if connection.dialect.name == "sqlite":
        with _large_cache(connection):
            yield
        return
    connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")  # sorts and joins a million rows without the disk
    if new_rows >= LARGE_ROWS and _few_rows_yet(connection, new_rows):
        with _built_afterwards(connection):
            yield
    else:
        yield


def _few_rows_yet(connection: Connection, new_rows: int) -> bool:
    """Building an index anew over ten million rows for a tenth more of them would not pay."""
    return (connection.scalar(text("SELECT count(*) FROM subscriber")) or 0) <= 2 * new_rows


@contextmanager
def _large_cache(connection: Connection) -> Iterator[None]:
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar()
    connection.exec_driver_sql(f"PRAGMA cache_size = -{LARGE_CACHE_KIB}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA cache_size = {before}")


@contextmanager
def _built_afterwards(connection: Connection) -> Iterator[None]:
    constraints = connection.execute(_constraints, {"tables": TABLES}).all()
    indexes = connection.execute(_indexes, {"tables": TABLES}).all()
    connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '128MB'")
    for constraint in reversed(constraints):
        connection.exec_driver_sql(f'ALTER TABLE {constraint.owner} DROP CONSTRAINT "{constraint.name}"')
    for index in indexes:
        connection.exec_driver_sql(f"DROP INDEX {index.name}")
    yield
    for index in indexes:
        connection.exec_driver_sql(index.definition)
    for constraint in constraints:
        connection.exec_driver_sql(
            f'ALTER TABLE {constraint.owner} ADD CONSTRAINT "{constraint.name}" {constraint.definition}'
        )
