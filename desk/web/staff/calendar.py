"""The calendar: terms and breaks, every edition to come with its moments, and one more term."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, abort, request

import db
from delivery import schedule
from desk import changing
from desk.dateboxes import MISSING, Boxes, one_line, read_day, typed
from desk.delivering import read_delivering
from desk.staff import store
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.changes import settle
from desk.web.staff.desk import Desk
from desk.web.staff.policy import PAGE, protect
from desk.web.staff.route import BOTH, READ, WRITE, Route
from desk.week.calendaring import as_ics, for_staff, terms
from subscribers.tokens import read_link, signed_link

LONGEST = 100


def page(desk: Desk) -> Response:
    with desk.press() as press:
        years = terms(press)
    with db.reading(desk.engine) as connection:
        serial = store.calendar_of(connection, session.staff().id)
    address = f"{desk.house.publisher.url}{_own(desk, session.staff().id, serial)}" if serial else ""
    return desk.page("calendar", years=years, running=desk.running, routes=desk.routes, address=address)


def ics(desk: Desk) -> Response:
    with desk.press() as press:
        content = as_ics(press, desk.looks().words["calendar"], desk.now)
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="editions.ics"'
    return response


PURPOSE = "desk-calendar"


def _own(desk: Desk, number: int, serial: int) -> str:
    """The path of somebody's own calendar: nothing to be kept secret lies in the database."""
    return f"/desk/calendar/{signed_link(desk.keys, PURPOSE, number, str(serial))}.ics"


def subscribed(desk: Desk, token: str) -> Response:
    """For a calendar programme, which cannot sign in: its address is the secret. An older one, and whoever has left: nothing."""
    link = read_link(desk.keys, token)
    if link is None or link.purpose != PURPOSE:
        abort(404)
    with db.reading(desk.engine) as connection:
        who, serial = store.by_id(connection, link.subscriber_id), store.calendar_of(connection, link.subscriber_id)
        planned = schedule.planned(connection)
    if who is None or who.is_disabled or str(serial) != link.bulletin:
        abort(404)
    approval = read_delivering(desk.settings).approval
    with desk.press() as press:
        content = for_staff(press, desk.looks().words["calendar"], desk.now, who, planned, approval=approval)
    response = protect(Response(content, content_type="text/calendar; charset=utf-8"), PAGE)
    response.headers["Content-Disposition"] = 'inline; filename="bulletin.ics"'
    return response


def renew(desk: Desk) -> Response:
    """A new address; the one before opens nothing any more."""
    with db.writing(desk.engine) as connection:
        store.renew_calendar(connection, session.staff())
        desk.record("calendar-renewed", connection=connection)
    return desk.go("calendar", done="calendar-renewed")


def add_term(desk: Desk) -> Response:
    """A new term; what it would write is shown first."""
    if request.method != "POST":
        return _form(desk)
    name, days, problems = one_line(request.form.get("name", ""))[:LONGEST], *_days(desk)
    if not name:
        problems = (Problem("name", "term-name-missing"), *problems)
    if problems:
        return _form(desk, problems)
    breaks: list[dict[str, Any]] = []
    if "break-first" in days:
        named = one_line(request.form.get("break-name", ""))[:LONGEST] or desk.looks().words["calendar"]["half-term"]
        breaks = [{"name": named, "first": days["break-first"], "last": days["break-last"]}]
    proposal = changing.propose_term(desk.settings, name, days["first"], days["last"], breaks)
    return settle(desk, proposal, "term-add", "calendar", "term-added")


TERM, BREAK = ("first", "last"), ("break-first", "break-last")


def _boxes() -> dict[str, Boxes]:
    return {name: typed(request.form, name) or Boxes() for name in (*TERM, *BREAK)}


def _days(desk: Desk) -> tuple[dict[str, date], tuple[Problem, ...]]:
    """The break may be left out altogether, not in part."""
    boxes, words = _boxes(), desk.looks().words["calendar"]
    found, problems = {}, list[Problem]()
    for name in (*TERM, *(BREAK if any(boxes[name] for name in BREAK) else ())):
        day, wrong = read_day(boxes[name])
        if day is not None:
            found[name] = day
        else:
            problems += desk.date_problems(name, words[f"term-{name}"], wrong or MISSING)
    return found, tuple(problems)


def _form(desk: Desk, problems: tuple[Problem, ...] = ()) -> Response:
    kept = {name: request.form.get(name, "") for name in ("name", "break-name")}
    return desk.page("term-add", status=422 if problems else 200, typed=kept, boxes=_boxes(), problems=problems)


ROUTES = (
    Route("/desk/calendar", "calendar", page, READ, "writer"),
    Route("/desk/calendar/editions.ics", "calendar-ics", ics, READ, "writer"),
    Route("/desk/calendar/renew", "calendar-renew", renew, WRITE, "writer"),
    Route("/desk/calendar/<token>.ics", "calendar-own", subscribed, READ, None),
    Route("/desk/calendar/term", "term-add", add_term, BOTH, "administrator"),
)
