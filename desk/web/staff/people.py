"""Who works here: letting in, roles, locking out; what was done by whom; and oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import Response, abort, request
from sqlalchemy import Connection

import db
from desk.staff import entrance, store
from desk.staff.model import ROLES, Role, Staff, StaffError
from desk.staff.record import PAGE, acts
from desk.web.forms import read_address
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.route import BOTH, READ, WRITE, Route

LONGEST = 200


def overview(desk: Desk) -> Response:
    return _page(desk)


def _page(desk: Desk, problems: tuple[Problem, ...] = (), status: int = 0) -> Response:
    with db.reading(desk.engine) as connection:
        people = store.listed(connection)
    return desk.page(
        "people",
        status=status or (422 if problems else 200),
        people=people,
        roles=ROLES,
        role_choices=[(each, desk.looks().words["roles"][each]) for each in ROLES],
        problems=problems,
        typed={name: request.form.get(name, "") for name in ("address", "name", "role")},
    )


def add(desk: Desk) -> Response:
    """They get a letter with their first link."""
    address, problems = read_address(request.form.get("address", "").strip())
    role = request.form.get("role", "")
    if role not in ROLES:
        problems += (Problem("role", "role-missing"),)
    if problems or address is None:
        return _page(desk, problems)
    name = " ".join(request.form.get("name", "").replace("\x00", "").split())[:LONGEST]
    now = desk.now
    try:
        with db.writing(desk.engine) as connection:
            who = store.add(connection, address, cast("Role", role), now, name=name)
            desk.record("staff-added", about=who.address, connection=connection, role=role)
            token = entrance.make_link(connection, who, now, random=desk.public.random)
            desk.public.writer.sign_in(connection, who.address, who.called, token)
    except StaffError:
        return _page(desk, (Problem("address", "staff-already"),))
    desk.public.sending.hurry()
    return desk.go("people", done="staff-added")


def _change(desk: Desk, number: int, what: str, deed: Callable[[Connection, Staff], None], **details: str) -> Response:
    """One deed about one of the staff, with its line in the record; a deed that would leave nobody in charge is refused."""
    try:
        with db.writing(desk.engine) as connection:
            who = store.by_id(connection, number) or abort(404)
            deed(connection, who)
            desk.record(what, about=who.address, connection=connection, before=who.role, **details)
    except StaffError:
        return _page(desk, (Problem("people", "last-administrator"),), 409)
    return desk.go("people", done=what)


def role(desk: Desk, number: int) -> Response:
    wanted = request.form.get("role", "")
    if wanted not in ROLES:
        abort(400)
    given: Role = wanted
    return _change(desk, number, "role-given", lambda c, who: store.give_role(c, who, given), role=wanted)


def disable(desk: Desk, number: int) -> Response:
    now = desk.now
    return _change(desk, number, "staff-disabled", lambda c, who: store.disable(c, who, now))


def enable(desk: Desk, number: int) -> Response:
    return _change(desk, number, "staff-enabled", store.enable)


def out(desk: Desk, number: int) -> Response:
    return _change(desk, number, "staff-signed-out", entrance.end_all)


def you(desk: Desk) -> Response:
    """One's own name, and the way out of every browser."""
    if request.method != "POST":
        return desk.page("you")
    name = " ".join(request.form.get("name", "").replace("\x00", "").split())[:LONGEST]
    with db.writing(desk.engine) as connection:
        store.rename(connection, session.staff(), name)
        desk.record("staff-renamed", connection=connection, name=name)
    return desk.go("you", done="saved")


def record(desk: Desk) -> Response:
    """Who did what, the newest first."""
    before = request.args.get("before", type=int)
    actor, what = request.args.get("who", ""), request.args.get("what", "")
    with db.reading(desk.engine) as connection:
        found = acts(connection, before=before, actor=actor, what=what)
        people = store.listed(connection)
    return desk.page(
        "record",
        found=found,
        older=found[-1].id if len(found) == PAGE else None,
        who=actor,
        what=what,
        people=[(each.actor, each.called) for each in people],
        names={"desk": desk.looks().words["desk"]["brand"], **{each.actor: each.called for each in people}},
    )


HERE = "/desk/settings/people/<int:number>"
ROUTES = (
    Route("/desk/settings/people", "people", overview, READ, "administrator"),
    Route("/desk/settings/people/add", "people-add", add, WRITE, "administrator"),
    Route(f"{HERE}/role", "people-role", role, WRITE, "administrator"),
    Route(f"{HERE}/disable", "people-disable", disable, WRITE, "administrator"),
    Route(f"{HERE}/enable", "people-enable", enable, WRITE, "administrator"),
    Route(f"{HERE}/out", "people-out", out, WRITE, "administrator"),
    Route("/desk/settings/record", "record", record, READ, "administrator"),
    Route("/desk/you", "you", you, BOTH, "writer"),
)
