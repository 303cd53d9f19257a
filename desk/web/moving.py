"""A change of address, asked for here and confirmed at both addresses."""

from __future__ import annotations

import time

from flask import Response, request

import db
from desk.web.forms import SHOWN_CHARACTERS, read_address
from desk.web.limits import client
from desk.web.preferences import here
from desk.web.public import Problem, Public
from desk.web.signup import wait_for_the_beat
from subscribers import requests
from subscribers.address import Address, parse
from subscribers.model import Subscriber


def address(public: Public, token: str) -> Response:
    person = public.person(token)
    if request.method != "POST":
        return _form(public, token, person, "")
    typed = request.form.get("address", "").strip()[:SHOWN_CHARACTERS]
    new, problems = read_address(typed)
    problems = problems or tuple(_refused(public, person, new))
    if problems or new is None:
        return _form(public, token, person, typed, *problems)
    return _ask(public, token, person, new)


def _refused(public: Public, person: Subscriber, new: Address | None) -> list[Problem]:
    if new is None or new.key == parse(person.address).key:
        return [Problem("address", "address-same")]
    allowed = public.limits.clients.allows(client(request.remote_addr), public.clock())
    return [] if allowed else [Problem("address", "too-many")]


def _form(public: Public, token: str, person: Subscriber, typed: str, *problems: Problem) -> Response:
    status = 422 if problems else 200
    place = here(public, token)
    return public.page("address", status=status, here=place, person=person, problems=problems, typed=typed)


def _ask(public: Public, token: str, person: Subscriber, new: Address) -> Response:
    """The same answer, in the same time, whether the new address is somebody's already or has said no (C4)."""
    began = time.monotonic()
    public.reading()  # before the database is held
    with db.writing(public.engine) as connection:
        asked = requests.ask_new_address(connection, public.keys, person, new, public.clock(), public.random)
        if asked:
            public.writer.moving(connection, person.address, new.written, *asked)
    public.sending.hurry()
    answer = public.page("address-sent", here=here(public, token), old=person.address, new=new.written)
    wait_for_the_beat(public, began)
    return answer
