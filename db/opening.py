"""A database's address in, an engine out that keeps what it has acknowledged, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError
from sqlalchemy.exc import DatabaseError as DriverRefuses

from db.errors import DatabaseError

EXAMPLES = "Write [db] url as sqlite:///var/bulletin.db or postgresql://user@host/database."
PRIVATE_FOLDER = 0o700  # addresses are personal data: nobody else on the machine reads them
PRIVATE_FILE = 0o600
WAL_KEPT_BYTES = 64 * 1024 * 1024  # a large import's write-ahead log is cut back to this afterwards
PAGE_CACHE_KIB = 32 * 1024
CONNECT_SECONDS = 10
# A host whose network is cut says no farewell: the server would keep its locks for two hours, and it would wait as long.
# Both sides look after ten seconds of silence and give up within half a minute.
SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
UNANSWERED_MS = 30_000
SERVER_OPTIONS = " ".join(f"-c tcp_{name}={value}" for name, value in SILENCE.items()) + (
    f" -c tcp_user_timeout={UNANSWERED_MS}"
)


def open_database(url: str, *, root: Path | None = None, busy_seconds: float = 65) -> Engine:
    """An engine for `url`. A relative SQLite path starts at `root` (default: the working folder).

    `busy_seconds`: how long a SQLite writer waits for another one before it gives up. The default outlives a lock held
    for a minute (R7), such as a backup by another program.
    Nothing is connected yet. Raises DatabaseError when the address is not one of ours.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(_sqlite_path(parsed, root), busy_seconds)
    return _open_postgresql(parsed)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read-only connection: SQLite's BEGIN DEFERRED sees one snapshot and takes no lock that a writer waits for."""
    options: dict[str, Any] = {"begin": "DEFERRED"}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        _switch_writing(connection, on=False)
        try:
            yield connection.execution_options(**options)
        finally:
            _switch_writing(connection, on=True)


@contextmanager
def writing_at_once(engine: Engine) -> Iterator[Connection]:
    """See `db.writing_at_once`. PostgreSQL locks rows, so nobody waits there."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection if engine.dialect.name == "sqlite" else None
        patience = driver.execute("PRAGMA busy_timeout").fetchone()[0] if driver else 0
        if driver:
            driver.execute("PRAGMA busy_timeout = 0")
        try:
            with connection.begin():
                yield connection
        finally:
            if driver:
                driver.execute(f"PRAGMA busy_timeout = {patience}")


def _switch_writing(connection: Connection, *, on: bool) -> None:
    if connection.dialect.name == "sqlite" and (driver := connection.connection.driver_connection):
        driver.execute(f"PRAGMA query_only = {'OFF' if on else 'ON'}")


@contextmanager
def said_clearly(engine: Engine) -> Iterator[None]:
    """Turn a driver's error about the database as a whole into a DatabaseError without the password."""
    try:
        yield
    except (DriverRefuses, InterfaceError) as error:
        where = engine.url.render_as_string(hide_password=True)
        raise DatabaseError(f"The database {where} cannot be used: {_first_line(error)}. {EXAMPLES}") from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url.strip())
    except ArgumentError as error:
        raise DatabaseError(f"The database address cannot be read. {EXAMPLES}") from error  # it may hold a password
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed
    raise DatabaseError(f'"{parsed.drivername}" is not a database that Bulletin knows. {EXAMPLES}')


def _sqlite_path(parsed: URL, root: Path | None) -> Path:
    if not parsed.database or parsed.database == ":memory:":
        raise DatabaseError(f"A database in memory would forget everything. {EXAMPLES}")
    return (root or Path()).joinpath(parsed.database).absolute()


def _open_sqlite(path: Path, busy_seconds: float) -> Engine:
    _make_file(path)
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        if not path.exists():
            # Never a file that is there: closing it would drop every lock that this process's other connections hold on
            # it (POSIX), and the next writer would damage it. -wal and -shm take the same permissions.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, PRIVATE_FILE))
    except FileExistsError:
        if not path.is_file():
            raise DatabaseError(f"The database file {path} cannot be made: its folder is a file. {EXAMPLES}") from None
    except OSError as error:
        raise DatabaseError(f"The database file {path} cannot be made: {error.strerror}. {EXAMPLES}") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own leaves DDL outside of transactions
    cursor = connection.cursor()
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(
        "PRAGMA synchronous = FULL"
    )  # a power cut lost 237 of 297 acknowledged rows with NORMAL, 0 with FULL
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # an erased address is overwritten with zeros (C7)
    cursor.execute(f"PRAGMA journal_size_limit = {WAL_KEPT_BYTES}")
    cursor.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """IMMEDIATE unless asked otherwise: a transaction that starts by reading cannot be refused its first write."""
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'IMMEDIATE')}")


def _open_postgresql(parsed: URL) -> Engine:
    settings: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": "bulletin",
        **SILENCE,
        "tcp_user_timeout": UNANSWERED_MS,
    }
    if "options" not in parsed.query:
        settings["options"] = f"-c timezone=UTC {SERVER_OPTIONS}"
    try:
        return create_engine(parsed, connect_args=settings, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        message = 'PostgreSQL needs its driver: pip install "bulletin[postgresql]"'
        raise DatabaseError(message) from error
