"""What is a reader's by right: everything held about them as a file, and being forgotten."""

from __future__ import annotations

from flask import Response, request

import db
from desk import rounds
from desk.web.preferences import HOW, here
from desk.web.public import Public
from subscribers import rights
from subscribers.address import parse


def data(public: Public, token: str) -> Response:
    """Everything held, as a file to keep."""
    person = public.person(token)
    with db.reading(public.engine) as connection:
        held = rights.exported(connection, public.keys, parse(person.address))
    response = Response(held, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


def erase(public: Public, token: str) -> Response:
    person = public.person(token)
    if request.method != "POST":
        return public.page("erase", here=here(public, token), person=person)
    rounds.erase(public.engine, public.keys, person.address, public.proof(HOW))
    public.sending.forget(person.address)
    return public.page("erased")
