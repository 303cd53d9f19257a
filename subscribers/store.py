"""People, their subscriptions, events and suppressions ↔ the database. The caller's connection, the caller's transaction."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

import db
from db.prepared import Prepared
from db.schema import subscribers as tables
from subscribers import choices
from subscribers.address import Address
from subscribers.choices import audiences, bits, to_mask
from subscribers.model import (
    EVERY_BULLETIN,
    Choices,
    ConsentEvent,
    NoReason,
    Proof,
    Subscriber,
    Subscription,
    Suppression,
)
from subscribers.rules import Alter, Begin, Change, End, Lift, Note, Pause, Suppress
from subscribers.tokens import Keys, address_hash

# Put together once: a reader's page asks for nothing else, and building a statement takes as long as running it.
_PEOPLE = (
    select(
        tables.subscriber.c.id.label("person"),
        tables.subscriber.c.address,
        tables.subscriber.c.name,
        tables.subscriber.c.created_at,
        tables.subscription,
    )
    .join_from(tables.subscriber, tables.subscription, isouter=True)
    .order_by(tables.subscription.c.id)
)
_BY_ADDRESS = _PEOPLE.where(tables.subscriber.c.address_key == bindparam("which"))
_BY_NUMBER = _PEOPLE.where(tables.subscriber.c.id == bindparam("which"))
_BY_NUMBERS = _PEOPLE.where(tables.subscriber.c.id.in_(bindparam("which", expanding=True)))
_GLANCE = Prepared(_BY_NUMBER)
# A row of these statements, by name.
_Found = namedtuple("_Found", " ".join(str(column.key) for column in _PEOPLE.selected_columns))  # type: ignore[misc]
_BY_FORMER = _PEOPLE.where(
    tables.subscriber.c.id.in_(
        select(tables.former_subscriber.c.subscriber_id).where(tables.former_subscriber.c.id == bindparam("which"))
    )
)


def find(connection: Connection, address_key: str) -> Subscriber | None:
    """The person with this address."""
    return _person(connection, _BY_ADDRESS, address_key)


def by_id(connection: Connection, number: int) -> Subscriber | None:
    """The person with this number, also when a link in an old letter names who they were before."""
    return _person(connection, _BY_NUMBER, number) or _person(connection, _BY_FORMER, number)


def by_ids(connection: Connection, numbers: Iterable[int]) -> dict[int, Subscriber]:
    """Many at once; who they were before is not looked for."""
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(_BY_NUMBERS, {"which": list(numbers)}):
        rows.setdefault(row.person, []).append(row)
    return {number: _of(connection, theirs) for number, theirs in rows.items()}


def glance(engine: Engine, number: int) -> Subscriber | None:
    """The same as `by_id`, outside of any transaction and many times cheaper: for the pages that readers open."""
    rows: list[Any] = [_Found(*row) for row in _GLANCE.rows(engine, which=number)]
    masks = [row.choices for row in rows if row.id is not None]
    chosen = choices.remembered(engine, masks)
    if not rows or chosen is None:
        with db.reading(engine) as connection:
            return by_id(connection, number)
    held = tuple(_subscription(row, tags) for row, tags in zip(rows, chosen, strict=False) if row.id is not None)
    return Subscriber(rows[0].person, rows[0].address, rows[0].name, rows[0].created_at, held)


def _person(connection: Connection, query: Select[Any], which: int | str) -> Subscriber | None:
    rows = connection.execute(query, {"which": which}).all()
    return _of(connection, rows) if rows else None


def _of(connection: Connection, rows: Sequence[Any]) -> Subscriber:
    held = tuple(_subscription(row, audiences(connection, row.choices)) for row in rows if row.id is not None)
    first = rows[0]
    return Subscriber(first.person, first.address, first.name, first.created_at, held)


def _subscription(row: Any, chosen: frozenset[str]) -> Subscription:
    return Subscription(
        id=row.id,
        bulletin=row.bulletin,
        choices=Choices(chosen, row.amount, row.frequency),
        started_at=row.started_at,
        source=row.source,
        basis=row.basis,
        paused_until=row.paused_until,
        ended_at=row.ended_at,
        ended_reason=row.ended_reason,
    )


def add_person(connection: Connection, address: Address, name: str, now: datetime) -> Subscriber:
    """A new person; the database refuses a second one with the same address."""
    made = insert(tables.subscriber).values(address=address.written, address_key=address.key, name=name, created_at=now)
    number = int(connection.execute(made).inserted_primary_key[0])  # type: ignore[index]
    return Subscriber(number, address.written, name, now)


def rename(connection: Connection, number: int, name: str) -> None:
    """How staff speak of a person; letters do not use it."""
    connection.execute(update(tables.subscriber).where(tables.subscriber.c.id == number).values(name=name))


def write(
    connection: Connection, keys: Keys, person: Subscriber, address_key: str, changes: Iterable[Change], proof: Proof
) -> None:
    """Write the changes and an event for each, in the caller's transaction."""
    for change in changes:
        _write_one(connection, keys, person.id, address_key, change, proof)


