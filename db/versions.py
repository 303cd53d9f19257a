"""Which schema a database has, and the way from there to the one this program knows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from db.errors import DatabaseBehind, DatabaseError, DatabaseTooNew
from db.opening import reading, said_clearly

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 0x42_75_6C_6C  # "Bull": any fixed number does; everybody who migrates asks for the same one


@cache
def known_revisions() -> tuple[str, ...]:
    """Every revision this program knows, oldest first: a file is named by its revision (0001_subscribers.py)."""
    return tuple(sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def check_version(engine: Engine) -> None:
    """Raise DatabaseTooNew or DatabaseBehind unless the schema is exactly the one this program knows."""
    with said_clearly(engine), reading(engine) as connection:
        found = _revision(connection)
    _refuse_newer(found)
    if found != known_revisions()[-1]:
        raise DatabaseBehind(
            f"The database has schema {found or 'none'}, this program needs {known_revisions()[-1]}. "
            "Make a backup, then bring the database up to date with: bulletin doctor --migrate"
        )


def migrate(engine: Engine, to: str = "") -> tuple[str, ...]:
    """Bring the schema up to date in one transaction; the revisions that were applied, oldest first.

    `to`: an earlier revision, for the rows of an old backup. Killed at any statement, it has changed nothing. Two at once: the second waits, then finds nothing to do (R20).
    """
    with said_clearly(engine), engine.connect() as connection:
        _switch_foreign_keys(connection, on=False)
        try:
            with connection.begin():
                applied = _migrate(connection, to or known_revisions()[-1])
        finally:
            _switch_foreign_keys(connection, on=True)
    return applied


def _migrate(connection: Connection, to: str) -> tuple[str, ...]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    found = _revision(connection)
    _refuse_newer(found)
    missing = tuple(each for each in known_revisions() if each <= to and (found is None or each > found))
    if missing:
        _upgrade(connection, to)
        _check_foreign_keys(connection)
    return missing


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_newer(found: str | None) -> None:
    if found is None or found in known_revisions():
        return
    raise DatabaseTooNew(
        f"The database has schema {found}, and this program knows only up to {known_revisions()[-1]}: a newer version of "
        "Bulletin has used it. Nothing was changed. Install that version again, or restore the backup made before it."
    )


def _switch_foreign_keys(connection: Connection, *, on: bool) -> None:
    """SQLite rebuilds a table to change it, and dropping the old one would empty the tables that refer to it.

    The switch works outside of a transaction only, hence the driver's own connection.
    """
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
        raise DatabaseError(
            f"The migration would leave rows without their owner ({broken[0][0]}); nothing was changed."
        )
