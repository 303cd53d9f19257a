"""A break: nothing comes until a day that the reader names, and then everything as before."""

from __future__ import annotations

from datetime import date
from functools import partial

from flask import request
from werkzeug.wrappers import Response as AnyResponse

import db
from builder.dates import say
from desk.dateboxes import Boxes, Wrong, typed
from desk.notes.letters import say_choices
from desk.web.dated import date_problems
from desk.web.forms import last_day_of_a_pause, read_pause, tomorrow
from desk.web.preferences import HOW, held_by, here, home, tell
from desk.web.public import Problem, Public
from subscribers import acts
from subscribers.model import Subscriber, Subscription


def pause(public: Public, token: str, bulletin: str) -> AnyResponse:
    person = public.person(token)
    held = held_by(person, bulletin)
    if request.method != "POST":
        return _form(public, token, held)
    if "resume" in request.form:
        _write(public, person, held, None)
        return home(public, token, "resume")
    until, problems = read_pause(_typed(), public.today, partial(_wrong, public))
    if problems:
        return _form(public, token, held, *problems)
    _write(public, person, held, until)
    return home(public, token, "pause")


def _form(public: Public, token: str, held: Subscription, *problems: Problem) -> AnyResponse:
    return public.page(
        "pause",
        status=422 if problems else 200,
        here=here(public, token),
        name=public.name(held.bulletin),
        problems=problems,
        typed=_typed(),
        first=tomorrow(public.today),
        last=last_day_of_a_pause(public.today),
        paused=say(held.paused_until) if held.is_paused(public.today) and held.paused_until else "",
    )


def _typed() -> Boxes:
    return typed(request.form, "until") or Boxes()


def _wrong(public: Public, field: str, wrongs: tuple[Wrong, ...]) -> tuple[Problem, ...]:
    return date_problems(public.reading().environment, field, public.reading().words["date-again"], wrongs)


def _write(public: Public, person: Subscriber, held: Subscription, until: date | None) -> None:
    words = public.reading().words
    said = say_choices(held.choices, public.house.audiences, words)
    said = words["paused"].format(date=say(until)) if until else said
    with db.writing(public.engine) as connection:
        acts.pause(connection, public.keys, person.id, held.bulletin, until, public.today, public.proof(HOW))
        tell(public, connection, person, held.bulletin, said)
    public.sending.hurry()
