"""A person moves to another address; if somebody is there already, the two were one person all along and become one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, literal, select, update

from db.schema import subscribers as tables
from subscribers import store
from subscribers.address import Address, parse
from subscribers.model import Basis, Proof, Subscriber
from subscribers.rules import Begin, Change, End, Lift, Note
from subscribers.tokens import Keys, address_hash


def move(
    connection: Connection, keys: Keys, person: Subscriber, new: Address, bases: Mapping[str, Basis], proof: Proof
) -> Subscriber:
    """The person under the new address; both addresses were confirmed. Links in letters to the old one go on working."""
    _carry_noes(connection, keys, person, new)
    already = store.find(connection, new.key)
    if already is None or already.id == person.id:
        return _rename(connection, keys, person, new, bases, proof)
    return _join(connection, keys, person, already, new, proof)


def _carry_noes(connection: Connection, keys: Keys, person: Subscriber, new: Address) -> None:
    """What somebody refused under one address they have refused under the other too. A dead mailbox refused nothing."""
    for no in store.noes(connection, keys, parse(person.address).key):
        if no.reason == "bounced":
            continue
        store.keep_no(connection, replace(no, address_hash=address_hash(keys, new.key)))


def _rename(
    connection: Connection, keys: Keys, person: Subscriber, new: Address, bases: Mapping[str, Basis], proof: Proof
) -> Subscriber:
    """An earlier "no" of the new address ends for what the person reads: they confirmed from there that they read it."""
    connection.execute(
        update(tables.subscriber)
        .where(tables.subscriber.c.id == person.id)
        .values(address=new.written, address_key=new.key)
    )
    reading = [held.bulletin for held in person.open]
    others = frozenset(bases) - frozenset(reading)
    changes: list[Change] = [Lift(bulletin, others) for bulletin in reading]
    store.write(connection, keys, person, new.key, [*changes, Note(None, "moved")], proof)
    moved = store.by_id(connection, person.id)
    assert moved is not None
    return moved


def _join(
    connection: Connection, keys: Keys, person: Subscriber, already: Subscriber, new: Address, proof: Proof
) -> Subscriber:
    """The person at the new address stays and takes over what they do not read yet and have not refused."""
    changes: list[Change] = [
        Begin(held.bulletin, held.choices, "merged", held.basis)
        for held in person.open
        if already.open_for(held.bulletin) is None and not store.noes(connection, keys, new.key, held.bulletin)
    ]
    ends = [End(held, "merged") for held in person.open]
    store.write(connection, keys, person, "", ends, proof)
    store.write(connection, keys, already, new.key, [*changes, Note(None, "joined-with-former-self")], proof)
    _take_over_history(connection, person, already)
    joined = store.by_id(connection, already.id)
    assert joined is not None
    return joined


def _take_over_history(connection: Connection, person: Subscriber, already: Subscriber) -> None:
    """Events are copied, since nobody may change them, and the old person leaves with the originals."""
    events = tables.consent_event
    kept = [column for column in events.c if column.name not in ("id", "subscriber_id")]
    copied = select(literal(already.id), *kept).where(events.c.subscriber_id == person.id).order_by(events.c.id)
    names = ["subscriber_id", *(column.name for column in kept)]
    connection.execute(insert(events).from_select(names, copied))
    former = tables.former_subscriber
    connection.execute(update(former).where(former.c.subscriber_id == person.id).values(subscriber_id=already.id))
    connection.execute(insert(former), {"id": person.id, "subscriber_id": already.id})
    connection.execute(delete(tables.subscriber).where(tables.subscriber.c.id == person.id))
