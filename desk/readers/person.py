"""What is a person's by right, in every room and on every shelf: to see all that is held, and to be forgotten."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

import db
from delivery.ledger import books, notes
from desk import rounds
from desk.notes.outbox import notes_to
from desk.readers import uploads
from desk.readers.register import Register
from desk.readers.shelves import drop_older, forget_in_reports, forget_letters
from goodnews import retention as stories
from goodnews.store import TABLES_WITH_PEOPLE as TABLES_WITH_STORIES
from subscribers import retention, rights
from subscribers.address import Address, parse
from subscribers.model import Proof
from subscribers.tokens import Keys


def shown(connection: Connection, keys: Keys, address: Address) -> str:
    """Everything held about an address, as JSON that people can read too (C8)."""
    held = rights.everything(connection, keys, address)
    numbers = [str(number) for number in rights.numbers(connection, address)]
    notes = notes_to(connection, address)
    letters = books.of_reader(connection, numbers)
    sent = stories.everything(connection, address.written)
    return json.dumps({**held, "letters": letters, "notes": notes, "stories": sent}, ensure_ascii=False, indent=2)


def forget(register: Register, address: str, proof: Proof) -> None:
    """Files first, so that whatever happens in between, doing it again is harmless. `scrub` then removes the bytes (C7)."""
    person = parse(address)
    forget_letters(register.outbox, person)
    forget_in_reports(register.reports, person)
    uploads.forget_all(register.imports)
    rounds.erase(register.engine, register.keys, address, proof)
    with db.writing(register.engine) as connection:
        stories.forget(connection, person.written, proof.at)
    forget_letters(register.outbox, person)  # what was written meanwhile


def scrub(engine: Engine) -> None:
    """Overwrite what deleted rows have left behind, in every room's tables. Raises SubscribersError: run it again."""
    rights.scrub(engine, *books.TABLES_WITH_PEOPLE, *notes.TABLES_WITH_PEOPLE, *TABLES_WITH_STORIES)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What the nightly run has removed."""

    rows: retention.Forgotten
    letters: int
    reports: int
    recipients: int


def keep_no_longer(register: Register, now: datetime) -> Dropped:
    """What is older than the settings allow goes: rows, letters in the outbox, reports, who was sent what; then the bytes (C9)."""
    files = register.keeping.files
    letters = drop_older(register.outbox, now - timedelta(days=files.letter_days))
    reports = drop_older(register.reports, now - timedelta(days=files.report_days))
    with db.writing(register.engine) as connection:
        rows = retention.run(connection, register.keeping.retention, now)
        recipients = books.forget_before(connection, now - timedelta(days=files.delivery_days))
        notes.give_up(connection, now)
        notes.forget_before(connection, now - timedelta(days=files.letter_days))
    scrub(register.engine)
    return Dropped(rows, letters, reports, recipients)
