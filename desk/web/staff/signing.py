"""Signing in by a link in a mail: looking at it changes nothing, pressing it signs in once. And signing out."""

from __future__ import annotations

import logging
import time

from flask import Response, request

import db
from desk.staff import entrance, store
from desk.staff.model import Staff
from desk.staff.record import record
from desk.web.forms import read_address
from desk.web.limits import client, mailbox
from desk.web.public import Problem
from desk.web.signup import wait_for_the_beat
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.frame import own_page
from desk.web.staff.route import BOTH, WRITE, Route
from subscribers.address import Address

DOOR = "desk"  # what the desk itself did, for somebody who was not in yet
log = logging.getLogger("bulletin.desk")


def sign_in(desk: Desk) -> Response:
    """A form for an address; one answer whoever it belongs to, on one beat (C4)."""
    if not session.is_private(request):
        return desk.page("sign-in-open", status=403)
    wanted = own_page(desk, request.values.get("to", ""))
    if request.method != "POST":
        here = session.signed_in()
        return desk.go("week") if here else _form(desk, wanted)
    typed = request.form.get("address", "").strip()
    address, problems = read_address(typed)
    if address is None:
        return _form(desk, wanted, typed, problems, 422)
    if not desk.public.limits.clients.allows(client(request.remote_addr), desk.now):
        log.warning("One client asks for sign-in links too often; it is asked to wait.")
        return _form(desk, wanted, typed, (Problem("address", "too-many"),), 429)
    began = time.monotonic()
    _send_link(desk, address, wanted)
    answer = desk.page("sign-in-sent", address=typed)
    wait_for_the_beat(desk.public, began)
    return answer


def _form(desk: Desk, wanted: str, typed: str = "", problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    return desk.page("sign-in", status=status, wanted=wanted, typed=typed, problems=problems, openid=desk.openid)


def _send_link(desk: Desk, address: Address, wanted: str) -> None:
    """Only to somebody who works here; nobody is flooded with letters by way of it (W14)."""
    now = desk.now
    allowed = desk.public.limits.sign_ins.allows(mailbox(address.key), now)
    with db.writing(desk.engine) as connection:
        who = store.by_key(connection, address.key)
        if who is None or who.is_disabled or not allowed:
            return
        token = entrance.make_link(connection, who, now, wanted, desk.public.random)
        record(connection, DOOR, "link-sent", now, about=who.address)
        desk.public.writer.sign_in(connection, who.address, who.called, token)
    desk.public.sending.hurry()


def arrive(desk: Desk, token: str) -> Response:
    if not session.is_private(request):
        return desk.page("sign-in-open", status=403)
    if request.method == "POST":
        return _press(desk, token)
    with db.reading(desk.engine) as connection:
        arrival = entrance.look(connection, token, desk.now)
    return desk.page("sign-in-press", who=arrival.staff) if arrival else desk.page("sign-in-used", status=404)


def _press(desk: Desk, token: str) -> Response:
    with db.writing(desk.engine) as connection:
        arrival = entrance.use_link(connection, token, desk.now)
    return let_in(desk, arrival.staff, arrival.wanted, "link") if arrival else desk.page("sign-in-used", status=404)


def let_in(desk: Desk, who: Staff, wanted: str, how: str) -> Response:
    """A session of its own for each sign-in; whatever this browser had before ends with it (W16)."""
    now, before = desk.now, session.cookie(request)
    with db.writing(desk.engine) as connection:
        if before:
            entrance.end(connection, before)
        token = entrance.begin(connection, who, now, desk.public.random)
        record(connection, who.actor, "signed-in", now, how=how)
    there = own_page(desk, wanted)
    return session.give(desk.go_to(there) if there else desk.go("week"), token)


def sign_out(desk: Desk) -> Response:
    """This browser, or every browser of theirs."""
    token, who = session.cookie(request), session.signed_in()
    everywhere = bool(request.form.get("everywhere"))
    with db.writing(desk.engine) as connection:
        if who and everywhere:
            entrance.end_all(connection, who)
        if token:
            entrance.end(connection, token)
        if who:
            record(connection, who.actor, "signed-out", desk.now, everywhere=everywhere)
    return session.take(desk.go("sign-in", done="signed-out"))


ROUTES = (
    Route("/desk/sign-in", "sign-in", sign_in, BOTH, None),
    Route("/desk/sign-in/<token>", "sign-in-press", arrive, BOTH, None),
    Route("/desk/sign-out", "sign-out", sign_out, WRITE, None),
)
