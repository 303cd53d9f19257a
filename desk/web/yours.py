"""What is a reader's by right: everything held about them as a file, and being forgotten."""

from __future__ import annotations

from flask import Response, request

import db
from desk import rounds
from desk.readers import uploads
from desk.readers.person import shown
from desk.readers.shelves import forget_in_reports, forget_letters
from desk.web.preferences import HOW, here
from desk.web.public import Public
from subscribers.address import parse


def data(public: Public, token: str) -> Response:
    """Everything held, as a file to keep."""
    person = public.person(token)
    with db.reading(public.engine) as connection:
        held = shown(connection, public.keys, parse(person.address))
    response = Response(held, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


def erase(public: Public, token: str) -> Response:
    """Files first, so that a second press is harmless. The bytes of the rows go with the nightly retention (C7)."""
    person = public.person(token)
    if request.method != "POST":
        return public.page("erase", here=here(public, token), person=person)
    forget_letters(public.outbox, parse(person.address))
    forget_in_reports(public.reports, parse(person.address))
    uploads.forget_all(public.reports.parent / "imports")
    rounds.erase(public.engine, public.keys, person.address, public.proof(HOW))
    forget_letters(public.outbox, parse(person.address))  # what was written meanwhile
    return public.page("erased")
