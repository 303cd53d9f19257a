"""How long what is kept, and the run that forgets the rest: by a schedule, once a night."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, exists, insert, or_, select

from db.schema import subscribers as tables
from subscribers.requests import drop_expired


@dataclass(frozen=True, slots=True)
class Retention:
    """Days. A person without any open subscription is forgotten after `ended_days`; their "no" stays as a hash."""

    ended_days: int = 730
    held_days: int = 90
    log_days: int = 730


@dataclass(frozen=True, slots=True)
class Forgotten:
    requests: int
    held: int
    people: int


def run(connection: Connection, retention: Retention, now: datetime) -> Forgotten:
    """Forget what is older than that, in the caller's transaction, and keep a line that it was done.

    Afterwards `rights.scrub` removes the bytes.
    """
    found = Forgotten(
        requests=drop_expired(connection, now),
        held=_drop_held(connection, now - timedelta(days=retention.held_days)),
        people=_drop_people(connection, now - timedelta(days=retention.ended_days)),
    )
    log = tables.retention_run
    connection.execute(delete(log).where(log.c.at < now - timedelta(days=retention.log_days)))
    counts = json.dumps({"requests": found.requests, "held": found.held, "people": found.people})
    connection.execute(insert(log).values(at=now, counts=counts))
    return found


def last_run(connection: Connection) -> datetime | None:
    """When it ran last; None if never."""
    latest = select(tables.retention_run.c.at).order_by(tables.retention_run.c.at.desc()).limit(1)
    return connection.scalar(latest)


def _drop_held(connection: Connection, before: datetime) -> int:
    """Held rows that were decided by then, and those nobody has decided: silence is not a yes."""
    old = select(tables.import_run.c.id).where(tables.import_run.c.at < before)
    gone = or_(
        tables.held.c.decided_at < before, and_(tables.held.c.decided_at.is_(None), tables.held.c.import_id.in_(old))
    )
    return connection.execute(delete(tables.held).where(gone)).rowcount


def _drop_people(connection: Connection, before: datetime) -> int:
    """People whose last subscription ended by then. Every "no" was kept as a hash when they left."""
    theirs = tables.subscription.c.subscriber_id == tables.subscriber.c.id
    lately = or_(tables.subscription.c.ended_at.is_(None), tables.subscription.c.ended_at >= before)
    old = and_(tables.subscriber.c.created_at < before, ~exists().where(theirs, lately))
    return connection.execute(delete(tables.subscriber).where(old)).rowcount
