"""Frozen letters made anew, because something in them was taken back: whoever gets them from now on gets them without it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from db.schema import delivery as tables
from delivery.ledger import books
from delivery.ledger.freezing import mailing_from
from delivery.letter.message import serialise
from delivery.model import WAITING, Letter, State

_mailing, _letter, _recipient = tables.mailing, tables.letter, tables.recipient


def variants_of(connection: Connection, mailing_id: int) -> list[str]:
    query = select(_letter.c.variant).where(_letter.c.mailing_id == mailing_id)
    return list(connection.execute(query.order_by(_letter.c.id)).scalars())


def rewrite(connection: Connection, mailing_id: int, letters: Mapping[str, Letter], fingerprint: str) -> None:
    """`letters`: by the variant that each one replaces. Pause the mailing first: a sender keeps letters in memory."""
    details = connection.execute(select(_mailing.c.details).where(_mailing.c.id == mailing_id)).scalar_one()
    mailing = mailing_from(details)
    for variant, letter in letters.items():
        here = (_letter.c.mailing_id == mailing_id) & (_letter.c.variant == variant)
        connection.execute(update(_letter).where(here).values(frame=serialise(mailing, letter)))
    connection.execute(update(_mailing).where(_mailing.c.id == mailing_id).values(fingerprint=fingerprint))


def withdraw_variant(connection: Connection, mailing_id: int, variant: str, *, now: datetime, words: str) -> int:
    """Nothing is left in this letter: whoever waits for it gets none. How many."""
    letter = select(_letter.c.id).where(_letter.c.mailing_id == mailing_id, _letter.c.variant == variant)
    theirs = _recipient.c.letter_id.in_(letter)
    return sum(
        books.move(connection, mailing_id, before, State.WITHDRAWN, now, theirs, words=words) for before in WAITING
    )


def frames(connection: Connection, mailing_id: int) -> list[bytes]:
    return list(connection.execute(select(_letter.c.frame).where(_letter.c.mailing_id == mailing_id)).scalars())
