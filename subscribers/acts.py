"""What a reader or the staff do, one function an act: found, decided by `rules`, written by `store`, in the caller's transaction.

Each takes the connection first, so that the desk can do more in the same transaction: `with db.writing(engine) as connection`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection, select, update

from db.schema import subscribers as tables
from subscribers import rules, store
from subscribers.address import Address, parse
from subscribers.choices import bits, from_mask
from subscribers.model import Basis, Choices, NoReason, Proof, Subscriber, SubscribersError, Subscription
from subscribers.tokens import Keys

REASON_CHARACTERS = 500


class NoSuchSubscriber(SubscribersError):
    """Nobody with this address or number is held."""


def change(
    connection: Connection, keys: Keys, number: int, bulletin: str, choices: Choices, proof: Proof
) -> Subscriber:
    """Other choices for one bulletin; the person as they are now."""
    person = _needed(connection, number)
    return _write(connection, keys, person, rules.change(person, bulletin, choices), proof)


def pause(
    connection: Connection, keys: Keys, number: int, bulletin: str | None, until: date | None, today: date, proof: Proof
) -> Subscriber:
    """No letters until that day; None ends the pause. `bulletin` None: all of them."""
    person = _needed(connection, number)
    return _write(connection, keys, person, rules.pause(person, bulletin, until, today), proof)


def leave(
    connection: Connection, keys: Keys, number: int, bulletin: str | None, reason: NoReason, proof: Proof
) -> tuple[Subscription, ...]:
    """End one bulletin or all (None); the subscriptions that ended now, for the letters to withdraw.

    The same press twice, and a person who has gone, are no errors: the answer is empty.
    """
    person = store.by_id(connection, number)
    if person is None:
        return ()
    changes = rules.leave(person, bulletin, reason)
    _write(connection, keys, person, changes, proof)
    return tuple(change.subscription for change in changes if isinstance(change, rules.End))


def come_back(
    connection: Connection,
    keys: Keys,
    number: int,
    bulletin: str | None,
    since: datetime,
    bases: Mapping[str, Basis],
    proof: Proof,
) -> Subscriber | None:
    """The "undo" after leaving: what the reader ended since then begins again. None when the person has gone."""
    person = store.by_id(connection, number)
    if person is None:
        return None
    return _write(connection, keys, person, rules.come_back(person, bulletin, since, bases), proof)


def say_why(connection: Connection, number: int, bulletin: str | None, why: str, proof: Proof) -> None:
    """The optional reason after leaving, in the person's history."""
    person = store.by_id(connection, number)
    if person is not None and why.strip():
        said = json.dumps({"why": why.strip()[:REASON_CHARACTERS]}, ensure_ascii=False)
        store.note(connection, person.id, bulletin, "said-why", proof, said)


def add(
    connection: Connection,
    keys: Keys,
    address: Address,
    bulletin: str,
    choices: Choices,
    bases: Mapping[str, Basis],
    proof: Proof,
    *,
    name: str = "",
    over_a_no: bool = False,
) -> Subscriber:
    """Staff add a person to one bulletin; raises SubscribersError when the address has said no."""
    person = store.find(connection, address.key)
    noes = [no.reason for no in store.noes(connection, keys, address.key, bulletin)]
    changes = rules.add(person, bulletin, choices, bases, noes, over_a_no=over_a_no)
    if person is None:
        person = store.add_person(connection, address, name, proof.at)
    return _write(connection, keys, person, changes, proof)


def remove(
    connection: Connection, keys: Keys, text: str, bulletin: str | None, proof: Proof
) -> tuple[Subscription, ...]:
    """Staff end one bulletin or all for this address; raises NoSuchSubscriber."""
    person = found(connection, text)
    return leave(connection, keys, person.id, bulletin, "staff", proof)


def found(connection: Connection, text: str) -> Subscriber:
    """The person with this address; raises BadAddress or NoSuchSubscriber."""
    person = store.find(connection, parse(text).key)
    if person is None:
        raise NoSuchSubscriber(f"Nobody with the address {text} is held.")
    return person


def decide_held(
    connection: Connection, keys: Keys, number: int, bases: Mapping[str, Basis], proof: Proof, *, accept: bool
) -> None:
    """A person has looked at a held row: yes makes a subscription, no is kept as a "no". Raises when it was decided."""
    row = connection.execute(select(tables.held).where(tables.held.c.id == number)).first()
    if row is None or row.decision is not None:
        raise SubscribersError(f"Held row {number} was decided already, or never existed.")
    if accept:
        choices = Choices(from_mask(row.choices, bits(connection)))
        address = Address(row.address, row.address_key)
        add(connection, keys, address, row.bulletin, choices, bases, proof, name=row.name, over_a_no=False)
    else:
        _refuse(connection, keys, row.address_key, row.bulletin, proof)
    decision = "accepted" if accept else "refused"
    connection.execute(
        update(tables.held)
        .where(tables.held.c.id == number)
        .values(decided_at=proof.at, decided_by=proof.actor, decision=decision)
    )


def _refuse(connection: Connection, keys: Keys, address_key: str, bulletin: str, proof: Proof) -> None:
    store.suppress(connection, keys, address_key, bulletin, "staff", proof)
    person = store.find(connection, address_key)
    if person is not None:
        _write(connection, keys, person, rules.leave(person, bulletin, "staff"), proof)


def _needed(connection: Connection, number: int) -> Subscriber:
    person = store.by_id(connection, number)
    if person is None:
        raise NoSuchSubscriber(f"Subscriber {number} is not held.")
    return person


def _write(
    connection: Connection, keys: Keys, person: Subscriber, changes: tuple[rules.Change, ...], proof: Proof
) -> Subscriber:
    store.write(connection, keys, person, parse(person.address).key, changes, proof)
    written = store.by_id(connection, person.id)
    assert written is not None
    return written
