"""What came back is written down once, and the desk is told what follows from it; many reports in a handful of statements."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import delivery as tables
from delivery.ledger import books
from delivery.model import State
from delivery.returning.bounces import Report

SOFT_IN_A_ROW = 5  # five weeks of a full mailbox: nobody reads it any more
LOOKED_BACK = 60  # mailings, of all bulletins together
CHUNK = 500  # values a statement

_back, _mailing, _recipient = tables.came_back, tables.mailing, tables.recipient
T = TypeVar("T")


@dataclass(frozen=True)
class Consequence:
    """What a report means for a reader. `is_new`: it was not known before. `sent_to`: where that letter went."""

    report: Report
    subscriber: str
    mailing: str
    is_new: bool
    suppress: bool
    tell_staff: bool
    sent_to: str = ""


@dataclass(frozen=True)
class _Letter:
    """The letter that a report is about. The address is empty once its reader was forgotten."""

    mailing_id: int
    mailing: str
    subscriber: str
    address: str
    state: State


def take(connection: Connection, reports: Iterable[Report], *, now: datetime) -> list[Consequence]:
    """In the caller's transaction. Reports that name none of our letters have no subscriber and change nothing."""
    listed = list(reports)
    letters = _letters(connection, listed)
    _settle(connection, letters.values(), now)
    about = [
        (report, letters.get((report.named.mailing, report.named.subscriber)) if report.named else None)
        for report in listed
    ]
    new = _keep(connection, [(report, letter) for report, letter in about if letter], now)
    lasting = _lasting(connection, {letter.subscriber for report, letter in about if letter and report.kind == "soft"})
    return [_consequence(report, letter, new, lasting) for report, letter in about]


def _consequence(
    report: Report, letter: _Letter | None, new: set[tuple[int, str, str]], lasting: set[str]
) -> Consequence:
    is_ours = report.kind == "policy"
    if letter is None:
        return Consequence(report, "", "", is_new=False, suppress=False, tell_staff=is_ours)
    mark = (letter.mailing_id, letter.subscriber, report.kind)
    is_new = mark in new
    new.discard(mark)  # the same letter named twice in one batch
    gone = report.kind in ("hard", "complaint") or (report.kind == "soft" and letter.subscriber in lasting)
    return Consequence(report, letter.subscriber, letter.mailing, is_new, gone, is_ours, letter.address)


def _letters(connection: Connection, reports: Sequence[Report]) -> dict[tuple[str, str], _Letter]:
    """By mailing and reader."""
    asked: dict[str, set[str]] = {}
    for report in reports:
        if report.named:
            asked.setdefault(report.named.mailing, set()).add(report.named.subscriber)
    found = {}
    for name, readers in asked.items():
        if sending := books.mailing(connection, name):
            found.update({(name, one.subscriber): one for one in _of_mailing(connection, sending, readers)})
    return found


def _of_mailing(connection: Connection, sending: books.Sending, readers: Iterable[str]) -> Iterator[_Letter]:
    columns = _recipient.c.subscriber, _recipient.c.address, _recipient.c.state
    for chunk in _chunks(readers):
        theirs = (_recipient.c.mailing_id == sending.id) & _recipient.c.subscriber.in_(chunk)
        for subscriber, address, state in connection.execute(select(*columns).where(theirs)):
            yield _Letter(sending.id, sending.name, subscriber, address, State(state))


def _settle(connection: Connection, letters: Iterable[_Letter], now: datetime) -> None:
    """What came back had left."""
    doubted: dict[int, list[str]] = {}
    for letter in letters:
        if letter.state is State.IN_DOUBT:
            doubted.setdefault(letter.mailing_id, []).append(letter.subscriber)
    for mailing_id, readers in doubted.items():
        for chunk in _chunks(readers):
            books.settle_in_doubt(connection, mailing_id, chunk, now=now)


def _keep(connection: Connection, about: Sequence[tuple[Report, _Letter]], now: datetime) -> set[tuple[int, str, str]]:
    """Those that were not known: mailing, reader, kind. Of a reader who was forgotten the server's words are not kept (C7)."""
    rows = [
        {
            "mailing_id": letter.mailing_id,
            "subscriber": letter.subscriber,
            "kind": report.kind,
            "status": report.status,
            "words": report.words if letter.address else "",
            "at": now,
        }
        for report, letter in about
    ]
    if not rows:
        return set()
    made: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(_back)
    keeping = made.on_conflict_do_nothing().returning(_back.c.mailing_id, _back.c.subscriber, _back.c.kind)
    return {(row.mailing_id, row.subscriber, row.kind) for row in connection.execute(keeping, rows)}


def _lasting(connection: Connection, readers: set[str]) -> set[str]:
    """Those to whom the last letters all came back."""
    bounced: dict[str, set[int]] = {}
    for chunk in _chunks(readers):
        query = select(_back.c.subscriber, _back.c.mailing_id).where(_back.c.subscriber.in_(chunk)).distinct()
        for row in connection.execute(query):
            bounced.setdefault(row.subscriber, set()).add(row.mailing_id)
    often = {reader for reader, mailings in bounced.items() if len(mailings) >= SOFT_IN_A_ROW}
    return {reader for reader in often if bounced[reader].issuperset(_last_letters(connection, reader))}


def _last_letters(connection: Connection, reader: str) -> set[int]:
    """SOFT_IN_A_ROW mailings, or an impossible one where there are fewer."""
    recent = select(_mailing.c.id).order_by(_mailing.c.id.desc()).limit(LOOKED_BACK)
    theirs = (_recipient.c.subscriber == reader) & (_recipient.c.state == State.ACCEPTED.value)
    query = select(_recipient.c.mailing_id).where(_recipient.c.mailing_id.in_(recent), theirs)
    last = sorted(connection.execute(query).scalars(), reverse=True)[:SOFT_IN_A_ROW]
    return set(last) if len(last) == SOFT_IN_A_ROW else {-1}


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
