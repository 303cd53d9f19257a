"""Who must not be written to: the list without addresses, whether one of them is on it, putting one on, taking one off."""

from __future__ import annotations

from flask import Response, request

import db
from desk import rounds
from desk.web.forms import read_address
from desk.web.public import Problem
from desk.web.staff.desk import Desk
from desk.web.staff.route import BOTH, WRITE, Route
from subscribers import store
from subscribers.model import EVERY_BULLETIN, Suppression

SHOWN = 100
LONGEST = 320


def overview(desk: Desk) -> Response:
    """GET lists; POST asks about one address. An address stands in no web address (C13)."""
    typed, answer, problems = "", None, tuple[Problem, ...]()
    if request.method == "POST":
        typed = request.form.get("address", "").strip()[:LONGEST]
        address, problems = read_address(typed)
        if address:
            with db.reading(desk.engine) as connection:
                answer = store.noes(connection, desk.keys, address.key)
    return _page(desk, typed, answer, problems)


def _page(
    desk: Desk, typed: str = "", answer: tuple[Suppression, ...] | None = None, problems: tuple[Problem, ...] = ()
) -> Response:
    with db.reading(desk.engine) as connection:
        found = store.suppressions(connection, SHOWN + 1)
    return desk.page(
        "suppressions",
        status=422 if problems else 200,
        noes=found[:SHOWN],
        more=len(found) > SHOWN,
        typed=typed,
        answer=answer,
        problems=problems,
        bulletins=[("", ""), *((each.id, each.name) for each in desk.running)],
    )


def add(desk: Desk) -> Response:
    typed = request.form.get("address", "").strip()[:LONGEST]
    address, problems = read_address(typed)
    if address is None:
        return _page(desk, typed, problems=problems)
    bulletin = request.form.get("bulletin") or None
    if bulletin is not None and bulletin not in desk.house.bulletins:
        return _page(desk, typed, problems=(Problem("bulletin", "bulletin-missing"),))
    rounds.refuse(desk.engine, desk.keys, address.written, bulletin, desk.proof("suppressed by staff"))
    desk.record("address-suppressed", about=bulletin or "")
    return desk.go("suppressions", done="suppressed")


def lift(desk: Desk) -> Response:
    """Nobody becomes a reader by it."""
    typed, bulletin = request.form.get("address", ""), request.form.get("bulletin", EVERY_BULLETIN)
    address, problems = read_address(typed.strip()[:LONGEST])
    if address is None:
        return _page(desk, typed, problems=problems)
    every = set(desk.house.bulletins)
    with db.writing(desk.engine) as connection:
        dropped = [
            no
            for each in ([bulletin] if bulletin else sorted(every))
            for no in store.lift(connection, desk.keys, address.key, each, every - {each} if bulletin else ())
        ]
        if dropped:
            desk.record("suppression-lifted", about=bulletin, connection=connection)
    return desk.go("suppressions", done="no-lifted" if dropped else "not-suppressed")


ROUTES = (
    Route("/desk/subscribers/suppressions", "suppressions", overview, BOTH, "sender"),
    Route("/desk/subscribers/suppressions/add", "suppression-add", add, WRITE, "sender"),
    Route("/desk/subscribers/suppressions/lift", "suppression-lift", lift, WRITE, "sender"),
)
