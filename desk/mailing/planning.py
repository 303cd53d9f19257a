"""Approvals and planned sendings: what somebody said yes to, what leaves when, and what is due now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

import db
from builder.dates import read_moment
from builder.model import BuilderError, Edition
from db.errors import DatabaseError
from delivery import schedule
from delivery.ledger import books
from delivery.ledger.fence import BusyError, is_held
from delivery.loop.run import Summary
from delivery.model import DeliveryError
from delivery.schedule import GRACE, Planned
from desk import rounds
from desk.building import NoSuchEdition, chosen_editions
from desk.mailing import at_once, sending
from desk.mailing.late import current_mailing, has_latecomers
from desk.mailing.office import CannotSend, Office
from desk.mailing.selecting import fingerprint
from desk.readers.register import staff_proof
from desk.settings import SettingsError

if TYPE_CHECKING:
    from desk.mailing.sending import Progress


TROUBLES = (SettingsError, DeliveryError, DatabaseError, OSError)  # of one sending; the others go on


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of one thing that was due. `summary` is None when it could not begin: `problem` says why."""

    name: str
    summary: Summary | None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Deferred letters are no fault: a later run tries them again."""
        return self.summary is not None and (self.summary.is_good or self.summary.ended == "waiting")

    @property
    def is_stopped(self) -> bool:
        """Somebody asked this process to end (SIGTERM): begin nothing more."""
        return self.summary is not None and self.summary.ended == "stopped"


# --- approving -------------------------------------------------------------------------------------------------------


def approve(office: Office, edition: Edition, by: str = "") -> str:
    """Somebody has read it as it stands now; who. Raises CannotSend: what blocks cannot be approved.

    `by`: how records name whoever is signed in; without it, whoever runs this program.
    """
    sending.refuse_unless_ready(office, edition)
    return _approve(office, edition, fingerprint(office.press, edition), by)


def approve_alone(office: Office, one: at_once.Alone, by: str = "") -> str:
    """The same for one item that is to go by itself."""
    at_once.refuse_unless_ready(office, one)
    return _approve(office, one.edition, one.fingerprint, by)


def _approve(office: Office, edition: Edition, mark: str, by: str) -> str:
    by = by or staff_proof("approved").actor
    with db.writing(office.engine) as connection:
        schedule.approve(connection, edition.bulletin, str(edition.day), mark, by=by, now=office.now)
    return by


# --- planning --------------------------------------------------------------------------------------------------------


def plan(office: Office, edition: Edition, at: str | None, by: str = "") -> datetime:
    """When it will leave, in UTC. `at`: a time on its day, or a moment; None: when its bulletin goes out.

    Raises CannotSend when it has left or would leave before its moment, and DeliveryError when that is past.
    """
    if sending.sent_before(office, edition):
        raise CannotSend(f"{edition.key} has already left.")
    moment = moment_of(office, edition, at)
    if moment < (due := office.press.sends(edition)).astimezone(UTC):
        raise CannotSend(f"{edition.key} is out at {due:%H:%M} on {due:%d %B %Y}. It cannot leave before that.")
    mark, by = fingerprint(office.press, edition), by or staff_proof("planned").actor
    with db.writing(office.engine) as connection:
        given = (edition.bulletin, str(edition.day), moment)
        schedule.plan(connection, *given, by=by, now=office.now, fingerprint=mark)
    return moment


def moment_of(office: Office, edition: Edition, at: str | None) -> datetime:
    """On the publisher's clock, which may be an hour off UTC; a time that the clocks skip is the next one there is."""
    house = office.press.house
    clock, zone = house.bulletins[edition.bulletin].at, house.calendar.zone
    if at is None or re.fullmatch(r"\d\d?:\d\d", at.strip()):
        wanted = time.fromisoformat(at.strip().zfill(5)) if at else clock
        return schedule.moment(edition.day, wanted, zone.key)
    return read_moment(at, zone).moment(zone, clock).astimezone(UTC)


def unplan(office: Office, edition: Edition) -> bool:
    with db.writing(office.engine) as connection:
        return schedule.unplan(connection, edition.bulletin, str(edition.day))


@dataclass(frozen=True, slots=True)
class Row:
    """A planned sending as the list shows it. `state`: waiting, sent, under way, missed or cancelled."""

    planned: Planned
    state: str
    edited: bool


def listed(office: Office) -> list[Row]:
    with db.reading(office.engine) as connection:
        rows = schedule.planned(connection)
        mailings = {each.name: each for each in books.mailings(connection)}
    return [_row(office, one, mailings.get(f"{one.bulletin}-{one.edition}")) for one in rows]


