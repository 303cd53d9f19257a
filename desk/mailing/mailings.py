"""What a person may do with a mailing, one short act each, for the pages and for whoever else: hold, go on, decide about one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

import db
from builder.model import Edition
from delivery import schedule
from delivery.ledger import books
from delivery.ledger.books import Fate, Sending
from delivery.ledger.freezing import AlreadyFrozenError
from delivery.model import Counts, DeliveryError, State
from desk import rounds
from desk.mailing import at_once, sending
from desk.mailing.at_once import Alone
from desk.mailing.engines import make_engine
from desk.mailing.office import CannotSend, Office
from desk.mailing.selecting import fingerprint

SHELVES = {"in-doubt": State.IN_DOUBT, "failed": State.FAILED, "deferred": State.DEFERRED}
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """A mailing and how it stands."""

    sending: Sending
    counts: Counts

    @property
    def is_live(self) -> bool:
        """Somebody sends it, or is about to."""
        is_on = self.sending.finished_at is None and self.sending.control == "run" and not self.sending.problem
        return is_on and self.counts.waiting > 0

    @property
    def can_stop(self) -> bool:
        return self.sending.finished_at is None and self.sending.control != "cancelled"

    @property
    def done(self) -> int:
        return self.counts.recipients - self.counts.waiting

    @property
    def state(self) -> str:
        if self.sending.finished_at:
            return "finished"
        if self.sending.control != "run":
            return self.sending.control
        if self.sending.problem:
            return "broken"
        return "waiting" if self.counts.waiting == self.counts.deferred else "sending"


def standing(connection: Connection, one: Sending) -> Standing:
    return Standing(one, books.counts(connection, one.id))


def listed(office: Office) -> list[Standing]:
    """The newest first."""
    with db.reading(office.engine) as connection:
        return [standing(connection, one) for one in books.mailings(connection)]


def shelf(office: Office, one: Sending, name: str) -> list[Fate]:
    """By name, at most MOST_SHOWN."""
    with db.reading(office.engine) as connection:
        found = books.fates(connection, one.id, SHELVES[name])
        return [fate for fate, _ in zip(found, range(MOST_SHOWN), strict=False) if fate.address]


def pause(connection: Connection, one: Sending, _office: Office) -> None:
    books.pause(connection, one.id)


def go_on(connection: Connection, one: Sending, _office: Office) -> None:
    books.unpause(connection, one.id)
    books.tell(connection, one.id, "")


def cancel(connection: Connection, one: Sending, office: Office) -> None:
    books.cancel(connection, one.id, now=office.now)


def resend_doubted(connection: Connection, one: Sending, office: Office) -> None:
    books.resend_in_doubt(connection, one.id, now=office.now)


def resend_failed(connection: Connection, one: Sending, office: Office) -> None:
    books.resend_failed(connection, one.id, now=office.now)


ACTS: dict[str, Callable[[Connection, Sending, Office], None]] = {
    "pause": pause,
    "resume": go_on,
    "cancel": cancel,
    "resend-doubted": resend_doubted,
    "resend-failed": resend_failed,
}
STOPS = ("pause", "cancel")


def act(connection: Connection, office: Office, one: Sending, what: str) -> None:
    """In the caller's transaction, so that it is recorded with it. Raises DeliveryError."""
    if what in STOPS:
        sending.under_way(one)
    ACTS[what](connection, one, office)


def decide(connection: Connection, office: Office, one: Sending, subscriber: str, what: str) -> None:
    """About one reader: send it `again`, or note that they `have` it."""
    if what == "have":
        books.settle_in_doubt(connection, one.id, [subscriber], now=office.now)
        return
    books.resend_in_doubt(connection, one.id, [subscriber], now=office.now)
    books.resend_failed(connection, one.id, [subscriber], now=office.now)


def send_now(office: Office, edition: Edition, by: str) -> None:
    """Planned for this moment: whoever watches over sendings begins it within seconds, once. Raises CannotSend and others."""
    if sending.sent_before(office, edition):
        raise DeliveryError(f"{edition.key} has already left.")
    rounds.make_ready(office, edition)
    sending.refuse_nobody(sending.plan(office, edition))
    mark, at = fingerprint(office.press, edition), office.now + timedelta(seconds=1)
    with db.writing(office.engine) as connection:
        given = (edition.bulletin, str(edition.day), at)
        schedule.plan(connection, *given, by=by, now=office.now, fingerprint=mark)


def send_alone_now(office: Office, one: Alone) -> None:
    """Frozen for whoever it is for; whoever watches over sendings goes on with it within seconds. Raises CannotSend and others."""
    at_once.refuse_unless_ready(office, one)
    at_once.refuse_unapproved(office, one)
    make_engine(office.delivering)
    sending.terms_of(office)
    if not at_once.count(office, one):
        raise CannotSend(f"Nobody who chose actions at once is meant by {one.item.key}. It is in its edition.")
    with suppress(AlreadyFrozenError):  # pressed twice
        rounds.freeze_alone(office, one)
