"""A mailing, its letters and its readers → the ledger, in the caller's transaction; after it nothing changes what is sent."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from db.schema import delivery as tables
from delivery.ledger import books
from delivery.letter.message import serialise
from delivery.model import NAME_FORM, SUBSCRIBER_FORM, DeliveryError, Letter, Mailing, Recipient, State

CHUNK = 2_000  # recipients a statement; what is held in memory at once
FREEZER = 0  # the row of the running totals that counts what was frozen


class AlreadyFrozenError(DeliveryError):
    """This edition has its mailing: whoever comes second resumes it."""


def freeze(
    connection: Connection,
    mailing: Mailing,
    letters: Iterable[Letter],
    recipients: Iterable[Recipient],
    *,
    now: datetime,
    fingerprint: str = "",
) -> int:
    """The new mailing's id. Recipients may be a stream of any length. Raises AlreadyFrozenError, DeliveryError."""
    mailing_id = _open(connection, mailing, now, fingerprint)
    ids = {letter.variant: _keep_letter(connection, mailing_id, mailing, letter) for letter in letters}
    _keep_recipients(connection, mailing_id, ids, recipients)
    return mailing_id


def add_late(connection: Connection, mailing_id: int, recipients: Iterable[Recipient]) -> int:
    """Readers who came after the freeze get the letters as they were frozen; those who have one are left out."""
    rows = connection.execute(
        select(tables.letter.c.variant, tables.letter.c.id).where(tables.letter.c.mailing_id == mailing_id)
    )
    ids = {row.variant: row.id for row in rows}
    fresh = [one for one in recipients if books.find(connection, mailing_id, one.subscriber) is None]
    _keep_recipients(connection, mailing_id, ids, fresh)
    connection.execute(tables.mailing.update().where(tables.mailing.c.id == mailing_id).values(finished_at=None))
    return len(fresh)


def _open(connection: Connection, mailing: Mailing, now: datetime, fingerprint: str) -> int:
    if not NAME_FORM.fullmatch(mailing.name) or len(mailing.name) > 40:
        raise DeliveryError(f"{mailing.name!r} cannot name a mailing: up to 40 lower-case letters, digits and hyphens")
    values = {
        "name": mailing.name,
        "bulletin": mailing.bulletin,
        "edition": mailing.edition,
        "kind": mailing.kind,
        "details": _details(mailing),
        "fingerprint": fingerprint,
        "frozen_at": now,
    }
    try:
        with connection.begin_nested():
            made = connection.execute(insert(tables.mailing).values(values)).inserted_primary_key
    except IntegrityError as error:
        raise AlreadyFrozenError(f"{mailing.name} is already on its way") from error
    assert made
    return int(made[0])


def _details(mailing: Mailing) -> str:
    return json.dumps({**asdict(mailing), "date": mailing.date.isoformat()}, ensure_ascii=False)


def mailing_from(details: str) -> Mailing:
    values: dict[str, Any] = json.loads(details)
    return Mailing(**{**values, "date": datetime.fromisoformat(values["date"])})


def _keep_letter(connection: Connection, mailing_id: int, mailing: Mailing, letter: Letter) -> int:
    made = connection.execute(
        insert(tables.letter).values(mailing_id=mailing_id, variant=letter.variant, frame=serialise(mailing, letter))
    ).inserted_primary_key
    assert made
    return int(made[0])


def _keep_recipients(
    connection: Connection, mailing_id: int, letters: Mapping[str, int], recipients: Iterable[Recipient]
) -> None:
    write = _copy if connection.dialect.name == "postgresql" else _insert
    stream = iter(recipients)
    suppressed = total = 0
    while chunk := list(islice(stream, CHUNK)):
        write(connection, list(_rows(mailing_id, letters, chunk)))
        total += len(chunk)
        suppressed += sum(one.suppressed for one in chunk)
    books.add_up(connection, mailing_id, FREEZER, {State.QUEUED: total - suppressed, State.SUPPRESSED: suppressed})


COLUMNS = ("mailing_id", "subscriber", "address", "letter_id", "tokens", "state", "words")


def _rows(
    mailing_id: int, letters: Mapping[str, int], recipients: Iterable[Recipient]
) -> Iterator[tuple[int, str, str, int, str, str, str]]:
    for one in recipients:
        if not SUBSCRIBER_FORM.fullmatch(one.subscriber):
            raise DeliveryError(f"{one.subscriber!r} cannot name a subscriber: lower-case letters and digits")
        if one.variant not in letters:
            raise DeliveryError(f"subscriber {one.subscriber} is to get variant {one.variant!r}, which has no letter")
        state = State.SUPPRESSED if one.suppressed else State.QUEUED
        tokens = json.dumps(dict(one.tokens), ensure_ascii=False, separators=(",", ":"))
        yield mailing_id, one.subscriber, one.address, letters[one.variant], tokens, state.value, one.words


def _insert(connection: Connection, rows: list[tuple[int, str, str, int, str, str, str]]) -> None:
    statement = f"INSERT INTO recipient ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?)"
    connection.exec_driver_sql(statement, rows)


def _copy(connection: Connection, rows: list[tuple[int, str, str, int, str, str, str]]) -> None:
    """A million rows by INSERT took PostgreSQL half a minute; COPY is ten times as fast."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY recipient ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
