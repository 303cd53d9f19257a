"""The register of subscribers, opened for the desk: database, keys, and who acts."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

import db
from desk.settings import Settings
from subscribers import choices
from subscribers.choices import allot, bits
from subscribers.keys import load_or_make_keys
from subscribers.model import Basis, Proof
from subscribers.tokens import Keys

DATABASE = "sqlite:///var/bulletin.db"


@dataclass(frozen=True, slots=True)
class Register:
    engine: Engine
    keys: Keys
    bases: Mapping[str, Basis]
    settings: Settings

    @property
    def axes(self) -> dict[str, frozenset[str]]:
        return {axis.id: axis.tag_ids for axis in self.settings.house.audiences.axes}

    @property
    def reports(self) -> Path:
        return self.settings.root / "var" / "reports"


def open_register(settings: Settings) -> Register:
    """The database brought up to date. Raises DatabaseError and SubscribersError, which say what to do."""
    engine = db.open_database(database_url(settings), root=settings.root)
    db.migrate(engine)
    _know_audiences(engine, settings)
    keys = load_or_make_keys(settings.root / "var" / "keys")
    _allot_tags(engine, frozenset(tag.id for tag in settings.house.audiences.tags))
    return Register(engine, keys, lawful_bases(settings), settings)


def _know_audiences(engine: Engine, settings: Settings) -> None:
    """Each tag of the settings has its bit. Looked at first: a command that only reads waits for no writer."""
    tags = {tag.id for tag in settings.house.audiences.tags}
    with db.reading(engine) as connection:
        known = bits(connection)
    if tags - known.keys():
        with db.writing(engine) as connection:
            allot(connection, tags)


def _allot_tags(engine: Engine, tags: frozenset[str]) -> None:
    """Every audience has its place in the register, before anybody chooses it or an old list names it."""
    with db.reading(engine) as connection:
        missing = tags - choices.bits(connection).keys()
    if missing:
        with db.writing(engine) as connection:
            choices.allot(connection, tags)


def database_url(settings: Settings) -> str:
    return os.environ.get("DATABASE_URL") or str(settings.rooms["db"].get("url", DATABASE))


def lawful_bases(settings: Settings) -> dict[str, Basis]:
    """[subscribers.basis] names the bulletins that go out as a public task; all others rest on consent (C2)."""
    named = settings.rooms["subscribers"].get("basis", {})
    return {name: "public-task" if named.get(name) == "public-task" else "consent" for name in settings.house.bulletins}


def staff_proof(how: str, *, source: str = "", evidence: str = "") -> Proof:
    """Somebody at the desk did this, now."""
    return Proof(at=datetime.now(UTC), how=how, actor=_actor(), source=source, evidence=evidence)


def _actor() -> str:
    try:
        return f"staff:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):  # no name for this user on this machine
        return "staff"
