"""The link in a confirmation: looking changes nothing, pressing counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import Response, request
from sqlalchemy import Connection

import db
from desk.notes.letters import say_choices
from desk.web.public import Public
from subscribers import requests
from subscribers.model import Choices, Subscriber
from subscribers.tokens import signed_link

_MOVES = {"old": "old", "new": "new", "address": "new"}


@dataclass(frozen=True, slots=True)
class Said:
    """One bulletin, and what is wanted of it, in words."""

    name: str
    choices: str


def confirm(public: Public, token: str) -> Response:
    if request.method == "POST":
        return _press(public, token)
    try:
        with db.reading(public.engine) as connection:
            asked = requests.look(connection, token, public.clock())
    except requests.NotConfirmable:
        return public.page("used", status=404)
    title = "confirm" if asked.kind == "subscribe" else f"confirm-{_MOVES[asked.part]}"
    return public.page("confirm", title, asked=asked, wanted=_said(public, asked.wanted.items()))


def _press(public: Public, token: str) -> Response:
    proof = public.proof("confirmation link")
    public.reading()  # before the database is held
    try:
        with db.writing(public.engine) as connection:
            asked = requests.look(connection, token, proof.at)
            done = requests.confirm(connection, public.keys, token, public.bases, proof)
            _write(public, connection, done, asked.wanted)
    except requests.NotConfirmable:
        return public.page("used", status=404)
    if done.waiting:
        return public.page("half-moved")
    person = done.person
    assert person is not None  # only a change that still waits has none
    public.sending.hurry()
    if done.kind == "change-address":
        return public.page("moved", address=person.address, preferences=_preferences(public, person))
    return _welcome(public, person, tuple(asked.wanted))


def _write(public: Public, connection: Connection, done: requests.Confirmed, wanted: Mapping[str, Choices]) -> None:
    person = done.person
    if done.waiting or person is None:
        return
    if done.kind == "change-address":
        held, moved = [each.bulletin for each in person.open], public.reading().words["moved"]
        public.writer.changed(connection, person.address, person.id, held, moved)
    else:
        public.writer.welcome(connection, person.address, person.id, wanted)


def _welcome(public: Public, person: Subscriber, bulletins: tuple[str, ...]) -> Response:
    latest = public.reading().latest
    held = [(each.bulletin, each.choices) for each in person.open if each.bulletin in bulletins]
    return public.page(
        "confirmed",
        wanted=_said(public, held),
        latest=[latest[bulletin] for bulletin in bulletins if bulletin in latest],
        preferences=_preferences(public, person),
    )


def _preferences(public: Public, person: Subscriber) -> str:
    return f"{public.reading().top}preferences/{signed_link(public.keys, 'preferences', person.id)}"


def _said(public: Public, wanted: Iterable[tuple[str, Choices]]) -> tuple[Said, ...]:
    words, audiences = public.reading().words, public.house.audiences
    return tuple(Said(public.name(bulletin), say_choices(choices, audiences, words)) for bulletin, choices in wanted)
