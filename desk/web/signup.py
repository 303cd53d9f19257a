"""Signing up: a form, a look at what the choices would have brought, and one answer whoever the address belongs to."""

from __future__ import annotations

import hashlib
import logging
import time

from flask import Response, g, request

import db
from desk.web import guard
from desk.web.forms import SignUp, blank, read_sign_up
from desk.web.limits import client, mailbox
from desk.web.public import Problem, Public
from desk.web.reading import Taste
from subscribers import requests, store
from subscribers.address import Address

log = logging.getLogger("bulletin.web")
GRAIN_SECONDS = 0.25  # every answer is given on such a beat, so that its time tells nothing (C4)
TRAP = "website"  # people do not see this field; robots fill in every field


def subscribe(public: Public) -> Response:
    if request.method != "POST":
        return form(public, blank(public.offered))
    filled = read_sign_up(request.form, public.offered, public.house.audiences)
    if "show" in request.form:
        return form(public, filled, show=True)
    if filled.problems:
        return form(public, filled, *filled.problems, status=422)
    if g.form_age is None:
        return form(public, filled, Problem("subscribe", "cookie"), status=422)
    if request.form.get(TRAP) or g.form_age < guard.LEAST_TIME:  # nobody is accused: they are asked to press again
        return form(public, filled, Problem("subscribe", "press-again"), status=422)
    if not public.limits.clients.allows(client(request.remote_addr), public.clock()):
        log.warning("One client signs up too often; it is asked to wait.")
        return form(public, filled, Problem("subscribe", "too-many"), status=429)
    return _ask(public, filled)


def form(public: Public, filled: SignUp, *problems: Problem, show: bool = False, status: int = 200) -> Response:
    latest = public.reading().latest
    return public.page(
        "subscribe",
        status=status,
        filled=filled,
        problems=problems,
        offered=public.offered,
        axes=public.house.audiences.axes,
        day=next((latest[b.id].day for b in public.offered if b.id in latest), ""),
        tastes=tastes(public, filled) if show else (),
        trap=TRAP,
    )


def tastes(public: Public, filled: SignUp) -> tuple[Taste, ...]:
    """The latest edition of each bulletin that was ticked, cut down to these choices."""
    chosen = frozenset[str]() if filled.choices.amount == "everything" else filled.choices.audiences
    latest = public.reading().latest
    return tuple(latest[id_].taste(chosen, public.house.audiences) for id_ in filled.bulletins if id_ in latest)


def wording(public: Public) -> str:
    """Which words the reader agreed to: their version, and a mark that changes with every letter of them (C1)."""
    words = public.reading().words
    mark = hashlib.sha256(words["consent"].encode()).hexdigest()[:8]
    return f"{words['consent-version']} {mark}"


def _ask(public: Public, filled: SignUp) -> Response:
    assert filled.address is not None
    began = time.monotonic()
    if public.limits.mailboxes.allows(mailbox(filled.address.key), public.clock()):
        _answer(public, filled, filled.address)
    answer = public.page("sent", address=filled.typed)
    wait_for_the_beat(public, began)
    return answer


def wait_for_the_beat(public: Public, began: float) -> None:
    public.pause(GRAIN_SECONDS - (time.monotonic() - began) % GRAIN_SECONDS)


def _answer(public: Public, filled: SignUp, address: Address) -> None:
    """A letter to confirm; to whoever reads all of it already, a letter that says so; or, rightly, none."""
    wish = requests.Wish(address, filled.wanted, wording=wording(public))
    with db.writing(public.engine) as connection:
        token = requests.ask(connection, public.keys, wish, public.clock(), public.random)
        held = store.find(connection, address.key)
        if token is None:
            return
        if held and all(held.open_for(bulletin) for bulletin in filled.bulletins):
            public.writer.already(connection, held.address, held.id, filled.wanted)
        else:
            public.writer.confirm(connection, address.written, token, filled.wanted)
    public.sending.hurry()
