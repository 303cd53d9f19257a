"""A change of settings: shown as a difference first, written when somebody says so, and recorded."""

from __future__ import annotations

from flask import Response, abort, request

from desk.changing import ChangedMeanwhile, Proposal, write
from desk.web.public import Problem
from desk.web.staff.desk import Desk


def settle(desk: Desk, proposal: Proposal, route: str, home: str, done: str, **values: str) -> Response:
    """The page that asks, or, once the answer has come with the same form, the deed.

    `route`: where the form came from and goes to again; `home`: where its writer is led afterwards.
    """
    asked = request.form.get("mark", "")
    if not proposal.changes and not proposal.mistakes:
        return desk.go(home, done="nothing-changed")
    if proposal.mistakes or not asked:
        return _page(desk, proposal, route, values, 422 if proposal.mistakes else 200)
    if asked != proposal.mark:
        return _page(desk, proposal, route, values, 409, (Problem("difference", "settings-moved"),))
    try:
        write(desk.settings, proposal)
    except ChangedMeanwhile:
        abort(409)
    lines = [f"{sign}{line}" for sign, line in proposal.difference if sign != " "]
    desk.record("settings-changed", about=home, difference=lines)
    return desk.go(home, done=done)


def _page(
    desk: Desk,
    proposal: Proposal,
    route: str,
    values: dict[str, str],
    status: int,
    problems: tuple[Problem, ...] = (),
) -> Response:
    typed = [(name, value) for name, value in request.form.items(multi=True) if name not in ("form", "mark")]
    return desk.page(
        "difference",
        status=status,
        proposal=proposal,
        action=(route, values),
        typed=typed,
        problems=problems,
    )
