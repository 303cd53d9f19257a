"""Notes: letters to one reader about one act, kept in that act's transaction and followed to their end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Engine, Row, delete, func, literal_column, select, update

import db
from db.schema.notes import note as _note
from delivery.model import Outcome, State
from delivery.outcome import GIVE_UP_AFTER

TABLES_WITH_PEOPLE = ("note",)
DOUBT_KEPT = timedelta(days=7)  # the links in a note are dead by then
BARE: dict[str, Any] = {"address": "", "message": b""}


@dataclass(frozen=True)
class Note:
    """One letter. `address` and `message` are empty once its fate is known."""

    id: int
    kind: str
    address: str
    message: bytes
    made_at: datetime
    state: State
    attempts: int
    not_before: datetime | None
    at: datetime | None
    code: int
    status: str
    words: str

    @property
    def name(self) -> str:
        """Safe as a file's name, in the order of the notes, and silent about its reader."""
        return f"{self.made_at:%Y%m%dT%H%M%S.%f}-{self.id:08d}"


def keep(connection: Connection, kind: str, address: str, message: bytes, *, now: datetime) -> int:
    """In the caller's transaction: the note leaves if and only if the act that it is about was done."""
    made = connection.execute(
        _note.insert().values(kind=kind, address=address, message=message, made_at=now)
    ).inserted_primary_key
    assert made
    return int(made[0])


def _in(*states: State) -> ColumnElement[bool]:
    """With the states written out: SQLite uses a partial index only when it can see them."""
    return literal_column(f"note.state IN ({', '.join(repr(state.value) for state in states)})", Boolean)


def due(connection: Connection, now: datetime, size: int) -> list[Note]:
    """Those whose turn it is, the oldest first."""
    is_time = _note.c.not_before.is_(None) | (_note.c.not_before <= now)
    query = select(_note).where(_in(State.QUEUED, State.DEFERRED), is_time).order_by(_note.c.id).limit(size)
    return [_read(row) for row in connection.execute(query)]


def has_due(engine: Engine, now: datetime) -> bool:
    """A look that waits for nobody."""
    with db.reading(engine) as connection:
        return bool(due(connection, now, 1)) or _has_leftovers(connection)


def _has_leftovers(connection: Connection) -> bool:
    return connection.execute(select(_note.c.id).where(_in(State.ATTEMPTING)).limit(1)).first() is not None


def attempt(connection: Connection, number: int, now: datetime) -> bool:
    """Compare and set, before the final dot. False: it is gone (its reader was erased), or somebody else has it."""
    mine = update(_note).where(_note.c.id == number, _in(State.QUEUED, State.DEFERRED))
    changed = mine.values(state=State.ATTEMPTING.value, attempts=_note.c.attempts + 1, at=now, not_before=None)
    return connection.execute(changed).rowcount == 1


def settle(connection: Connection, one: Note, found: Outcome, now: datetime, again: datetime | None = None) -> None:
    """What became of it. Delivered or given up, it is nobody's letter any more: address and links go (C7, C13)."""
    values: dict[str, Any] = {
        "state": found.state.value,
        "at": now,
        "not_before": again,
        "code": found.code,
        "status": found.status,
        "words": said_of_nobody(found.words, one.address),
    }
    if found.state in (State.ACCEPTED, State.FAILED):
        values |= BARE
    connection.execute(update(_note).where(_note.c.id == one.id).values(values))


def said_of_nobody(words: str, address: str) -> str:
    """Servers like to repeat the address that they refuse."""
    words = re.sub(re.escape(address), "—", words, flags=re.IGNORECASE) if address else words
    return words.replace("\0", "")[:500]


def leftovers(connection: Connection) -> list[Note]:
    """What a dead process was about to finish."""
    return [_read(row) for row in connection.execute(select(_note).where(_in(State.ATTEMPTING)))]


def move(connection: Connection, numbers: Collection[int], after: State, now: datetime, words: str = "") -> None:
    values = {"state": after.value, "at": now, "words": words}
    connection.execute(update(_note).where(_note.c.id.in_(list(numbers))).values(values))


def give_up(connection: Connection, now: datetime) -> int:
    """What could not be brought to the relay in 72 hours, and doubts that nobody settled. How many."""
    words = "gave up after 72 hours: the mail server could not be used"
    late = _in(State.QUEUED, State.DEFERRED) & (_note.c.made_at < now - GIVE_UP_AFTER)
    failed = update(_note).where(late).values(state=State.FAILED.value, at=now, words=words, **BARE)
    old = _in(State.IN_DOUBT) & (_note.c.made_at < now - DOUBT_KEPT) & (_note.c.address != "")
    doubted = update(_note).where(old).values(**BARE)
    return connection.execute(failed).rowcount + connection.execute(doubted).rowcount


def answer_doubt(connection: Connection, *, resend: bool, now: datetime) -> int:
    """A person's word about all that may have arrived: again, though they may get it twice, or let it be. How many."""
    doubted = update(_note).where(_in(State.IN_DOUBT), _note.c.address != "")
    values: dict[str, Any] = {"state": State.QUEUED.value, "made_at": now, "attempts": 0} if resend else BARE
    return connection.execute(doubted.values(at=now, **values)).rowcount


def counts(connection: Connection) -> dict[str, int]:
    """All that is remembered, by state; `in_doubt` only counts what still waits for a person."""
    rows = connection.execute(select(_note.c.state, func.count()).group_by(_note.c.state))
    found = {str(state): int(number) for state, number in rows}
    settled = select(func.count()).where(_in(State.IN_DOUBT), _note.c.address == "")
    found["in_doubt"] = found.get("in_doubt", 0) - int(connection.execute(settled).scalar_one())
    found["queued"] = found.get("queued", 0) + found.pop("attempting", 0)
    return {state: found.get(state, 0) for state in ("accepted", "failed", "deferred", "in_doubt", "queued")}


def listed(connection: Connection, *states: State) -> Iterator[Note]:
    """The newest first, without their messages."""
    for row in connection.execute(select(_note).where(_in(*states)).order_by(_note.c.id.desc()).limit(200)):
        yield _read(row)


def waiting(connection: Connection) -> list[Note]:
    """All that still name somebody."""
    return [_read(row) for row in connection.execute(select(_note).where(_note.c.address != ""))]


def forget(connection: Connection, numbers: Collection[int]) -> int:
    """Erased: they do not leave, and nothing of them stays. One whose dot is out cannot be called back."""
    return connection.execute(delete(_note).where(_note.c.id.in_(list(numbers)))).rowcount


def forget_before(connection: Connection, moment: datetime) -> int:
    """Retention: of what was settled before then not even the bare row stays."""
    old = delete(_note).where(_note.c.made_at < moment, _note.c.address == "")
    return connection.execute(old).rowcount


def _read(row: Row[Any]) -> Note:
    values = dict(row._mapping)
    return Note(**{**values, "state": State(values["state"]), "message": bytes(values["message"])})
