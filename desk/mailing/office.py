"""What a sending needs: the register, the press, the settings of delivery; put together once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event

from builder.model import Finding
from builder.press import Press
from desk.delivering import Delivering, read_delivering
from desk.house import open_press
from desk.readers.register import Register, open_register
from desk.settings import Settings


class CannotSend(Exception):
    """The message says what is in the way; nothing was sent. `findings`: what has to be mended first."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that a sending needs, put together once."""

    register: Register
    press: Press
    delivering: Delivering
    ahead: timedelta = timedelta(0)  # of the machine's clock is the time that a person named (--now)

    @property
    def engine(self) -> Engine:
        return self.register.engine

    @property
    def now(self) -> datetime:
        return self.press.now.astimezone(UTC)

    @property
    def today(self) -> date:
        return self.press.now.date()


CACHE_KIB = 8 * 1024  # SQLite's pages in memory: a million readers are read once, in their order, and kept by nobody


def _hold_little(engine: Engine) -> None:
    """Else the pages alone would take a quarter of what a sending to a million readers may take."""
    if engine.dialect.name == "sqlite":
        engine.dispose()  # what is open already has its cache
        event.listen(engine, "connect", _small_cache)


def _small_cache(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


@contextmanager
def open_office(settings: Settings, now: datetime | None = None) -> Iterator[Office]:
    """Raises SettingsError, DatabaseError and SubscribersError, which say what to do."""
    delivering = read_delivering(settings)
    register = open_register(settings)
    _hold_little(register.engine)
    press = open_press(settings, now=now)
    try:
        yield Office(register, press, delivering, now - datetime.now(UTC) if now else timedelta(0))
    finally:
        register.engine.dispose()
        press.cache.close()
