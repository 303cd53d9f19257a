"""Letters to one reader, from confirm to goodbye: kept with the act that they are about, then carried by the transport."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from builder.model import Letter, Publisher
from delivery.ledger import notes
from delivery.letter import message
from delivery.model import DeliveryError, Mailing
from delivery.model import Letter as Sheet
from desk.readers.shelves import names
from subscribers.address import Address, parse

log = logging.getLogger("bulletin.notes")

OUTBOX = Path("var/outbox")  # notes as files, and a sending's letters, too, unless told otherwise


def nothing() -> None:
    """Whoever carries the notes finds them."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """`after`: what is done once the act's transaction has ended."""

    publisher: Publisher
    clock: Callable[[], datetime]
    after: Callable[[], None] = nothing

    def keep(self, connection: Connection, kind: str, address: str, letter: Letter, leave: str = "") -> None:
        """An address that no letter can be written to does not undo the act: the log says so."""
        now = self.clock()
        try:
            made = to_bytes(address, letter, leave, self.publisher, now)
        except DeliveryError:
            log.error("A letter (%s) cannot be written: its address is none that mail can be sent to.", kind)
            return
        notes.keep(connection, kind, address, made, now=now)

    def hurry(self) -> None:
        self.after()


def forget_notes(connection: Connection, address: str) -> int:
    """Waiting letters to this address or about it, as the one to the old address about the new. How many."""
    person = parse(address)
    waiting = notes.waiting(connection)
    theirs = [one.id for one in waiting if names(one.address.encode(), person) or names(one.message, person)]
    return notes.forget(connection, theirs)


def notes_to(connection: Connection, address: Address) -> list[dict[str, str]]:
    """What waits for this person, for whoever asks what is held about them (C8)."""
    return [
        {"kind": one.kind, "made_at": one.made_at.isoformat(), "state": one.state.value}
        for one in notes.waiting(connection)
        if one.address in address
    ]


def to_bytes(address: str, letter: Letter, leave: str, publisher: Publisher, now: datetime) -> bytes:
    """The message as it goes over the wire; no value of a header can begin another one (M2)."""
    mailing = Mailing(
        bulletin="note",
        edition="one",
        sender_name=publisher.name,
        sender=publisher.email,
        date=now,
        reply_to=publisher.reply_to,
        unsubscribe=leave,
        automatic=True,
    )
    sheet = Sheet("one", letter.subject, letter.html, letter.text)
    return message.single(mailing, sheet, address, secrets.token_hex(16))
