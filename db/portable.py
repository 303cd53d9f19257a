"""Every row of a database out, and in again: on SQLite or PostgreSQL, whichever it came from."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select, text

from db.schema.base import metadata
from db.versions import known_revisions

CHUNK = 1_000


def names() -> tuple[str, ...]:
    """Every table, those that others refer to first."""
    return tuple(table.name for table in _tables())


def _tables() -> list[Table]:
    from db import schema  # noqa: F401 - all tables are told to the metadata

    return list(metadata.sorted_tables)


def revision() -> str:
    return known_revisions()[-1]


def rows_out(connection: Connection, name: str) -> Iterator[bytes]:
    """A line for the columns, then a line a row; the caller's connection decides which moment it is."""
    table = metadata.tables[name]
    yield _line([column.name for column in table.columns])
    with connection.execute(select(table).execution_options(yield_per=CHUNK)) as rows:
        for row in rows:
            yield _line([_plain(value) for value in row])


def rows_in(connection: Connection, name: str, lines: Iterable[bytes]) -> int:
    """The lines of `rows_out` into an empty table; how many rows. Raises ValueError and KeyError for what is not one."""
    table = metadata.tables[name]
    stream = iter(lines)
    columns = json.loads(next(stream))
    unknown = set(columns) - {column.name for column in table.columns}
    if unknown:
        raise ValueError(f"{name} has no column {', '.join(sorted(unknown))}")
    total = 0
    while chunk := [_values(columns, line) for line in islice(stream, CHUNK)]:
        connection.execute(insert(table), chunk)
        total += len(chunk)
    return total


def counters_out(connection: Connection) -> dict[str, int]:
    """The highest number that each table ever gave: a number is never given twice, whoever had it."""
    if connection.dialect.name == "sqlite":
        return {name: int(last) for name, last in connection.execute(text("SELECT name, seq FROM sqlite_sequence"))}
    found = {}
    for name, sequence in _sequences(connection):
        last = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()
        found[name] = int(last[0]) if last[1] else int(last[0]) - 1
    return found


def counters_in(connection: Connection, counters: dict[str, int]) -> None:
    if connection.dialect.name == "sqlite":
        for name, last in counters.items():
            if name not in metadata.tables:
                continue
            known = {"name": name, "last": last}
            changed = connection.execute(
                text("UPDATE sqlite_sequence SET seq = max(seq, :last) WHERE name = :name"), known
            )
            if not changed.rowcount:
                connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), known)
        return
    for name, sequence in _sequences(connection):
        key = next(iter(metadata.tables[name].primary_key.columns))
        highest = connection.execute(select(func.max(key))).scalar() or 0
        last = max(int(highest), counters.get(name, 0))
        if last:
            connection.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :last)"), {"sequence": sequence, "last": last}
            )


def _sequences(connection: Connection) -> Iterator[tuple[str, str]]:
    there = set(inspect(connection).get_table_names())
    for table in _tables():
        keys = list(table.primary_key.columns)
        if table.name in there and len(keys) == 1:
            asked = {"name": table.name, "column": keys[0].name}
            sequence = connection.execute(text("SELECT pg_get_serial_sequence(:name, :column)"), asked).scalar()
            if sequence:
                yield table.name, str(sequence)


def _line(values: list[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _plain(value: Any) -> Any:
    """JSON knows no moments, days and bytes; a list of two says which it is. No column holds a list."""
    if isinstance(value, datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, date):
        return ["day", value.isoformat()]
    if isinstance(value, bytes | memoryview):
        return ["bytes", base64.b64encode(bytes(value)).decode()]
    return value


_READ: dict[str, Any] = {"moment": datetime.fromisoformat, "day": date.fromisoformat, "bytes": base64.b64decode}


def _values(columns: list[str], line: bytes) -> dict[str, Any]:
    values = [_READ[v[0]](v[1]) if isinstance(v, list) else v for v in json.loads(line)]
    return dict(zip(columns, values, strict=True))
