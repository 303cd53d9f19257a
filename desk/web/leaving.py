"""Leaving in one press, from the page or from the mail programme's own button; then an undo, and why, if they like."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from flask import Response, request
from sqlalchemy import Connection
from werkzeug.exceptions import HTTPException

import db
from desk import rounds
from desk.web.public import Public
from subscribers import acts

UNDO = timedelta(days=1)  # how long after leaving the page's undo works; the link in the letter works for ever


def unsubscribe(public: Public, token: str) -> Response:
    """GET shows one button and reads nothing. POST leaves, as often as it comes, and asks for no cookie (RFC 8058)."""
    link = public.link(token, "unsubscribe")
    if request.method != "POST":
        return public.page(
            "unsubscribe", name=_name(public, link.bulletin), all=not link.bulletin, several=len(public.offered) > 1
        )
    everything = not link.bulletin or _asks_for_all()
    _goodbye(public, link.subscriber_id, "" if everything else link.bulletin)
    return public.page("left", token=token, all=everything, name=_name(public, "" if everything else link.bulletin))


def undo(public: Public, token: str) -> Response:
    link = public.link(token, "unsubscribe")
    scope = None if request.form.get("all") or not link.bulletin else link.bulletin
    proof = public.proof("undo after unsubscribing")
    since = proof.at - UNDO
    person = rounds.undo_goodbye(public.engine, public.keys, link.subscriber_id, scope, since, public.bases, proof)
    again = [public.name(held.bulletin) for held in person.open if scope in (None, held.bulletin)] if person else []
    return public.page("back", "back" if again else "not-back", names=again)


def say_why(public: Public, token: str) -> Response:
    link = public.link(token, "unsubscribe")
    why = request.form.get("why", "").replace("\x00", "")
    with db.writing(public.engine) as connection:
        acts.say_why(connection, link.subscriber_id, link.bulletin or None, why, public.proof("unsubscribe page"))
    return public.page("thanks")


def _goodbye(public: Public, number: int, bulletin: str) -> None:
    public.reading()  # before the database is held

    def tell(connection: Connection, left: rounds.Left) -> None:
        public.writer.goodbye(connection, left.address, number, left.bulletins)

    proof = public.proof("unsubscribe link")
    if rounds.goodbye(public.engine, public.keys, number, bulletin or None, proof, tell):
        public.sending.hurry()


def _asks_for_all() -> bool:
    """The page's second button. Whatever else came, however broken, is one plain press."""
    with suppress(HTTPException, ValueError):
        return request.form.get("all") == "1"
    return False


def _name(public: Public, bulletin: str) -> str:
    return public.name(bulletin) if bulletin else public.reading().words["all-bulletins"]
