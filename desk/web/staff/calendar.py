"""The calendar: terms and breaks, every edition to come with its moments, and one more term."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from builder.dates import read_moment
from desk import changing
from desk.calendaring import as_ics, terms
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
    typed = {name: request.form.get(name, "").strip()[:LONGEST] for name in TERM_FIELDS}
    days, problems = _days(desk, typed)
    if not typed["name"]:
        problems = (Problem("name", "term-name-missing"), *problems)
    if problems:
        return _form(desk, problems)
    breaks: list[dict[str, Any]] = []
    if "break-first" in days:
        breaks = [{"name": typed["break-name"], "first": days["break-first"], "last": days["break-last"]}]
    proposal = changing.propose_term(desk.settings, typed["name"], days["first"], days["last"], breaks)
    return settle(desk, proposal, "term-add", "calendar", "term-added")


TERM_FIELDS = ("name", "first", "last", "break-name", "break-first", "break-last")


def _days(desk: Desk, typed: dict[str, str]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The break may be left out altogether, not in part."""
    wanted = ["first", "last"]
    if any(typed[name] for name in ("break-name", "break-first", "break-last")):
        wanted += ["break-first", "break-last"]
        typed["break-name"] = typed["break-name"] or desk.looks().words["calendar"]["half-term"]
    found, problems = {}, []
    for name in wanted:
        try:
            found[name] = read_moment(typed[name], desk.house.calendar.zone).day
        except ValueError:
            problems.append(Problem(name, "day-wrong"))
    return found, tuple(problems)


def _form(desk: Desk, problems: tuple[Problem, ...] = ()) -> Response:
    typed = {name: request.form.get(name, "") for name in TERM_FIELDS}
    return desk.page("term-add", status=422 if problems else 200, typed=typed, problems=problems)


ROUTES = (
    Route("/desk/calendar", "calendar", page, READ, "writer"),
    Route("/desk/calendar/editions.ics", "calendar-ics", ics, READ, "writer"),
    Route("/desk/calendar/term", "term-add", add_term, BOTH, "administrator"),
)
