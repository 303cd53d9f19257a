"""A school's own page of its story: what became of it, changing it until copy closes, withdrawing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, abort, g, redirect, request
from markupsafe import Markup

import db
from builder.addresses import SEND_GOOD_NEWS
from builder.markdown import to_html
from desk.goodnews import acts, removing, telling
from desk.web.goodnews import form
from desk.web.goodnews.place import Place, problems_of
from desk.web.public import Problem
from goodnews import form as goodnews_form
from goodnews import life, store
from goodnews.clean import seen
from goodnews.model import CHANNELS, Changed, Event, Held, NotNow

SHOWN = ("received", "asked", "answered", "amended", "accepted", "published", "declined", "withdrawn", "consented")
"""Of a story's history, what its school sees."""
ANSWER = 2_000  # characters


def status(place: Place, token: str) -> Response:
    held = place.story(token)
    return _page(place, held, token)


def _page(place: Place, held: Held, token: str, *problems: Problem, code: int = 200, typed: str = "") -> Response:
    with db.reading(place.room.engine) as connection:
        history = store.history(connection, held.id)
    return place.page(
        "good-news-status",
        status=code,
        problems=problems,
        held=held,
        token=token,
        history=[_told(place, event) for event in history if event.what in SHOWN],
        question=next((e.words for e in reversed(history) if e.what == "asked"), "") if held.state == "asked" else "",
        missing=life.missing(held) if held.is_open else (),
        text=Markup(to_html(held.story.text)),  # what nh3 has left of a stranger's words
        done=request.args.get("done", ""),
        typed=typed,
        **_facts(place, held),
    )


def _facts(place: Place, held: Held) -> dict[str, Any]:
    values = telling.values_of(place.room, held)
    return {
        "edition": values["edition"],
        "cut_off": values["cut-off"],
        "permalink": values["permalink"],
        "may_amend": place.room.may_amend(held),
        "may_withdraw": life.may("withdrawn", held),
        "mailed": removing.mailed(place.room.engine, held) if held.slug else 0,
    }


def _told(place: Place, event: Event) -> dict[str, str]:
    words = event.words if event.what in ("asked", "answered", "declined", "withdrawn") else ""
    return {"what": event.what, "at": form.spoken(place, event.at), "words": words}


def answer(place: Place, token: str) -> Response:
    held = place.story(token)
    words = seen(request.form.get("answer", "")).strip()
    if not words:
        return _page(place, held, token, Problem("answer", "answer-missing"), code=422)
    if len(words) > ANSWER:
        return _page(place, held, token, Problem("answer", "answer-long"), code=422, typed=words[: 2 * ANSWER])
    try:
        acts.answer(place.room, held, words)
    except (Changed, NotNow):
        return _page(place, place.story(token), token, Problem("answer", "story-changed"), code=409, typed=words)
    return _back(token, "answered")


def change(place: Place, token: str) -> Response:
    held = place.story(token)
    if not place.room.may_amend(held):
        return place.page("good-news-closed", status=409, held=held, token=token, **_facts(place, held))
    if request.method != "POST":
        return _form(place, held, token, goodnews_form.of_held(held))
    filled, problems = form.read(place)
    filled = replace(filled, faults=tuple(f for f in filled.faults if f.field != "address"))
    go = request.form.get("go", "save")
    problems += problems_of((*filled.faults, *filled.photo_faults)) if not go.startswith("remove-") else []
    if g.form_age is None:
        problems = [Problem("send", "cookie")]
    if problems or go != "save":
        return _form(place, held, token, filled, *problems, code=422 if problems else 200)
    try:
        if request.form.get("version") != str(held.version):
            raise Changed
        acts.amend(place.room, held, filled)
    except (Changed, NotNow):
        return _form(place, place.story(token), token, filled, Problem("send", "story-changed"), code=409)
    return _back(token, "amended")


def _form(
    place: Place, held: Held, token: str, filled: goodnews_form.Filled, *problems: Problem, code: int = 200
) -> Response:
    return place.page(
        "good-news-change",
        status=code,
        filled=filled,
        problems=problems,
        held=held,
        token=token,
        draft="",
        kept=[place.kept(photo) for photo in filled.photos],
        schools=place.room.schools(),
        limits=form.LIMITS,
        channels=CHANNELS,
        days=form.boxes_of_photos(filled),
        asks_names=form.asks_names(place, filled),
        **_facts(place, held),
    )


def withdraw(place: Place, token: str) -> Response:
    held = place.story(token)
    if not life.may("withdrawn", held):
        return _back(token, "")
    if request.method != "POST":
        return place.page("good-news-withdraw", held=held, token=token, problems=(), **_facts(place, held))
    try:
        gone = acts.withdraw(place.room, held, acts.SCHOOL)
    except (Changed, NotNow):
        return _page(place, place.story(token), token, Problem("withdraw", "story-changed"), code=409)
    return _back(token, "withdrawn" if gone.everywhere else "withdrawing")


def take_photos_down(place: Place, token: str) -> Response:
    held = place.story(token)
    if not held.photos or not life.may("consented", held):
        return _back(token, "")
    try:
        acts.take_photos_down(place.room, held, acts.SCHOOL)
    except (Changed, NotNow):
        return _page(place, place.story(token), token, Problem("withdraw", "story-changed"), code=409)
    return _back(token, "photos")


def photo(place: Place, token: str, number: int) -> Response:
    held = place.story(token)
    if not 1 <= number <= len(held.photos):
        abort(404)
    return form.picture(place, held.photos[number - 1])


def _back(token: str, done: str) -> Response:
    there = f"{request.script_root}/{SEND_GOOD_NEWS}/{token}"
    return redirect(f"{there}?done={done}" if done else there, 303)  # type: ignore[return-value]
