"""What the house that is being replaced knows better than its backup: every "no" said since, and every letter that has left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import delivery, goodnews, subscribers
from db.schema import notes as tables
from db.schema.base import metadata
from delivery.ledger import books, notes
from delivery.model import State
from subscribers import rights
from subscribers.address import parse
from subscribers.model import EVERY_BULLETIN, BadAddress, Proof
from subscribers.tokens import Keys, address_hash

CHUNK = 1_000
LEDGER = ("mailing", "letter", "recipient", "tally", "came_back", "farewell")
UNKNOWN = "restored from a backup: it may have left since"


def is_empty(connection: Connection) -> bool:
    """Nobody has ever joined, said no, or been sent anything."""
    known = (subscribers.subscriber, subscribers.suppression, delivery.mailing)
    return not any(connection.execute(select(func.count()).select_from(table)).scalar() for table in known)


def keep_noes(restored: Connection, living: Connection, keys: Keys, now: datetime) -> int:
    """Every "no" and every ending of the living house holds in the restored one; how many there are that are new."""
    table = subscribers.suppression
    known = {tuple(row) for row in restored.execute(select(table.c.address_hash, table.c.bulletin))}
    fresh = [dict(row._mapping) for row in living.execute(select(table))]
    fresh = [row for row in fresh if (row["address_hash"], row["bulletin"]) not in known]
    _insert(restored, table, fresh)
    return len(fresh) + _obey(restored, keys, now) + _keep_endings(restored, living)


def _obey(restored: Connection, keys: Keys, now: datetime) -> int:
    """Whoever is open and has said no is ended; whoever was erased is erased again."""
    noes = _noes(restored)
    people, subscription = subscribers.subscriber, subscribers.subscription
    proof = Proof(at=now, how="restored", actor="backup")
    changed = 0
    for person in restored.execute(select(people)).all():
        for bulletin, reason in noes.get(_hash(keys, person.address), ()):
            if reason == "erased":
                rights.erase(restored, keys, parse(person.address), proof)
                changed += 1
                break
            mine = and_(subscription.c.subscriber_id == person.id, subscription.c.ended_at.is_(None))
            which = mine if bulletin == EVERY_BULLETIN else and_(mine, subscription.c.bulletin == bulletin)
            changed += restored.execute(
                update(subscription).where(which).values(ended_at=now, ended_reason=reason)
            ).rowcount
    return changed


def _noes(connection: Connection) -> dict[bytes, list[tuple[str, str]]]:
    table = subscribers.suppression
    found: dict[bytes, list[tuple[str, str]]] = {}
    for row in connection.execute(select(table.c.address_hash, table.c.bulletin, table.c.reason)):
        found.setdefault(bytes(row.address_hash), []).append((row.bulletin, row.reason))
    return {hashed: sorted(noes, key=lambda no: no[1] != "erased") for hashed, noes in found.items()}


def _hash(keys: Keys, address: str) -> bytes:
    try:
        return address_hash(keys, parse(address).key)
    except BadAddress:
        return b""


def _keep_endings(restored: Connection, living: Connection) -> int:
    """The same subscription by its number: numbers are never given twice."""
    table = subscribers.subscription
    fields = (table.c.id, table.c.subscriber_id, table.c.ended_at, table.c.ended_reason, table.c.paused_until)
    changed = 0
    for row in living.execute(select(*fields).where(table.c.ended_at.is_not(None) | table.c.paused_until.is_not(None))):
        same = (table.c.id == row.id) & (table.c.subscriber_id == row.subscriber_id) & table.c.ended_at.is_(None)
        values = (
            {"ended_at": row.ended_at, "ended_reason": row.ended_reason}
            if row.ended_at
            else {"paused_until": row.paused_until}
        )
        changed += restored.execute(update(table).where(same).values(**values)).rowcount if row.ended_at else 0
        if not row.ended_at:
            restored.execute(update(table).where(same).values(**values))
    return changed


# --- schools' stories ------------------------------------------------------------------------------------------------


def keep_withdrawals(restored: Connection, living: Connection) -> set[str]:
    """What a school took back, or what was forgotten, since the backup stays so. The names of photos that are gone with it."""
    story, photo = goodnews.story, goodnews.story_photo
    before = set(restored.execute(select(photo.c.name)).scalars())
    ended = story.c.state.in_(("withdrawn", "declined")) | story.c.forgotten_at.is_not(None)
    for row in living.execute(select(story).where(ended)).all():
        same = (story.c.id == row.id) & (story.c.token == row.token)
        if not restored.execute(update(story).where(same).values(**row._mapping)).rowcount:
            continue
        restored.execute(delete(photo).where(photo.c.story_id == row.id))
        kept = living.execute(select(photo).where(photo.c.story_id == row.id))
        _insert(restored, photo, [dict(each._mapping) for each in kept])
    return before - set(restored.execute(select(photo.c.name)).scalars())


# --- the ledger ------------------------------------------------------------------------------------------------------


def keep_ledger(restored: Connection, living: Connection) -> int:
    """Mailings that the living house knows are taken over as it knows them: nobody who has had a letter gets it again."""
    mailing = delivery.mailing
    numbers = list(living.execute(select(mailing.c.id)).scalars())
    names = list(living.execute(select(mailing.c.name)).scalars())
    for chunk in _chunks(numbers):
        restored.execute(delete(mailing).where(mailing.c.id.in_(chunk)))
    for chunk in _chunks(names):
        restored.execute(delete(mailing).where(mailing.c.name.in_(chunk)))
    for name in LEDGER:
        table = metadata.tables[name]
        for rows in living.execute(select(table).execution_options(yield_per=CHUNK)).partitions():
            _insert(restored, table, [dict(row._mapping) for row in rows])
    for table in (
        tables.note,
        tables.answer,
    ):  # letters about one act, and counts of answers: as the living house knows them
        restored.execute(delete(table))
        _insert(restored, table, [dict(row._mapping) for row in living.execute(select(table))])
    _keep_taken(restored, living)
    return len(numbers)


def _keep_taken(restored: Connection, living: Connection) -> None:
    """A sending that was planned and has left is not left again."""
    table = delivery.planned
    for row in living.execute(select(table).where(table.c.result != "waiting")):
        here = (table.c.bulletin == row.bulletin) & (table.c.edition == row.edition)
        restored.execute(delete(table).where(here))
        restored.execute(insert(table).values(**row._mapping))


def doubt_the_rest(restored: Connection, now: datetime) -> int:
    """Without the house itself nobody knows what has left since the backup: in doubt, by name, for a person to decide."""
    number = 0
    for sending in books.mailings(restored, only_open=True):
        for before in (State.QUEUED, State.DEFERRED, State.ATTEMPTING):
            number += books.move(restored, sending.id, before, State.IN_DOUBT, now, words=UNKNOWN)
    waiting = [one.id for one in notes.waiting(restored) if one.state is not State.IN_DOUBT]
    notes.move(restored, waiting, State.IN_DOUBT, now, UNKNOWN)
    return number + len(waiting)


def hold_everything(restored: Connection) -> list[str]:
    """Nothing leaves by itself: mailings wait, planned sendings have to be planned again, and staff sign in anew. Which wait."""
    planned, mailing = delivery.planned, delivery.mailing
    begun = select(mailing.c.id).where(mailing.c.bulletin == planned.c.bulletin, mailing.c.edition == planned.c.edition)
    due = planned.c.result.in_(("waiting", "taken")) & ~begun.exists()
    restored.execute(update(planned).where(due).values(result="missed"))
    # Whoever signed up after one of these may have had it already, so nobody is given it by itself.
    restored.execute(update(mailing).where(mailing.c.control == "run", ~_is_open()).values(control="paused"))
    for name in ("staff_session", "sign_in_link"):
        if name in metadata.tables:
            restored.execute(delete(metadata.tables[name]))
    return books.hold_all(restored)


def _is_open() -> ColumnElement[bool]:
    return delivery.mailing.c.finished_at.is_(None)


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    made: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    for chunk in _chunks(rows):
        connection.execute(made.on_conflict_do_nothing(), chunk)


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def merge_registers(backup: str, living: str) -> str:
    """Two versions of content/permalinks.txt: no address that was published, and nothing taken down, is forgotten."""
    have = set(_lines(backup))
    more = [line for line in living.splitlines() if line and not line.startswith("#") and line not in have]
    return "".join(f"{line}\n" for line in (*backup.splitlines(), *more))


def _lines(text: str) -> Iterable[str]:
    return (line for line in text.splitlines() if line and not line.startswith("#"))
