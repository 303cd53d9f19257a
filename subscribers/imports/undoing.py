"""The way back from an import: whoever came only with it goes, every "no" stays."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, literal, select, update

from db.schema import Moment
from db.schema.subscribers import consent_event, held, import_run, subscriber, subscription
from subscribers.model import Proof, SubscribersError


@dataclass(frozen=True, slots=True)
class Undone:
    """`kept`: readers whom the import brought and who have used their subscription since; that is their own yes or no."""

    removed: int
    kept: int
    choices_restored: int
    held_withdrawn: int


def undo(connection: Connection, number: int, proof: Proof) -> Undone:
    """Take back what import `number` added, in the caller's transaction. Its suppressions and endings stay (promise 3).

    Raises SubscribersError when there is no such import or it has been undone.
    """
    _mark(connection, number, proof)
    withdrawn = connection.execute(
        update(held)
        .where(held.c.import_id == number, held.c.decided_at.is_(None))
        .values(decided_at=proof.at, decided_by=proof.actor, decision="undone")
    ).rowcount
    restored = _restore_choices(connection, number, proof)
    removed = _remove(connection, number, proof)
    kept = connection.execute(select(subscription.c.id).where(subscription.c.import_id == number)).all()
    return Undone(removed, len(kept), restored, withdrawn)


def _mark(connection: Connection, number: int, proof: Proof) -> None:
    found = connection.execute(select(import_run).where(import_run.c.id == number)).first()
    if found is None:
        raise SubscribersError(f"There is no import {number}.")
    if found.undone_at is not None:
        raise SubscribersError(f"Import {number} was undone on {found.undone_at:%Y-%m-%d} by {found.undone_by}.")
    connection.execute(
        update(import_run).where(import_run.c.id == number).values(undone_at=proof.at, undone_by=proof.actor)
    )


def _remove(connection: Connection, number: int, proof: Proof) -> int:
    """Delete the subscriptions that nobody has touched since, and the people of whom nothing else is known."""
    later = exists().where(
        consent_event.c.subscriber_id == subscription.c.subscriber_id,
        consent_event.c.bulletin == subscription.c.bulletin,
        consent_event.c.import_id.is_distinct_from(number),
        consent_event.c.at >= subscription.c.started_at,
    )
    untouched = and_(subscription.c.import_id == number, subscription.c.ended_at.is_(None), ~later)
    only_here = and_(
        ~exists().where(
            subscription.c.subscriber_id == subscriber.c.id, subscription.c.import_id.is_distinct_from(number)
        ),
        ~exists().where(
            consent_event.c.subscriber_id == subscriber.c.id, consent_event.c.import_id.is_distinct_from(number)
        ),
    )
    people = subscriber.c.id.in_(select(subscription.c.subscriber_id).where(untouched))
    gone = connection.execute(delete(subscriber).where(people, only_here)).rowcount
    _note(connection, number, proof, untouched)
    return gone + connection.execute(delete(subscription).where(untouched)).rowcount


def _note(connection: Connection, number: int, proof: Proof, which: ColumnElement[bool]) -> None:
    """Those who stay, because they were known before, keep a line that says what was taken back."""
    columns = ["subscriber_id", "bulletin", "what", "at", "how", "actor", "import_id"]
    query = select(
        subscription.c.subscriber_id,
        subscription.c.bulletin,
        literal("import-undone"),
        literal(proof.at, Moment),
        literal(proof.how),
        literal(proof.actor),
        literal(number),
    ).where(which)
    connection.execute(insert(consent_event).from_select(columns, query))


def _restore_choices(connection: Connection, number: int, proof: Proof) -> int:
    """Give back the choices that were there before the import joined its own, unless they have changed again."""
    joined = select(consent_event.c.subscriber_id, consent_event.c.bulletin, consent_event.c.evidence).where(
        consent_event.c.import_id == number, consent_event.c.what == "joined"
    )
    return sum(_restore_one(connection, row, number, proof) for row in connection.execute(joined).all())


def _restore_one(connection: Connection, row: Any, number: int, proof: Proof) -> int:
    evidence = json.loads(row.evidence)
    theirs = (
        subscription.c.subscriber_id == row.subscriber_id,
        subscription.c.bulletin == row.bulletin,
        subscription.c.ended_at.is_(None),
    )
    _note(connection, number, proof, and_(*theirs))
    if evidence["before"] == evidence["after"]:
        return 0
    changed = update(subscription).where(*theirs, subscription.c.choices == evidence["after"])
    return connection.execute(changed.values(choices=evidence["before"])).rowcount
