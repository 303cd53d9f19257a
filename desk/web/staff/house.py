"""Settings that are safe to change: a bulletin's own words, its day and its cut-off; whether an edition needs approval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Any

from flask import Response, abort, request

from builder.dates import DAYS, read_clock, say_clock
from builder.model import Bulletin
from desk import changing
from desk.changing import Value, is_fixed
from desk.delivering import read_delivering
from desk.web.public import Problem
from desk.web.staff.changes import settle
from desk.web.staff.desk import Desk
from desk.web.staff.route import BOTH, READ, Route

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One setting on the page. `shown`: as a person writes it; `is_fixed`: the environment says it, so nobody may here."""

    name: str
    path: tuple[str, ...]
    shown: str
    is_fixed: bool


def overview(desk: Desk) -> Response:
    return desk.page(
        "settings",
        running=desk.running,
        ended=[b for b in desk.house.bulletins.values() if b not in desk.running],
        days=DAYS,
        delivering=read_delivering(desk.settings),
        fixed=lambda *path: is_fixed(desk.settings, path),
    )


def bulletin(desk: Desk, bulletin: str) -> Response:
    found = desk.house.bulletins.get(bulletin) or abort(404)
    lines = _lines(desk, found)
    if request.method != "POST":
        return _form(desk, found, lines)
    changes, problems = _changes(lines)
    if problems:
        return _form(desk, found, lines, problems)
    return settle(
        desk, changing.propose(desk.settings, changes), "bulletin", "settings", "settings-saved", bulletin=bulletin
    )


def _lines(desk: Desk, found: Bulletin) -> list[Line]:
    top = ("bulletins", found.id)
    shown = (
        ("strapline", (*top, "strapline"), found.strapline),
        ("sender", (*top, "sender"), found.sender),
        ("why", (*top, "why"), found.why),
        ("weekday", (*top, "weekday"), "" if found.weekday is None else DAYS[found.weekday]),
        ("at", (*top, "at"), say_clock(found.at)),
        ("days-before", (*top, "cut-off", "days-before"), str(found.cut_off_days)),
        ("cut-off-at", (*top, "cut-off", "at"), say_clock(found.cut_off_at)),
        ("asks", (*top, "asks"), "yes" if found.asks else "no"),
    )
    return [Line(name, path, value, is_fixed(desk.settings, path)) for name, path, value in shown]


def _changes(lines: list[Line]) -> tuple[dict[tuple[str, ...], Value], tuple[Problem, ...]]:
    """Only what differs from what was shown is written."""
    changes: dict[tuple[str, ...], Value] = {}
    problems = []
    for line in lines:
        typed = request.form.get(line.name, line.shown).replace("\x00", "").strip()[:LONGEST]
        if line.is_fixed or typed == line.shown:
            continue
        try:
            changes[line.path] = READ_AS.get(line.name, _text)(typed)
        except ValueError:
            problems.append(Problem(line.name, f"setting-{line.name}"))
    return changes, tuple(problems)


def _text(typed: str) -> Value:
    return " ".join(typed.split()) or None


def _weekday(typed: str) -> Value:
    if typed and typed.capitalize() not in DAYS:
        raise ValueError
    return typed.capitalize() or None


def _number(typed: str) -> Value:
    return int(typed)


def _clock(typed: str) -> time:
    return read_clock(typed)


READ_AS: dict[str, Callable[[str], Any]] = {
    "weekday": _weekday,
    "at": _clock,
    "days-before": _number,
    "cut-off-at": _clock,
    "asks": lambda typed: typed == "yes",
}


def _form(desk: Desk, found: Bulletin, lines: list[Line], problems: tuple[Problem, ...] = ()) -> Response:
    typed = {line.name: request.form.get(line.name, line.shown) for line in lines}
    return desk.page(
        "bulletin",
        status=422 if problems else 200,
        bulletin=found,
        typed=typed,
        fixed={line.name for line in lines if line.is_fixed},
        days=DAYS,
        problems=problems,
    )


def approval(desk: Desk) -> Response:
    """Whether nothing leaves before somebody has read it as it stands."""
    wanted = request.form.get("approval") == "yes"
    if request.method != "POST":
        return desk.go("settings")
    proposal = changing.propose(desk.settings, {("delivery", "approval"): wanted})
    return settle(desk, proposal, "approval", "settings", "settings-saved")


ROUTES = (
    Route("/desk/settings", "settings", overview, READ, "administrator"),
    Route("/desk/settings/bulletins/<bulletin>", "bulletin", bulletin, BOTH, "administrator"),
    Route("/desk/settings/approval", "approval", approval, BOTH, "administrator"),
)
