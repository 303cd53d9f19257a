"""The week at a glance: what comes next in each bulletin, what is in its way, who must do what, and what waits on a shelf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, func, select

import db
from builder.calendar import Slot, cut_off, known_numbers, next_slot
from builder.model import Bulletin, Edition, Finding
from db.schema.delivery import recipient
from db.schema.staff import staff
from db.schema.subscribers import held
from delivery.ledger import books
from delivery.ledger.books import Sending
from delivery.model import Counts, State
from desk.checking import check_edition
from desk.editing.life import Life, life_of
from desk.mailing.selecting import fingerprint
from desk.staff.model import Role
from goodnews import store as stories
from subscribers import counts as numbers

if TYPE_CHECKING:
    from desk.mailing.office import Office

NOT_BEGUN = Life("draft")
Stage = Literal["none", "writing", "review", "ready", "approved", "planned", "sending", "sent"]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The next edition of one bulletin. `day` is None when nobody has begun one and its calendar knows none."""

    bulletin: Bulletin
    readers: int
    needs_approval: bool
    day: date | None = None
    sends: datetime | None = None
    closes: datetime | None = None
    number: int | None = None
    edition: Edition | None = None
    findings: tuple[Finding, ...] = ()
    life: Life = NOT_BEGUN
    sending: Sending | None = None

    @property
    def blocks(self) -> int:
        return sum(finding.severity == "block" for finding in self.findings)

    @property
    def drafts(self) -> int:
        return sum(item.draft for item in self.edition.items) if self.edition else 0

    @property
    def items(self) -> int:
        """All of them, drafts too, as the board counts them."""
        return len(self.edition.items) if self.edition else 0

    @property
    def stage(self) -> Stage:
        if self.edition is None:
            return "none"
        if self.sending:
            return "sent" if self.sending.finished_at else "sending"
        if self.life.is_scheduled and not self.blocks:
            return "planned"
        if self.life.approved:
            return "approved"
        if self.life.review:
            return "review"
        return "writing" if self.blocks or self.drafts or not self.items else "ready"


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for a person. `code`: its words; `role`: the least that can do it; `route`: where."""

    code: str
    role: Role
    route: str
    number: int = 0
    about: Ahead | None = None
    mailing: str = ""


@dataclass(frozen=True, slots=True)
class Last:
    """The newest mailing and what became of it."""

    sending: Sending
    counts: Counts
    came_back: int


@dataclass(frozen=True, slots=True)
class Shelves:
    """What was set aside, over all mailings, and waits for a person's word."""

    in_doubt: int
    failed: int
    deferred: int
    held: int
    stories: int

    @property
    def is_empty(self) -> bool:
        return not (self.in_doubt or self.failed or self.deferred or self.held)


@dataclass(frozen=True, slots=True)
class Week:
    ahead: tuple[Ahead, ...]
    last: Last | None
    shelves: Shelves
    tasks: tuple[Task, ...]
    first_steps: tuple[tuple[str, bool], ...]
    """What a new house has to do, and whether it is done; empty once letters have gone out."""


def week(office: Office) -> Week:
    with db.reading(office.engine) as connection:
        readers = numbers.readers(connection, office.today)
        ahead = tuple(_ahead(office, connection, each, readers.get(each.id, 0)) for each in _running(office))
        last, shelves = _last(connection), _shelves(connection)
        steps = () if last else _first_steps(office, connection, sum(readers.values()))
    return Week(ahead, last, shelves, tuple(_tasks(ahead, shelves, last)), steps)


def _running(office: Office) -> list[Bulletin]:
    found = [b for b in office.press.house.bulletins.values() if b.last is None or b.last >= office.today]
    return sorted(found, key=lambda bulletin: not bulletin.main)


