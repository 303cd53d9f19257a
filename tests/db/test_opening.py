"""How a database is opened: what it promises, and what it refuses, on both databases."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

import db
from db.schema import subscribers as tables

NOON = datetime(2025, 1, 14, 12, tzinfo=UTC)


def test_importing_db_does_not_load_sqlalchemy() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import db, sys; print('sqlalchemy' in sys.modules)"], capture_output=True, text=True
    )
    assert seen.stdout.strip() == "False"


def test_sqlite_keeps_what_it_has_acknowledged(tmp_path: Path) -> None:
    engine = db.open_database("sqlite:///var/bulletin.db", root=tmp_path)
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_new_file_and_its_folder_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    db.migrate(db.open_database("sqlite:///var/bulletin.db", root=tmp_path))
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0
    assert (tmp_path / "var" / "bulletin.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["postgres://office@db.example/bulletin", "postgresql://office@db.example/bulletin"])
def test_both_spellings_of_a_postgresql_address_are_understood(url: str) -> None:
    assert db.open_database(url).dialect.driver == "psycopg"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://office@db.example/bulletin", '"mysql" is not a database that Bulletin knows'),
        ("sqlite://", "in memory would forget everything"),
        ("nonsense", "cannot be read"),
        ("sqlite:////dev/null/bulletin.db", "cannot be made"),
    ],
)
def test_an_address_of_another_kind_is_refused_with_an_example(url: str, said: str) -> None:
    with pytest.raises(db.DatabaseError, match=said) as refused:
        db.open_database(url)
    assert "sqlite:///var/bulletin.db" in str(refused.value)


def test_a_password_is_never_in_the_message() -> None:
    engine = db.open_database("postgresql://office:hunter2@127.0.0.1:1/bulletin")
    with pytest.raises(db.DatabaseError) as refused:
        db.migrate(engine)
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_a_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8" * 5000)
    with pytest.raises(db.DatabaseError, match="not a database"):
        db.migrate(db.open_database(f"sqlite:///{photo}"))
    assert photo.read_bytes() == b"\xff\xd8" * 5000


def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Engine) -> None:
    told = NOON.astimezone(timezone(timedelta(hours=1)))
    with db.writing(database) as connection:
        connection.execute(insert(tables.retention_run), {"at": told, "counts": "{}"})
    with db.reading(database) as connection:
        found = connection.scalar(select(tables.retention_run.c.at))
    assert found == NOON
    assert found is not None and found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Engine) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(Exception, match="has no time zone"), db.writing(database) as connection:
        connection.execute(insert(tables.retention_run), {"at": naive, "counts": "{}"})


def test_who_reads_cannot_write(database: Engine) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), db.reading(database) as connection:
        connection.execute(text("DELETE FROM suppression"))


def test_who_reads_sees_one_moment_while_another_writes(database: Engine) -> None:
    with db.reading(database) as reader:
        before = reader.scalar(text("SELECT count(*) FROM retention_run"))
        with db.writing(database) as writer:
            writer.execute(insert(tables.retention_run), {"at": NOON, "counts": "{}"})
        assert reader.scalar(text("SELECT count(*) FROM retention_run")) == before == 0


def test_a_second_writer_on_sqlite_waits_and_then_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bulletin.db"
    first, second = db.open_database(url), db.open_database(url, busy_seconds=0.05)
    db.migrate(first)
    with db.writing(first), pytest.raises(OperationalError, match="locked"), db.writing(second):
        pass


def test_a_row_without_its_owner_is_refused(database: Engine) -> None:
    with pytest.raises(IntegrityError), db.writing(database) as connection:
        connection.execute(insert(tables.former_subscriber), {"id": 1, "subscriber_id": 99})
