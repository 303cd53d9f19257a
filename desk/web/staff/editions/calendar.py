"""All editions: what is to come, with its cut-off, and what has been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from flask import Response, abort, request
from sqlalchemy import select

import db
from builder.items import SLUG
from builder.model import Edition
from builder.press import Press
from db.schema.staff import edition_step
from delivery import schedule
from delivery.ledger import books
from desk.dateboxes import MISSING, Boxes, read_day, typed
from desk.editing import acts, life
from desk.editing.acts import CannotDo
from desk.starting import CannotBegin
from desk.web.public import Problem
from desk.web.staff.desk import Desk
from desk.web.staff.editions.room import pen, told
from desk.web.staff.route import READ, WRITE, Route
from desk.week.coming import coming

AHEAD = 6  # editions of each bulletin: half a term
A_PAGE = 40


@dataclass(frozen=True, slots=True)
class Line:
    """An edition in a list. `items` is None when nobody has begun it."""

    bulletin: str
    name: str
    day: date
    number: int | None
    items: int | None
    drafts: int
    subject: str
    cut_off: datetime | None
    sends: datetime
    term: str
    notes: tuple[str, ...]
    state: life.State

    @property
    def key(self) -> str:
        return f"{self.bulletin}/{self.day}"


def editions(desk: Desk, problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    wanted, first = request.args.get("of", ""), request.args.get("from", 0, type=int)
    with desk.warm.press(desk.now) as press:
        states = _states(desk)
        ahead = list(_ahead(press, states))
        begun = {line.key for line in ahead}
        # Editions that no calendar knows of stand among those to come when their day is.
        rest = [e for e in press.content.editions if e.key not in begun]
        ahead += [_line(press, e, states) for e in rest if press.sends(e) >= press.now]
        past = [_line(press, e, states) for e in rest if press.sends(e) < press.now]
        names = [(b.id, b.name) for b in press.house.bulletins.values()]
    ahead = sorted(
        (line for line in ahead if wanted in ("", line.bulletin)), key=lambda line: (line.day, line.bulletin)
    )
    past = sorted((line for line in past if wanted in ("", line.bulletin)), key=lambda line: line.day, reverse=True)
    shown = past[max(0, first) : max(0, first) + A_PAGE]
    return desk.page(
        "editions/calendar",
        "editions",
        status,
        ahead=ahead,
        past=shown,
        first=max(0, first),
        more=len(past) > max(0, first) + A_PAGE,
        page_size=A_PAGE,
        bulletins=names,
        running=[(b.id, b.name) for b in desk.running],
        wanted=wanted if wanted in dict(names) else "",
        problems=problems,
        typed=request.form,
        day=typed(request.form, "day") or Boxes(),
    )


def _ahead(press: Press, states: dict[str, life.State]) -> Iterator[Line]:
    for row in coming(press, None, AHEAD):
        edition = press.content.edition(row.bulletin, row.slot.day)
        slot = row.slot
        yield Line(
            row.bulletin,
            press.house.bulletins[row.bulletin].name,
            slot.day,
            edition.number if edition else slot.number,
            len(edition.items) if edition else None,
            _drafts(edition),
            edition.subject if edition else "",
            slot.cut_off,
            slot.sends,
            slot.term or "",
            tuple(sorted(slot.notes)),
            states.get(f"{row.bulletin}/{slot.day}", "draft"),
        )


def _line(press: Press, edition: Edition, states: dict[str, life.State]) -> Line:
    name = press.house.bulletins[edition.bulletin].name
    state = states.get(edition.key, "draft")
    return Line(
        edition.bulletin, name, edition.day, edition.number, len(edition.items), _drafts(edition), edition.subject,
        None, press.sends(edition), "", (), state,
    )  # fmt: skip


def _drafts(edition: Edition | None) -> int:
    return sum(item.draft for item in edition.items) if edition else 0


def _states(desk: Desk) -> dict[str, life.State]:
    """Without approvals: those are of a fingerprint, which would need every letter rendered."""
    states: dict[str, life.State] = {}
    with db.reading(desk.engine) as connection:
        steps = select(edition_step.c.bulletin, edition_step.c.edition, edition_step.c.step).order_by(edition_step.c.id)
        for bulletin, day, step in connection.execute(steps):
            states[f"{bulletin}/{day}"] = "review" if step == "review" else "draft"
        for one in schedule.planned(connection):
            if one.result == "waiting":
                states[f"{one.bulletin}/{one.edition}"] = "scheduled"
        for mailing in books.mailings(connection):
            states[f"{mailing.bulletin}/{mailing.edition}"] = "sent"
    return states


def begin(desk: Desk) -> Response:
    """An edition of the calendar, or a special one on any day."""
    bulletin, boxes = request.form.get("bulletin", ""), typed(request.form, "day") or Boxes()
    if not SLUG.fullmatch(bulletin) or bulletin not in desk.house.bulletins:
        abort(400)
    on, wrong = read_day(boxes)
    if on is None:
        label = desk.looks().words["fields"]["edition-day"]
        return editions(desk, desk.date_problems("day", label, wrong or MISSING), 422)
    with desk.warm.press(desk.now) as press:
        try:
            acts.begin_edition(pen(desk, press), bulletin, on, told(desk, "edition-begun", about=f"{bulletin}/{on}"))
            desk.record("edition-begun", about=f"{bulletin}/{on}")
        except (CannotBegin, CannotDo):
            pass  # somebody was faster: it is there
    return desk.go("edition", bulletin=bulletin, day=str(on), done="edition-begun")


ROUTES = (
    Route("/desk/editions", "editions", editions, READ, "writer"),
    Route("/desk/editions/begin", "edition-begin", begin, WRITE, "writer"),
)
