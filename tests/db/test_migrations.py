"""Migrations: a fresh schema is the migrated one, a killed one changes nothing, an older program refuses a newer database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

import db
from db.schema import metadata
from db.versions import known_revisions
from tests.databases import KINDS, dropped_postgresql, made_postgresql
from tests.db.schemas import described

ROOT = Path(__file__).parents[2]


def test_a_fresh_schema_is_the_migrated_one(database: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if database.dialect.name == "sqlite":
        fresh = db.open_database(f"sqlite:///{tmp_path}/fresh.db")
    else:
        fresh = db.open_database(made_postgresql(request.getfixturevalue("postgresql_server")))
    with db.writing(fresh) as connection:
        metadata.create_all(connection)
    assert described(fresh) == described(database)
    fresh.dispose()


def test_migrating_again_changes_nothing(database: Engine) -> None:
    before = described(database)
    assert db.migrate(database) == ()
    assert described(database) == before


def test_foreign_keys_are_on_again_after_a_migration(tmp_path: Path) -> None:
    engine = db.open_database(f"sqlite:///{tmp_path}/bulletin.db")
    db.migrate(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_an_older_program_refuses_a_newer_database_and_says_what_to_do(database: Engine) -> None:
    with db.writing(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = described(database)
    for act in (db.check_version, db.migrate):
        with pytest.raises(db.DatabaseTooNew, match=r"schema 9999.*Install that version again"):
            act(database)
    assert described(database) == before


def test_a_database_that_was_never_migrated_is_refused_with_the_command(empty_database: Engine) -> None:
    with pytest.raises(db.DatabaseBehind, match="bulletin doctor --migrate"):
        db.check_version(empty_database)


def test_revisions_follow_each_other_and_their_file_names() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(ROOT / "db" / "migrations"))
    walked = tuple(reversed([revision.revision for revision in script.walk_revisions()]))
    assert walked == known_revisions()


def test_two_processes_migrate_at_once_and_both_are_content(database_url: str) -> None:
    command = f"import db; e = db.open_database({database_url!r}); db.migrate(e); db.check_version(e)"
    running = [subprocess.Popen([sys.executable, "-c", command], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    said = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said


@pytest.mark.parametrize("kind", KINDS)
def test_a_migration_killed_at_any_statement_leaves_a_database_that_either_version_can_use(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    statements = 200
    if kind == "sqlite":
        urls = [f"sqlite:///{tmp_path}/{number}.db" for number in range(statements)]
        said = _killed(urls)
    else:  # a database costs a tenth of a second there, and the code is the same: every fifth statement
        said = _killed_on_postgresql(request.getfixturevalue("postgresql_server"), statements, step=5)
    *killed, last = said.splitlines()
    assert last == "alive", "more statements than databases: raise the number"
    assert len(killed) >= 15
    whole = killed[0].split()[3]
    for line in killed:
        _, _, left, after = line.split()
        assert (left, after) == ("0", whole), line  # nothing, then all of it: never half


def _killed_on_postgresql(server: str, statements: int, step: int) -> str:
    urls = [made_postgresql(server) for _ in range(0, statements, step)]
    try:
        return _killed(urls, step)
    finally:
        for url in urls:
            dropped_postgresql(server, url)


def _killed(urls: list[str], step: int = 1) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.db.killed", str(step), *urls],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert not done.stderr, done.stderr
    return done.stdout
