"""Files in, one temporary table of understood rows out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    insert,
    select,
)

from db.schema.base import Plain
from db.schema.subscribers import suppression
from subscribers import choices
from subscribers.address import parse, quick
from subscribers.formats import open_list
from subscribers.formats.mapping import Rule
from subscribers.model import NO, BadAddress, Basis, Row, SubscribersError, Unreadable
from subscribers.tokens import Keys, address_hash

temporary = MetaData()
staged_row = Table(
    "staged_row",
    temporary,
    Column("key", Plain),
    Column("address", Text),  # none when it is the key
    Column("name", Text),
    Column("says", SmallInteger),
    Column("why", Text),
    Column("at", Text),
    Column("choices", BigInteger),
    Column("at_once", SmallInteger),
    Column("file", SmallInteger),
    Column("line", BigInteger),
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


StagedTuple = tuple[
    str, str | None, str, int, str | None, str | None, int, int, int, int, str | None, bytes | None
]  # as the columns of staged_row


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
                shown = text.strip()[:SHOWN_CHARACTERS]
                trouble.append({"file": file, "line": line, "why": f'"{shown}" is not an address: {error}'})
                continue
        written, key = address
        yield (
            key,
            None if written == key else written,
            _storable(name),
            says,
            why or None,
            at or None,
            mask,
            at_once,
            file,
            line,
            _evidence(evidence, file, line) if evidence else None,
            address_hash(keys, key) if hash_all or says == NO else None,
        )


def _storable(text: str) -> str:
    """Without what a database refuses to keep: NUL, and halves of a pair."""
    return text if text.isascii() and "\0" not in text else text.replace("\0", "").encode(errors="replace").decode()


def _evidence(evidence: str, file: int, line: int) -> str:
    return json.dumps({"file": file, "line": line, **json.loads(evidence)}, ensure_ascii=False)


def _write(connection: Connection, rows: Iterator[StagedTuple]) -> int:
    if connection.dialect.name == "postgresql":
        return _copy(connection, rows)
    driver: Any = connection.connection.driver_connection
    if not connection.in_transaction():
        connection.begin()
    places = ",".join("?" * len(staged_row.columns))
    cursor = driver.executemany(f"INSERT INTO staged_row VALUES ({places})", rows)
    return max(0, int(cursor.rowcount))


def _copy(connection: Connection, rows: Iterator[StagedTuple]) -> int:
    """PostgreSQL's COPY, a thousand lines at a time: twenty times faster than INSERT."""
    driver: Any = connection.connection.driver_connection
    count = 0
    lines: list[str] = []
    with driver.cursor() as cursor, cursor.copy("COPY staged_row FROM STDIN") as copying:
        for row in rows:
            count += 1
            lines.append("\t".join([_copied(value) for value in row]))
            if len(lines) == 1000:
                copying.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            copying.write("\n".join(lines) + "\n")
    return count


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
    connection.exec_driver_sql("CREATE INDEX staged_row_key ON staged_row (key)")
    count(connection, "staged_row", ("key", "address", "name", "evidence", "hash"))


def count(connection: Connection, table: str, personal: tuple[str, ...]) -> None:
    """Let PostgreSQL know how large a temporary table is, without samples of its personal columns in the catalogue (C7)."""
    if connection.dialect.name == "postgresql":
        for column in personal:
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
        connection.exec_driver_sql(f"ANALYZE {table}")
