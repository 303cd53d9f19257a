"""One sender at a time: whoever holds the fence of a mailing may send it, and a dead holder lets go at once."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from delivery.model import DeliveryError

# Keeps our advisory locks apart from those of other programs on the same PostgreSQL.
LOCK_SPACE = 0x62756C6C
NOTICING_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.0)


class BusyError(DeliveryError):
    """Another process is sending this mailing now."""


@contextmanager
def held(connection: Connection, mailing_id: int, share: int = 0) -> Iterator[None]:
    """Held until the end, or until this process or its database session dies. Raises BusyError.

    `share`: which of the mailing's batches; 0 is the whole mailing. SQLite: flock beside the database file. PostgreSQL:
    an advisory lock of this very session, so that a sender that lost its session cannot write either.
    """
    if connection.dialect.name == "sqlite":
        with _flocked(Path(f"{connection.engine.url.database}.mailing-{mailing_id}-{share}.lock"), mailing_id):
            yield
    else:
        with _advised(connection, mailing_id, share):
            yield


def is_held(engine: Engine, mailing_id: int) -> bool:
    """Whether somebody is sending it at this moment."""
    try:
        with engine.connect() as connection, held(connection, mailing_id):
            return False
    except BusyError:
        return True


@contextmanager
def _flocked(path: Path, mailing_id: int) -> Iterator[None]:
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(f"mailing {mailing_id} is being sent by another process") from error
        yield
    finally:
        os.close(handle)


@contextmanager
def _advised(connection: Connection, mailing_id: int, share: int) -> Iterator[None]:
    """The mailing's lock is shared among its batches; each batch's own is exclusive."""
    locks = (
        [(LOCK_SPACE, mailing_id, "")] if share == 0 else [(LOCK_SPACE, mailing_id, "_shared"), (mailing_id, share, "")]
    )
    taken: list[tuple[int, int, str]] = []
    try:
        for space, key, kind in locks:
            if not _ask_patiently(connection, f"pg_try_advisory_lock{kind}", space, key):
                raise BusyError(f"mailing {mailing_id} is being sent by another process")
            taken.append((space, key, kind))
        yield
    finally:
        if not connection.closed and not connection.invalidated:
            for space, key, kind in taken:
                _ask(connection, f"pg_advisory_unlock{kind}", space, key)


def _ask_patiently(connection: Connection, function: str, space: int, key: int) -> bool:
    """PostgreSQL notices a moment late that the session of a killed sender is dead."""
    for wait in NOTICING_SECONDS:
        if _ask(connection, function, space, key):
            return True
        time.sleep(wait)
    return False


def _ask(connection: Connection, function: str, space: int, key: int) -> bool:
    with connection.begin():
        return bool(connection.execute(text(f"SELECT {function}(:space, :key)"), {"space": space, "key": key}).scalar())
