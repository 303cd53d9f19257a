"""Files in, one temporary table of understood rows out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    column,
    func,
    insert,
    select,
    text,
)

from db.schema.base import Plain
from db.schema.subscribers import suppression
from subscribers import choices
from subscribers.address import parse, quick
from subscribers.formats import open_list
from subscribers.formats.mapping import Rule
from subscribers.model import NO, YES, BadAddress, Basis, Row, SubscribersError, Unreadable
from subscribers.tokens import Keys, address_hash

temporary = MetaData()
staged_row = Table(
    "staged_row",
    temporary,
    Column("key", Plain),
    Column("name", Text),
    Column("choices", BigInteger),
    Column("file", SmallInteger),
    Column("line", BigInteger),
    Column("address", Text),  # none when it is the key
    Column("says", SmallInteger, server_default=text(str(YES))),
    Column("why", Text),
    Column("at", Text),
    Column("at_once", SmallInteger, server_default=text("0")),
    Column("evidence", Text),  # none when it is the file and the line only
    Column("hash", LargeBinary),
    prefixes=["TEMPORARY"],
)
unreadable_row = Table(
    "unreadable_row",
    temporary,
    Column("file", SmallInteger),
    Column("line", BigInteger),
    Column("why", Text),
    prefixes=["TEMPORARY"],
)
SHOWN_CHARACTERS = 80
BATCH = 2_000
TEMPORARY_CACHE_KIB = 96 * 1024


@dataclass(frozen=True, slots=True)
class FileRead:
    name: str
    format: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Staged:
    """What was read, on the connection whose temporary tables hold it."""

    connection: Connection
    source: str
    bulletin: str
    basis: Basis
    keys: Keys
    files: tuple[FileRead, ...]


@contextmanager
def read(
    engine: Engine,
    paths: Sequence[Path],
    *,
    source: str,
    bulletin: str,
    basis: Basis,
    keys: Keys,
    rules: tuple[Rule, ...] = (),
) -> Iterator[Staged]:
    """Read every file into temporary tables. Raises SubscribersError, with all problems, if one is not a list.

    `rules` come from `formats.mapping.parse_rules`. The tables are gone at the end, whatever happens.
    """
    from subscribers.imports.planning import planning

    with engine.connect() as plain:
        connection = plain.execution_options(begin="DEFERRED")
        try:
            temporary.create_all(connection, checkfirst=False)
            planning.create_all(connection, checkfirst=False)
            _number(connection)
            bits = _bits(connection, rules)
            files = _read_files(connection, paths, keys, rules, bits)
            _ready(connection)
            connection.commit()
            yield Staged(connection, source, bulletin, basis, keys, files)
        finally:
            connection.rollback()
            planning.drop_all(connection)
            temporary.drop_all(connection)
            connection.commit()


# On PostgreSQL every row gets the number of the subscriber whom it may become, which saves two joins of a million rows.
NUMBER: ColumnElement[int] = column("number", BigInteger)


def _number(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        following = "DEFAULT nextval(pg_get_serial_sequence('subscriber', 'id'))"
        connection.exec_driver_sql(f"ALTER TABLE staged_row ADD COLUMN number BIGINT {following}")


def _bits(connection: Connection, rules: tuple[Rule, ...]) -> dict[str, int]:
    """Where each audience of the rules has its bit. A new audience is given one, which is harmless if nothing comes of it."""
    tags = {tag for rule in rules for tag in (*rule.words.values(), *([rule.any_yes] if rule.any_yes else []))}
    known = choices.bits(connection)
    if tags <= known.keys():
        return known
    connection.rollback()
    raise SubscribersError(
        f"These audiences are not known to the database yet: {', '.join(sorted(tags - known.keys()))}. "
        "They are added when the settings are read: call choices.allot first."
    )


def _read_files(
    connection: Connection, paths: Sequence[Path], keys: Keys, rules: tuple[Rule, ...], bits: dict[str, int]
) -> tuple[FileRead, ...]:
    hashed = bool(connection.scalar(select(func.count()).select_from(suppression)))
    lists, problems = [], []
    for path in paths:
        try:
            lists.append(open_list(path, rules, bits))
        except SubscribersError as error:
            problems.append(str(error))
    if problems:
        raise SubscribersError("\n".join(problems))
    found = []
    for number, old in enumerate(lists):
        trouble: list[dict[str, Any]] = []
        rows = _write(connection, _understood(old.rows, number, keys, trouble, hash_all=hashed))
        for start in range(0, len(trouble), 10_000):
            connection.execute(insert(unreadable_row), trouble[start : start + 10_000])
        found.append(FileRead(old.name, old.format, old.sha256, rows + len(trouble)))
    return tuple(found)


# The first five columns of staged_row, for the plain yes that most rows are; or all of them.
StagedTuple = tuple[Any, ...]
PLAIN_COLUMNS = 5


def _understood(
    rows: Iterable[Row | Unreadable], file: int, keys: Keys, trouble: list[dict[str, Any]], *, hash_all: bool
) -> Iterator[StagedTuple]:
    for row in rows:
        if isinstance(row, Unreadable):
            trouble.append({"file": file, "line": row.line, "why": row.why})
            continue
        line, text, name, says, why, at, mask, at_once, evidence = row
        address = quick(text)
        if address is None:
            try:
                address = parse(text)
            except BadAddress as error:
                shown = _storable(text.strip()[:SHOWN_CHARACTERS])
                trouble.append({"file": file, "line": line, "why": f'"{shown}" is not an address: {error}'})
                continue
        written, key = address
        if not name.isascii() or "\0" in name:
            name = _storable(name)
        if not says and written == key and not hash_all and not evidence and not at_once:
            yield key, name, mask, file, line
        else:
            yield (
                key,
                name,
                mask,
                file,
                line,
                None if written == key else written,
                says,
                _storable(why) or None,
                at or None,
                at_once,
                _evidence(evidence, file, line) if evidence else None,
                address_hash(keys, key) if hash_all or says == NO else None,
            )


def _storable(text: str) -> str:
    """Without what a database refuses to keep: NUL, and halves of a pair."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _evidence(evidence: str, file: int, line: int) -> str:
    return json.dumps({"file": file, "line": line, **json.loads(evidence)}, ensure_ascii=False)


