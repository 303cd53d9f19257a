"""Whoever subscribes after an edition has left still gets it, with the letter that is theirs, as it was frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, select

from builder.model import Item, Variant
from builder.select import receives
from db.schema.delivery import letter, recipient
from db.schema.subscribers import subscription
from delivery.ledger import books
from delivery.model import Recipient
from desk.mailing.freezing import NOTHING, SAID_NO, reader
from desk.mailing.office import Office
from desk.mailing.selecting import mark
from subscribers import choices as choices_of
from subscribers import store
from subscribers.address import parse
from subscribers.model import Choices

CURRENT = timedelta(days=7)  # the next edition is then about to come


def current_mailing(connection: Connection, bulletin: str, now: datetime) -> books.Sending | None:
    """The newest edition of this bulletin, unless it is old or was cancelled."""
    for sending in books.mailings(connection):
        if sending.bulletin == bulletin and sending.kind == "edition":
            is_current = now - CURRENT <= sending.frozen_at
            return sending if is_current and sending.control != "cancelled" else None
    return None


def has_latecomers(connection: Connection, sending: books.Sending, today: date) -> bool:
    return connection.execute(_numbers(sending, today, _signed_up_since(sending)).limit(1)).first() is not None


def latecomers(connection: Connection, office: Office, sending: books.Sending) -> list[Recipient]:
    """Whoever signed up by themselves after the freeze; those who get nothing are listed too, so nobody is asked about twice."""
    query = _numbers(sending, office.today, _signed_up_since(sending))
    return _readers(connection, office, sending, connection.execute(query).scalars().all())


def late_readers(connection: Connection, office: Office, sending: books.Sending) -> list[Recipient]:
    """Everyone who became a reader after the freeze, by whatever way, and gets something."""
    numbers = connection.execute(_numbers(sending, office.today)).scalars().all()
    return [one for one in _readers(connection, office, sending, numbers) if not one.suppressed]


def _signed_up_since(sending: books.Sending) -> ColumnElement[bool]:
    return (subscription.c.source == "signed-up") & (subscription.c.started_at > sending.frozen_at)


def _numbers(sending: books.Sending, today: date, *which: ColumnElement[bool]) -> Select[Any]:
    """Readers of the bulletin who are not in the mailing."""
    same = cast(subscription.c.subscriber_id, Text) == recipient.c.subscriber
    there = select(recipient.c.id).where(recipient.c.mailing_id == sending.id, same).exists()
    query = select(subscription.c.subscriber_id).where(choices_of.is_reading(sending.bulletin, today), *which, ~there)
    return query.order_by(subscription.c.subscriber_id)


def _readers(connection: Connection, office: Office, sending: books.Sending, numbers: Sequence[int]) -> list[Recipient]:
    frozen = _frozen(connection, office, sending)
    found = (_reader(connection, office, sending, frozen, number) for number in numbers)
    return [late for late in found if late]


@dataclass(frozen=True, slots=True)
class _Frozen:
    """The letters that there are, and the items of the edition as they are now. `every`: the letter with everything."""

    names: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def every(self) -> str:
        return next(name for name in self.names if name.startswith("all."))


def _frozen(connection: Connection, office: Office, sending: books.Sending) -> _Frozen:
    names = connection.execute(select(letter.c.variant).where(letter.c.mailing_id == sending.id)).scalars().all()
    edition = office.press.content.edition(sending.bulletin, date.fromisoformat(sending.edition))
    return _Frozen(tuple(names), office.press.items(edition) if edition else ())


def _reader(
    connection: Connection, office: Office, sending: books.Sending, frozen: _Frozen, number: int
) -> Recipient | None:
    keys, person = office.register.keys, store.by_id(connection, number)
    held = person.open_for(sending.bulletin) if person else None
    if person is None or held is None:
        return None
    variant, words = _letter_for(frozen, held.choices, office), ""
    if store.noes(connection, keys, parse(person.address).key, sending.bulletin):
        words = SAID_NO
    elif variant is None:
        words = NOTHING
    return reader(keys, sending.bulletin, person.id, person.address, variant or Variant(frozen.every, ()), words)


def _letter_for(frozen: _Frozen, choices: Choices, office: Office) -> Variant | None:
    """The frozen letter with just these items; else the one with everything, which is always there."""
    chosen: tuple[str, ...] = ()
    if frozen.items and choices.amount == "selection":
        chosen = receives(frozen.items, choices.audiences, office.press.house.audiences)
        if not chosen:
            return None
    theirs = [name for name in frozen.names if chosen and name.endswith(f".{mark(chosen)}")]
    return Variant(theirs[0] if theirs else frozen.every, chosen)
