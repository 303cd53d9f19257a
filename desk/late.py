"""Whoever subscribes after an edition has left still gets it, with the letter that is theirs, as it was frozen."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Text, cast, select

from builder.model import Variant
from builder.select import receives
from db.schema.delivery import letter, recipient
from db.schema.subscribers import subscription
from delivery import books
from delivery.model import Recipient
from desk.freezing import reader
from desk.office import Office
from desk.selecting import mark
from subscribers import choices as choices_of
from subscribers import store
from subscribers.address import parse
from subscribers.model import Choices

CURRENT_DAYS = 7  # the next edition is then about to come


def current_mailing(connection: Connection, bulletin: str, now: datetime) -> books.Sending | None:
    """The newest edition of this bulletin, unless it is old or was cancelled."""
    for sending in books.mailings(connection):
        if sending.bulletin == bulletin and sending.kind == "edition":
            is_current = now - timedelta(days=CURRENT_DAYS) <= sending.frozen_at
            return sending if is_current and sending.control != "cancelled" else None
    return None


def late_reader(connection: Connection, office: Office, sending: books.Sending, number: int) -> Recipient | None:
    """None for whoever is in the mailing already, gets nothing now, or has said no."""
    keys = office.register.keys
    person = store.by_id(connection, number)
    held = person.open_for(sending.bulletin) if person else None
    if person is None or held is None or held.is_paused(office.today):
        return None
    if books.find(connection, sending.id, str(person.id)):
        return None
    if store.noes(connection, keys, parse(person.address).key, sending.bulletin):
        return None
    variant = _letter_for(connection, office, sending, held.choices)
    return reader(keys, sending.bulletin, person.id, person.address, variant) if variant else None


def late_readers(connection: Connection, office: Office, sending: books.Sending) -> list[Recipient]:
    """Everyone who became a reader after the freeze."""
    same = cast(subscription.c.subscriber_id, Text) == recipient.c.subscriber
    there = select(recipient.c.id).where(recipient.c.mailing_id == sending.id, same).exists()
    query = select(subscription.c.subscriber_id).where(choices_of.is_reading(sending.bulletin, office.today), ~there)
    numbers = connection.execute(query).scalars().all()
    found = (late_reader(connection, office, sending, number) for number in numbers)
    return [late for late in found if late]


def _letter_for(connection: Connection, office: Office, sending: books.Sending, choices: Choices) -> Variant | None:
    """The frozen letter with just these items; else the one with everything, which is always there."""
    names = connection.execute(select(letter.c.variant).where(letter.c.mailing_id == sending.id)).scalars().all()
    edition = office.press.content.edition(sending.bulletin, date.fromisoformat(sending.edition))
    chosen: tuple[str, ...] = ()
    if edition and choices.amount == "selection":
        items = office.press.items(edition)
        chosen = receives(items, choices.audiences, office.press.house.audiences)
        if not chosen:
            return None
    theirs = [name for name in names if chosen and name.endswith(f".{mark(chosen)}")]
    every = [name for name in names if name.startswith("all.")]
    return Variant((theirs or every)[0], chosen) if theirs or every else None
