"""A backup's file → the house, in steps that can each be repeated: killed anywhere, the same command goes on.

First everything is unpacked and compared beside the house; then a journal is written; only then do folders change their
names. While the journal is there, no other command works (`desk.settings.load`). What was there before is kept beside.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import DatabaseError as DriverError

import db
from builder.addresses import FILE as REGISTER
from db import portable
from db.versions import migrate
from desk.backup import merging
from desk.backup.errors import BackupError
from desk.backup.staging import Staged, stage
from desk.keeping import read_keeping
from desk.settings import FILE, JOURNAL, SettingsError, load
from subscribers.keys import load_or_make_keys
from subscribers.tokens import Keys

STAGE, NEW_SCHEMA = ".bulletin-restore", "bulletin_restoring"
UNITS = ("var", "templates", "content", "bulletin.toml")


@dataclass(slots=True)
class Restored:
    made: datetime | None = None
    kept: Path | None = None
    """Where what was there before is kept; None when there was nothing."""
    noes: int = 0
    mailings: int = 0
    """Mailings taken over from the house that was replaced."""
    doubted: int = 0
    waiting: list[str] = field(default_factory=list)
    alone: bool = False
    """The house that was replaced could not be asked, or was not there."""
    finished_earlier: bool = False


def restore(root: Path, file: Path | None, *, now: datetime, yes: bool = False, passphrase: str = "") -> Restored:
    """`file` None: only finish what was cut off. Raises BackupError; then the house is as it was, or the message says how to go on."""
    root = root.absolute()
    if (root / JOURNAL).exists():
        return _finish(root)
    if file is None:
        raise BackupError("No restore was cut off here. Name the backup: bulletin restore FILE")
    living = (root / FILE).exists() or (root / "content").exists() or (root / "var").exists()
    if living and not yes:
        raise BackupError(
            f"{root} is a house already. To put the backup in its place, say --yes; what is there is kept beside."
        )
    shutil.rmtree(root / STAGE, ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    staged = stage(file, root / STAGE, passphrase)
    try:
        return _replace(root, staged, now)
    except BaseException:
        if not (root / JOURNAL).exists():
            shutil.rmtree(root / STAGE, ignore_errors=True)
        raise


def _replace(root: Path, staged: Staged, now: datetime) -> Restored:
    done = Restored(made=staged.made)
    url = _url(staged)
    _keep_register(root, staged)
    with _living(root, url) as (there, keys):
        _refuse_other_house(staged, there, keys)
        if url.startswith("sqlite"):
            _new_file(staged, url, there, now, done)
        else:
            _new_schema(staged, url, there, now, done)
        stamp = f"{now:%Y-%m-%d-%H%M%S}-{now.microsecond // 1000:03}"
        _write_journal(root, {"stamp": stamp, "url": url if not url.startswith("sqlite") else ""})
    _finish(root)
    kept = root / f"before-restore-{stamp}"
    done.kept = kept if kept.exists() else None
    return done


# --- the house as it is ----------------------------------------------------------------------------------------------


def _url(staged: Staged) -> str:
    """Where the restored house keeps its people: as its own settings and this machine's environment say."""
    try:
        found = read_keeping(load(staged.house, None)).database
    except SettingsError as error:
        raise BackupError(f"The backup's bulletin.toml cannot be used: {error} Nothing was changed.") from error
    if found.startswith("sqlite") and not _sqlite_file(staged.house, found).is_relative_to(staged.house / "var"):
        raise BackupError(
            f"The backup's database is {found}, which is outside of var/. Set DATABASE_URL to one in var/."
        )
    return found


def _sqlite_file(root: Path, url: str) -> Path:
    return (root / str(make_url(url).database)).absolute()


@contextmanager
def _living(root: Path, url: str) -> Iterator[tuple[Engine | None, Keys | None]]:
    """The database of the house as it is, held so that nobody changes it meanwhile; None when there is none."""
    if url.startswith("sqlite"):
        file = _sqlite_file(root, url)
        if not file.exists():
            yield None, _keys(root)
            return
        with _alone_with(file):
            pass
    engine = db.open_database(url, root=root)
    try:
        yield (engine if _readable(engine) else None), _keys(root)
    finally:
        engine.dispose()


def _readable(engine: Engine) -> bool:
    """Not when it is new, or so damaged that nothing can be taken over from it: that is what backups are for."""
    try:
        if not inspect(engine).has_table("alembic_version"):
            return False
        if engine.dialect.name == "postgresql":
            _refuse_company(engine)
        db.migrate(engine)
        with db.reading(engine) as connection:
            merging.is_empty(connection)
    except (DriverError, db.DatabaseError):
        return False
    return True


def _refuse_company(engine: Engine) -> None:
    with db.reading(engine) as connection:
        others = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = 'bulletin' AND pid <> pg_backend_pid()"
            )
        ).scalar()
    if others:
        raise BackupError("Another program has the database open. Stop bulletin serve and every sending first.")


