"""The register of subscribers, opened for the desk: database, keys, and who acts."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

import db
from desk.keeping import Keeping, read_keeping
from desk.notes.outbox import OUTBOX
from desk.settings import Settings
from subscribers.choices import allot, bits
from subscribers.keys import load_or_make_keys
from subscribers.model import Basis, Proof
from subscribers.tokens import Keys


@dataclass(frozen=True, slots=True)
class Register:
    engine: Engine
    keys: Keys
    keeping: Keeping
    settings: Settings

    @property
    def bases(self) -> Mapping[str, Basis]:
        return self.keeping.bases

    @property
    def axes(self) -> dict[str, frozenset[str]]:
        return {axis.id: axis.tag_ids for axis in self.settings.house.audiences.axes}

    @property
    def outbox(self) -> Path:
        """Letters of the relationship, as files; the folder that a sending writes into, too, unless told otherwise."""
        return self.settings.root / OUTBOX

    @property
    def reports(self) -> Path:
        return self.settings.root / "var" / "reports"

    @property
    def imports(self) -> Path:
        """Old lists that were uploaded and have not been decided about."""
        return self.settings.root / "var" / "imports"


def open_register(settings: Settings) -> Register:
    """The database brought up to date. Raises SettingsError, DatabaseError and SubscribersError, which say what to do."""
    keeping = read_keeping(settings)
    engine = db.open_database(keeping.database, root=settings.root)
    db.migrate(engine)
    know_audiences(engine, settings)
    return Register(engine, load_or_make_keys(settings.root / "var" / "keys"), keeping, settings)


def know_audiences(engine: Engine, settings: Settings) -> None:
    """Every audience has its place in the register, before anybody chooses it or an old list names it.

    Looked at first: a command that only reads waits for no writer.
    """
    tags = {tag.id for tag in settings.house.audiences.tags}
    with db.reading(engine) as connection:
        known = bits(connection)
    if tags - known.keys():
        with db.writing(engine) as connection:
            allot(connection, tags)


def staff_proof(how: str, *, source: str = "", evidence: str = "") -> Proof:
    """Somebody at the desk did this, now."""
    return Proof(at=datetime.now(UTC), how=how, actor=_actor(), source=source, evidence=evidence)


def _actor() -> str:
    try:
        return f"staff:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # no name for this user on this machine
        return "staff"
