"""What came back is written down once, and the desk is told what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from db.schema import delivery as tables

from . import books
from .bounces import Report
from .model import State

SOFT_IN_A_ROW = 5  # five weeks of a full mailbox: nobody reads it any more
LOOKED_BACK = 60  # mailings, of all bulletins together

_back, _mailing, _recipient = tables.came_back, tables.mailing, tables.recipient


@dataclass(frozen=True)
class Consequence:
    """What a report means for a reader. `is_new`: it was not known before."""

    report: Report
    subscriber: str
    mailing: str
    is_new: bool
    suppress: bool
    tell_staff: bool


def take(connection: Connection, reports: Iterable[Report], *, now: datetime) -> list[Consequence]:
    """In the caller's transaction. Reports that name none of our letters have no subscriber and change nothing."""
    return [_take(connection, report, now) for report in reports]


def _take(connection: Connection, report: Report, now: datetime) -> Consequence:
    sending = books.mailing(connection, report.named.mailing) if report.named else None
    fate = books.find(connection, sending.id, report.named.subscriber) if sending and report.named else None
    if not (sending and fate):
        return Consequence(report, "", "", is_new=False, suppress=False, tell_staff=report.kind == "policy")
    if fate.state is State.IN_DOUBT:  # it came back, so it had left
        books.settle_in_doubt(connection, sending.id, [fate.subscriber], now=now)
    is_new = _keep(connection, sending.id, fate.subscriber, report, now)
    suppress = report.kind in ("hard", "complaint") or (
        report.kind == "soft" and _is_lasting(connection, fate.subscriber)
    )
    return Consequence(report, fate.subscriber, sending.name, is_new, suppress, report.kind == "policy")


def _keep(connection: Connection, mailing_id: int, subscriber: str, report: Report, now: datetime) -> bool:
    row = {"mailing_id": mailing_id, "subscriber": subscriber, "kind": report.kind, "at": now}
    try:
        with connection.begin_nested():
            connection.execute(_back.insert().values(**row, status=report.status, words=report.words))
    except IntegrityError:
        return False
    return True


def _is_lasting(connection: Connection, subscriber: str) -> bool:
    """The last letters to this reader all came back."""
    bounced = set(connection.execute(select(_back.c.mailing_id).where(_back.c.subscriber == subscriber)).scalars())
    if len(bounced) < SOFT_IN_A_ROW:
        return False
    recent = select(_mailing.c.id).order_by(_mailing.c.id.desc()).limit(LOOKED_BACK)
    theirs = (_recipient.c.subscriber == subscriber) & (_recipient.c.state == State.ACCEPTED.value)
    query = select(_recipient.c.mailing_id).where(_recipient.c.mailing_id.in_(recent), theirs)
    last = sorted(connection.execute(query).scalars(), reverse=True)[:SOFT_IN_A_ROW]
    return len(last) == SOFT_IN_A_ROW and bounced.issuperset(last)