def _write(connection: Connection, rows: Iterator[StagedTuple]) -> int:
    if connection.dialect.name == "postgresql":
        return _copy(connection, rows)
    driver: Any = connection.connection.driver_connection
    if not connection.in_transaction():
        connection.begin()
    written = 0
    while batch := list(islice(rows, BATCH)):
        written += len(batch)
        for width in (PLAIN_COLUMNS, len(staged_row.columns)):
            names = ", ".join(f'"{each.name}"' for each in list(staged_row.columns)[:width])
            places = ", ".join("?" * width)
            alike = [row for row in batch if len(row) == width]
            driver.executemany(f"INSERT INTO staged_row ({names}) VALUES ({places})", alike)
    return written


def _copy(connection: Connection, rows: Iterator[StagedTuple]) -> int:
    """PostgreSQL's COPY, a thousand lines at a time: twenty times faster than INSERT."""
    driver: Any = connection.connection.driver_connection
    written = 0
    names = ", ".join(each.name for each in staged_row.columns)
    with driver.cursor() as cursor, cursor.copy(f"COPY staged_row ({names}) FROM STDIN") as copying:
        while batch := list(islice(rows, BATCH)):
            written += len(batch)
            copying.write("".join([_copy_line(row) for row in batch]))
    return written


PLAIN_REST = f"\t\\N\t{YES}\t\\N\t\\N\t0\t\\N\t\\N\n"


def _copy_line(row: StagedTuple) -> str:
    if len(row) == PLAIN_COLUMNS:
        key, name, mask, file, line = row  # nothing in a plain key needs an escape, and hardly ever in a name
        if "\\" in name or not name.isprintable():
            name = name.translate(_COPY_ESCAPES)
        return f"{key}\t{name}\t{mask}\t{file}\t{line}{PLAIN_REST}"
    return "\t".join([_copied(value) for value in row]) + "\n"


_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copied(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value if value.isalnum() else value.translate(_COPY_ESCAPES)
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(int(value))  # type: ignore[call-overload]


def _ready(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA temp.cache_size = -{TEMPORARY_CACHE_KIB}")
        # All that the later steps need, so that they walk the index in order and never look up a row.
        names = "key, name, choices, file, line, address, says, at_once, evidence"
        connection.exec_driver_sql(f"CREATE INDEX staged_row_key ON staged_row ({names})")
    count(connection, "staged_row", ("key", "address", "name", "evidence", "hash"))


def count(connection: Connection, table: str, personal: tuple[str, ...]) -> None:
    """Let PostgreSQL know how large a temporary table is, without samples of its personal columns in the catalogue (C7)."""
    if connection.dialect.name == "postgresql":
        for name in personal:
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {name} SET STATISTICS 0")
        connection.exec_driver_sql(f"ANALYZE {table}")
