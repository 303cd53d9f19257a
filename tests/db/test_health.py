"""What the doctor says about a database: whole or damaged, writable or not, and nothing is changed by looking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, inspect, text

import db
from db import health

NOW = datetime.now(UTC)


def bad(engine: Engine, now: datetime = NOW) -> str:
    return " | ".join(sign.words for sign in health.look(engine, now) if not sign.is_good)


def test_a_healthy_database_is_left_as_it_was(database: Engine) -> None:
    before = set(inspect(database).get_table_names())
    assert bad(database, datetime.now(UTC)) == ""
    assert set(inspect(database).get_table_names()) == before


def test_a_database_behind_is_told(empty_database: Engine) -> None:
    assert "schema" in bad(empty_database, datetime.now(UTC))


def fresh(tmp_path: Path) -> tuple[Engine, Path]:
    file = tmp_path / "x.db"
    engine = db.open_database(f"sqlite:///{file}")
    db.migrate(engine)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO approval VALUES ('weekly', '2025-01-14', :mark, 'x', '2025')"), {"mark": "y" * 90_000}
        )
    engine.dispose()  # the last connection empties the write-ahead log
    return engine, file


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    engine, file = fresh(tmp_path)
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 8] = b"\xff" * 4096 * 5
    file.write_bytes(content)
    assert "damaged" in bad(engine) or "cannot be used" in bad(engine)
    engine.dispose()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    engine, _ = fresh(tmp_path)
    locked = db.open_database(str(engine.url), busy_seconds=0.1)
    with engine.connect() as holder, holder.begin():
        holder.execute(text("DELETE FROM approval"))
        assert "locked" in bad(locked)
    locked.dispose()
    engine.dispose()


def test_a_clock_that_is_not_the_databases_is_told(database: Engine) -> None:
    said = bad(database, datetime.now(UTC) + timedelta(minutes=10))
    assert ("clock" in said) is (database.dialect.name == "postgresql")