def _row(office: Office, one: Planned, mailing: books.Sending | None) -> Row:
    state = one.result
    if mailing:
        state = "sent" if mailing.finished_at else "under way"
    elif one.result == "taken":
        state = "waiting" if office.now - one.at <= GRACE else "missed"
    edition = next((e for e in office.press.content.of(one.bulletin) if str(e.day) == one.edition), None)
    edited = state == "waiting" and edition is not None and fingerprint(office.press, edition) != one.fingerprint
    return Row(one, state, edited)


# --- what is due -----------------------------------------------------------------------------------------------------


def fire(office: Office, progress: Progress | None = None) -> list[Fired]:
    """Sends what is due, each once however many ask; goes on with what was begun and broke off, by itself.

    What was taken but not frozen, because the machine died or something was in the way, is tried again until it is too
    late; from then on it is missed, and a person decides.
    """
    missed = _take_due(office)
    if office.delivering.late:
        _add_latecomers(office)
    fired: list[Fired] = []
    for one in _taken(office):
        fired.append(_post(office, one, progress))
        if fired[-1].is_stopped:
            return fired
    done = {one.name for one in fired}
    for name in _open(office):
        if name not in done and not any(one.is_stopped for one in fired):
            fired.append(_go_on(office, name, progress))
    return [one for one in fired if one.problem != "busy"] + [
        Fired(
            f"{one.bulletin}-{one.edition}", None, f"it was due at {one.at:%H:%M} UTC and was missed; send it, or not"
        )
        for one in missed
    ]


def is_due(engine: Engine, now: datetime, today: date, *, late: bool) -> bool:
    """A look that costs nothing and changes nothing: whether `fire` would find something to do.

    A mailing that another process is sending is not our turn.
    """
    with db.reading(engine) as connection:
        planned = schedule.planned(connection)
        mailings = books.mailings(connection)
        known = {each.name for each in mailings}
        if any(_is_turn(one, now, known) for one in planned):
            return True
        if late and any(has_latecomers(connection, one, today) for one in _current(connection, mailings, now)):
            return True
        open_ones = [one for one in mailings if one.finished_at is None and one.control == "run"]
        ready = [one.id for one in open_ones if books.has_due(connection, one.id, now)]
    return any(not is_held(engine, number) for number in ready)


def _is_turn(one: Planned, now: datetime, known: set[str]) -> bool:
    if one.result == "waiting":
        return one.at <= now
    return one.result == "taken" and f"{one.bulletin}-{one.edition}" not in known and now - one.at <= GRACE


def _current(connection: Connection, mailings: list[books.Sending], now: datetime) -> list[books.Sending]:
    bulletins = dict.fromkeys(one.bulletin for one in mailings)
    found = (current_mailing(connection, bulletin, now) for bulletin in bulletins)
    return [one for one in found if one and one.control == "run"]


def _add_latecomers(office: Office) -> None:
    for bulletin in office.press.house.bulletins:
        rounds.add_latecomers(office, bulletin)


def _take_due(office: Office) -> list[Planned]:
    """Committed before any sending begins. Those that were missed just now."""
    with db.writing(office.engine) as connection:
        before = {(one.bulletin, one.edition) for one in schedule.missed(connection)}
        list(schedule.due(connection, office.now))
        return [one for one in schedule.missed(connection) if (one.bulletin, one.edition) not in before]


def _taken(office: Office) -> list[Planned]:
    """Those that should be on their way and have no mailing yet."""
    with db.reading(office.engine) as connection:
        known = {each.name for each in books.mailings(connection)}
        planned = schedule.planned(connection)
    return [one for one in planned if one.result == "taken" and _is_turn(one, office.now, known)]


def _open(office: Office) -> list[str]:
    with db.reading(office.engine) as connection:
        return [each.name for each in books.mailings(connection, only_open=True) if each.control == "run"]


def _post(office: Office, one: Planned, progress: Progress | None) -> Fired:
    """One that cannot be sent never stops the others."""
    name = f"{one.bulletin}-{one.edition}"
    try:
        day = datetime.fromisoformat(one.edition).date()
        edition = chosen_editions(office.press, one.bulletin, day)[0]
        rounds.make_ready(office, edition)
        sending.refuse_nobody(sending.plan(office, edition))
        return Fired(name, rounds.post(office, edition, progress, one.by))
    except (CannotSend, BuilderError, NoSuchEdition, *TROUBLES) as error:
        return Fired(name, None, str(error))


def _go_on(office: Office, name: str, progress: Progress | None) -> Fired:
    try:
        return Fired(name, sending.deliver(office, name, progress, wait=False))
    except BusyError:
        return Fired(name, None, "busy")
    except TROUBLES as error:
        return Fired(name, None, str(error))
    except (DeliveryError, DatabaseError, OSError) as error:
        return Fired(name, None, str(error))
