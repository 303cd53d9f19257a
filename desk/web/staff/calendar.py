"""The calendar: terms and breaks, every edition to come with its moments, and one more term."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, request

from desk import changing
from desk.calendaring import as_ics, terms
from desk.dateboxes import MISSING, Boxes, one_line, read_day, typed
from desk.web.public import Problem
from desk.web.staff.changes import settle
from desk.web.staff.desk import Desk
from desk.web.staff.route import BOTH, READ, Route

LONGEST = 100


def page(desk: Desk) -> Response:
    with desk.press() as press:
        return desk.page("calendar", years=terms(press), running=desk.running, routes=desk.routes)


def ics(desk: Desk) -> Response:
    with desk.press() as press:
        content = as_ics(press, desk.looks().words["calendar"], desk.now)
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="editions.ics"'
    return response


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
    Route("/desk/calendar/term", "term-add", add_term, BOTH, "administrator"),
)
