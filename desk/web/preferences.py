"""A reader's own pages: what they get, and each thing about it that they can change."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, abort, redirect, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

import db
from builder.dates import say
from desk.notes.letters import say_choices
from desk.web.forms import read_choices
from desk.web.public import Public
from subscribers import acts
from subscribers.model import Subscriber, Subscription
from subscribers.tokens import signed_link

HOW = "preferences page"
DONE = frozenset({"choices", "pause", "resume", "back"})


@dataclass(frozen=True, slots=True)
class Card:
    """One bulletin that the reader gets."""

    id: str
    name: str
    strapline: str
    choices: str
    paused: str
    leave: str


def overview(public: Public, token: str) -> Response:
    person = public.person(token)
    left = {held.bulletin for held in person.subscriptions if held.ended_reason == "unsubscribed"}
    reading = {held.bulletin for held in person.open}
    return public.page(
        "preferences",
        here=here(public, token),
        person=person,
        cards=[_card(public, person, held) for held in person.open],
        left=[bulletin for bulletin in public.offered if bulletin.id in left - reading],
        others=[bulletin for bulletin in public.offered if bulletin.id not in left | reading],
        done=request.args.get("done", "") if request.args.get("done", "") in DONE else "",
    )


def choices(public: Public, token: str, bulletin: str) -> AnyResponse:
    person = public.person(token)
    held = held_by(person, bulletin)
    if request.method != "POST":
        return public.page(
            "choices",
            here=here(public, token),
            name=public.name(bulletin),
            chosen=held.choices,
            axes=public.house.audiences.axes,
            problems=(),
        )
    wanted = read_choices(request.form, public.house.audiences)
    if wanted != held.choices:
        said = say_choices(wanted, public.house.audiences, public.reading().words)
        with db.writing(public.engine) as connection:
            acts.change(connection, public.keys, person.id, bulletin, wanted, public.proof(HOW))
            tell(public, connection, person, bulletin, said)
        public.sending.hurry()
    return home(public, token, "choices")


def back(public: Public, token: str, bulletin: str) -> AnyResponse:
    """What the reader has left, again, with the choices that it had."""
    person = public.person(token)
    words = public.reading().words
    with db.writing(public.engine) as connection:
        since = person.created_at
        now = acts.come_back(connection, public.keys, person.id, bulletin, since, public.bases, public.proof(HOW))
        if again := now and now.open_for(bulletin):
            tell(public, connection, person, bulletin, say_choices(again.choices, public.house.audiences, words))
    public.sending.hurry()
    return home(public, token, "back")


def _card(public: Public, person: Subscriber, held: Subscription) -> Card:
    known = public.house.bulletins.get(held.bulletin)
    leave = signed_link(public.keys, "unsubscribe", person.id, held.bulletin)
    return Card(
        id=held.bulletin,
        name=public.name(held.bulletin),
        strapline=known.strapline if known else "",
        choices=say_choices(held.choices, public.house.audiences, public.reading().words),
        paused=say(held.paused_until) if held.is_paused(public.today) and held.paused_until else "",
        leave=f"{public.reading().top}unsubscribe/{leave}",
    )


def tell(public: Public, connection: Connection, person: Subscriber, bulletin: str, said: str) -> None:
    """A letter about the change, so that nobody changes another's choices unseen; not one for every press."""
    if public.limits.notices.allows(str(person.id), public.clock()):
        public.writer.changed(connection, person.address, person.id, [bulletin], said)


def held_by(person: Subscriber, bulletin: str) -> Subscription:
    return person.open_for(bulletin) or abort(404)


def here(public: Public, token: str) -> str:
    """The reader's own page. The token was found good, so it is safe in an address."""
    return f"{public.reading().top}preferences/{token}"


def home(public: Public, token: str, done: str) -> AnyResponse:
    return redirect(f"{here(public, token)}?done={done}", 303)