@contextmanager
def _alone_with(file: Path) -> Iterator[None]:
    """Raises BackupError while another program has it open: it would go on writing into what was put aside."""
    driver = sqlite3.connect(file, timeout=1, isolation_level=None)
    try:
        driver.execute("PRAGMA journal_mode = DELETE")
        yield
    except sqlite3.OperationalError as error:
        raise BackupError(
            "Another program has the database open. Stop bulletin serve and every sending first."
        ) from error
    except sqlite3.DatabaseError:
        yield  # so damaged that nothing can be taken over from it: that is what backups are for
    finally:
        driver.close()


def _keys(root: Path) -> Keys | None:
    return load_or_make_keys(root / "var" / "keys") if (root / "var" / "keys" / "addresses.key").exists() else None


def _refuse_other_house(staged: Staged, there: Engine | None, keys: Keys | None) -> None:
    """A "no" is kept as a keyed hash: under other keys nobody could tell whose it is."""
    if there is None:
        return
    with db.reading(there) as connection:
        if merging.is_empty(connection):
            return
    backup = _keys(staged.house)
    if backup is None or keys is None or backup.addresses != keys.addresses:
        raise BackupError(
            "This house has readers of its own, and the backup was made with other keys: every refusal that was said here "
            "would be lost. Restore it into an empty folder. Nothing was changed."
        )


def _keep_register(root: Path, staged: Staged) -> None:
    if (root / REGISTER).exists():
        place = staged.house / REGISTER
        backup = place.read_text("utf-8") if place.exists() else ""
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(merging.merge_registers(backup, (root / REGISTER).read_text("utf-8")), "utf-8")


# --- the new database ------------------------------------------------------------------------------------------------


def _new_file(staged: Staged, url: str, living: Engine | None, now: datetime, done: Restored) -> None:
    file = _sqlite_file(staged.house, url)
    engine = db.open_database(f"sqlite:///{file}")
    try:
        _fill(engine, staged, living, now, done)
    finally:
        engine.dispose()
    with _alone_with(file):  # one file, without a write-ahead log beside it
        pass


def _new_schema(staged: Staged, url: str, living: Engine | None, now: datetime, done: Restored) -> None:
    with _admin(url) as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {NEW_SCHEMA} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {NEW_SCHEMA}"))
    options = f"-c timezone=UTC -c search_path={NEW_SCHEMA}"
    inner = make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)
    engine = db.open_database(inner)
    try:
        _fill(engine, staged, living, now, done)
    finally:
        engine.dispose()


def _fill(engine: Engine, staged: Staged, living: Engine | None, now: datetime, done: Restored) -> None:
    migrate(engine, staged.schema)
    try:
        with db.writing(engine) as connection:
            for name in portable.names():
                if name in staged.tables:
                    portable.rows_in(connection, name, staged.lines(name))
            portable.counters_in(connection, staged.counters)
    except (ValueError, KeyError, StopIteration) as error:
        raise BackupError(f"The backup's database cannot be read: {error}. Nothing was changed.") from error
    migrate(engine)
    keys = load_or_make_keys(staged.house / "var" / "keys")
    with db.writing(engine) as connection:
        if living is not None:
            with db.reading(living) as there:
                done.noes = merging.keep_noes(connection, there, keys, now)
                done.mailings = merging.keep_ledger(connection, there)
                for name in merging.keep_withdrawals(connection, there):
                    for photo in (staged.house / "var" / "photos").glob(f"{escape(name)}-*"):
                        photo.unlink()
                portable.counters_in(connection, portable.counters_out(there))
        else:
            done.alone = True
            done.doubted = merging.doubt_the_rest(connection, now)
        done.waiting = merging.hold_everything(connection)


@contextmanager
def _admin(url: str) -> Iterator[Connection]:
    engine = db.open_database(url)
    try:
        with db.writing(engine) as connection:
            yield connection
    finally:
        engine.dispose()


# --- the swap --------------------------------------------------------------------------------------------------------


def _write_journal(root: Path, told: dict[str, Any]) -> None:
    partial = root / f"{JOURNAL}.partial"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(told, out)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(root / JOURNAL)


def _finish(root: Path) -> Restored:
    told = json.loads((root / JOURNAL).read_text())
    aside = root / f"before-restore-{told['stamp']}"
    if told["url"]:
        _swap_schema(told["url"], told["stamp"])
    for unit in UNITS:
        _swap(root / unit, root / STAGE / "house" / unit, aside / unit)
    (root / JOURNAL).unlink()
    shutil.rmtree(root / STAGE, ignore_errors=True)
    return Restored(finished_earlier=True, kept=aside if aside.exists() else None)


def _swap(live: Path, staged: Path, aside: Path) -> None:
    """Done already when there is nothing staged. A part that the backup does not have stays as it is."""
    if not staged.exists():
        return
    if live.exists() and not aside.exists():
        aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        live.rename(aside)
    staged.rename(live)


def _swap_schema(url: str, stamp: str) -> None:
    """One transaction: the old tables are kept under another name."""
    with _admin(url) as connection:
        there = set(inspect(connection).get_schema_names())
        if NEW_SCHEMA in there:
            connection.execute(text(f'ALTER SCHEMA public RENAME TO "before_restore_{stamp.replace("-", "_")}"'))
            connection.execute(text(f"ALTER SCHEMA {NEW_SCHEMA} RENAME TO public"))