def _ahead(office: Office, connection: Connection, bulletin: Bulletin, readers: int) -> Ahead:
    press, calendar = office.press, office.press.house.calendar
    slot = next_slot(bulletin, calendar, press.now, known_numbers(press.content.editions, bulletin))
    edition = _next_edition(office, bulletin, slot)
    empty = Ahead(bulletin, readers, office.delivering.approval)
    if edition is None:
        return (
            replace(empty, day=slot.day, sends=slot.sends, closes=slot.cut_off, number=slot.number) if slot else empty
        )
    name, mark = f"{edition.bulletin}-{edition.day}", fingerprint(press, edition)
    return replace(
        empty,
        day=edition.day,
        sends=press.sends(edition),
        closes=cut_off(bulletin, calendar, edition.day),
        number=edition.number or (slot.number if slot and slot.day == edition.day else None),
        edition=edition,
        findings=check_edition(press, edition),
        life=life_of(connection, edition.bulletin, str(edition.day), mark),
        sending=books.mailing(connection, name),
    )


def _next_edition(office: Office, bulletin: Bulletin, slot: Slot | None) -> Edition | None:
    """The first one that has not left and whose moment is not past; the calendar's own, or one on a day of its own."""
    ahead = [e for e in office.press.content.of(bulletin.id) if office.press.sends(e) >= office.press.now]
    first = min(ahead, key=lambda edition: edition.day, default=None)
    return first if first and (slot is None or first.day <= slot.day) else None


def _last(connection: Connection) -> Last | None:
    found = [sending for sending in books.mailings(connection) if sending.kind == "edition"][:1]
    if not found:
        return None
    from db.schema.delivery import came_back

    back = select(func.count()).select_from(came_back).where(came_back.c.mailing_id == found[0].id)
    return Last(found[0], books.counts(connection, found[0].id), int(connection.execute(back).scalar_one()))


def _shelves(connection: Connection) -> Shelves:
    states = {
        state: int(
            connection.execute(
                select(func.count()).select_from(recipient).where(books.is_state(State(state)))
            ).scalar_one()
        )
        for state in ("in_doubt", "failed", "deferred")
    }
    waiting = select(func.count()).select_from(held).where(held.c.decided_at.is_(None))
    return Shelves(
        **states,
        held=int(connection.execute(waiting).scalar_one()),
        stories=stories.counts(connection).get("waiting", 0),
    )


def _first_steps(office: Office, connection: Connection, readers: int) -> tuple[tuple[str, bool], ...]:
    colleagues = int(connection.execute(select(func.count()).select_from(staff)).scalar_one())
    terms = any(term.last >= office.today for term in office.press.house.calendar.terms)
    return (
        ("colleagues", colleagues > 1),
        ("calendar", terms),
        ("readers", readers > 0),
        ("edition", bool(office.press.content.editions)),
        ("sent", False),
    )


def _tasks(ahead: tuple[Ahead, ...], shelves: Shelves, last: Last | None) -> Iterator[Task]:
    if shelves.stories:
        yield Task("stories", "editor", "stories", shelves.stories)
    for one in ahead:
        yield from _tasks_of(one)
    if shelves.in_doubt and last:
        yield Task("in-doubt", "sender", "send", shelves.in_doubt, mailing=last.sending.name)
    if shelves.failed and last:
        yield Task("failed", "sender", "send", shelves.failed, mailing=last.sending.name)
    if shelves.held:
        yield Task("held", "sender", "held", shelves.held)


def _tasks_of(one: Ahead) -> Iterator[Task]:
    if one.day is None:
        return
    if one.edition is None:
        yield Task("begin", "writer", "editions", about=one)
        return
    if one.stage in ("sending", "sent"):
        return
    if one.blocks:
        yield Task("mend", "writer", "editions", one.blocks, one)
    if one.drafts:
        yield Task("drafts", "writer", "editions", one.drafts, one)
    if one.needs_approval and not one.life.approved and not one.blocks:
        yield Task("approve-again" if one.life.was_approved else "approve", "editor", "editions", about=one)
    if not one.life.is_scheduled and not one.blocks and (one.life.approved or not one.needs_approval):
        yield Task("plan", "sender", "editions", about=one)