def _write_one(connection: Connection, keys: Keys, number: int, address_key: str, change: Change, proof: Proof) -> None:
    match change:
        case Begin():
            _begin(connection, number, change, proof)
        case Alter(subscription, choices):
            mask = to_mask(choices.audiences, bits(connection))
            _update(connection, subscription, choices=mask, amount=choices.amount, frequency=choices.frequency)
            note(connection, number, subscription.bulletin, "changed", proof)
        case Pause(subscription, until):
            if subscription.paused_until != until:
                _update(connection, subscription, paused_until=until)
                note(connection, number, subscription.bulletin, "paused" if until else "resumed", proof)
        case End(subscription, reason):
            _update(connection, subscription, ended_at=proof.at, ended_reason=reason)
            note(connection, number, subscription.bulletin, "ended", proof)
        case Suppress(bulletin, reason):
            suppress(connection, keys, address_key, bulletin, reason, proof)
        case Lift(bulletin, others):
            lift(connection, keys, address_key, bulletin, others)
        case Note(about, what, evidence):
            note(connection, number, about, what, proof, evidence)


def _begin(connection: Connection, number: int, change: Begin, proof: Proof) -> None:
    made = insert(tables.subscription).values(
        subscriber_id=number,
        bulletin=change.bulletin,
        choices=to_mask(change.choices.audiences, bits(connection)),
        amount=change.choices.amount,
        frequency=change.choices.frequency,
        started_at=proof.at,
        source=change.source,
        basis=change.basis,
    )
    connection.execute(made)
    note(connection, number, change.bulletin, "began", proof, source=change.source, basis=change.basis)


def _update(connection: Connection, subscription: Subscription, **values: Any) -> None:
    connection.execute(update(tables.subscription).where(tables.subscription.c.id == subscription.id).values(**values))


def note(
    connection: Connection,
    number: int,
    bulletin: str | None,
    what: str,
    proof: Proof,
    evidence: str = "",
    *,
    source: str = "",
    basis: str = "",
) -> None:
    """Add a line to a person's history."""
    connection.execute(
        insert(tables.consent_event).values(
            subscriber_id=number,
            bulletin=bulletin,
            what=what,
            at=proof.at,
            how=proof.how,
            actor=proof.actor,
            wording=proof.wording,
            source=proof.source or source,
            basis=proof.basis or basis,
            evidence=evidence or proof.evidence,
        )
    )


def history(connection: Connection, number: int) -> tuple[ConsentEvent, ...]:
    """A person's events, oldest first."""
    events = tables.consent_event
    rows = connection.execute(select(events).where(events.c.subscriber_id == number).order_by(events.c.id))
    return tuple(
        ConsentEvent(
            row.bulletin,
            row.what,
            Proof(row.at, row.how, row.actor, row.wording, row.source, row.basis, row.evidence),
        )
        for row in rows
    )


def suppress(
    connection: Connection, keys: Keys, address_key: str, bulletin: str, reason: NoReason, proof: Proof
) -> None:
    """Keep a "no". One that is there already keeps its date and its reason."""
    hashed = address_hash(keys, address_key)
    keep_no(connection, Suppression(hashed, bulletin, reason, proof.at, proof.source, proof.actor))


def lift(
    connection: Connection, keys: Keys, address_key: str, bulletin: str, others: Iterable[str] = ()
) -> tuple[Suppression, ...]:
    """Drop the "no" for this bulletin; one for every bulletin becomes one for each of the `others`. What was dropped."""
    dropped = noes(connection, keys, address_key, bulletin)
    table = tables.suppression
    for old in dropped:
        row = and_(table.c.address_hash == old.address_hash, table.c.bulletin == old.bulletin)
        connection.execute(delete(table).where(row))
        if old.bulletin == EVERY_BULLETIN:
            for other in others:
                keep_no(connection, replace(old, bulletin=other))
    return dropped


def keep_no(connection: Connection, no: Suppression) -> None:
    """Insert a "no" unless there is one already."""
    made: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(tables.suppression)
    connection.execute(made.values(**asdict(no)).on_conflict_do_nothing())


def noes(connection: Connection, keys: Keys, address_key: str, bulletin: str | None = None) -> tuple[Suppression, ...]:
    """The "no" of this address: those that hold for `bulletin`, or all."""
    table = tables.suppression
    which = [table.c.address_hash == address_hash(keys, address_key)]
    if bulletin is not None:
        which.append(table.c.bulletin.in_((EVERY_BULLETIN, bulletin)))
    rows = connection.execute(select(table).where(and_(*which)).order_by(table.c.bulletin))
    return tuple(
        Suppression(row.address_hash, row.bulletin, row.reason, row.since, row.source, row.actor) for row in rows
    )


def suppressions(connection: Connection, limit: int | None = None) -> tuple[Suppression, ...]:
    """Every "no", newest first, by its hash."""
    table = tables.suppression
    rows = connection.execute(select(table).order_by(table.c.since.desc()).limit(limit))
    return tuple(
        Suppression(row.address_hash, row.bulletin, row.reason, row.since, row.source, row.actor) for row in rows
    )
