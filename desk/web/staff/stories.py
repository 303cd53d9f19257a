"""Moderation: the queue of schools' stories, one story's page, its photos, its preview in its edition, what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import Response, abort, current_app, request
from sqlalchemy import Connection

import db
from builder.calendar import slots
from builder.dates import say
from desk.goodnews import accepting, acts, checking, previewing, removing
from desk.goodnews.accepting import CannotAccept
from desk.goodnews.newsroom import Newsroom
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk, path
from desk.web.staff.policy import LETTER, protect
from desk.web.staff.route import BOTH, READ, Route
from goodnews import arrivals, life, store
from goodnews.clean import NAME, SUMMARY, TITLE, line, seen
from goodnews.form import ALT
from goodnews.model import OPEN, Changed, Held, NotNow, State, Story

PAGE = 50  # stories on one page of the queue
WEEKS = 8  # ahead, in which an edition can be chosen
BODY, WORDS = 20_000, 4_000  # characters
TABS: dict[str, tuple[State, ...]] = {
    "open": OPEN,
    "accepted": ("accepted",),
    "published": ("published",),
    "declined": ("declined", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Row:
    held: Held
    notes: list[checking.Note]


def room_of(_desk: Desk) -> Newsroom:
    found: Newsroom = current_app.extensions["newsroom"]
    return found


# --- the queue -------------------------------------------------------------------------------------------------------


def queue(desk: Desk) -> Response:
    tab = request.args.get("show", "open")
    tab = tab if tab in TABS else "open"
    first = max(0, request.args.get("from", 0, int))
    room = room_of(desk)
    with db.reading(desk.engine) as connection:
        counts = store.counts(connection)
        found = store.listed(connection, *TABS[tab], newest=tab != "open", most=first + PAGE + 1)
        others = store.listed(connection, newest=True, most=500) if tab == "open" else []
        aside = len(arrivals.set_aside(connection))
    shown = found[first : first + PAGE]
    schools = room.schools()
    rows = [Row(held, checking.notes(room.house, schools, held, others) if tab == "open" else []) for held in shown]
    return desk.page(
        "stories",
        rows=rows,
        tab=tab,
        tabs=[(name, sum(counts.get(state, 0) for state in states)) for name, states in TABS.items()],
        aside=aside,
        newer=path("stories", show=tab, **{"from": max(0, first - PAGE)}) if first else "",
        older=path("stories", show=tab, **{"from": first + PAGE}) if len(found) > first + PAGE else "",
    )


def set_aside(desk: Desk) -> Response:
    with db.reading(desk.engine) as connection:
        found = arrivals.set_aside(connection)
    return desk.page("stories-aside", found=found)


# --- one story -------------------------------------------------------------------------------------------------------


def story(desk: Desk, reference: str) -> Response:
    held = _held(desk, reference)
    if request.method != "POST":
        return _page(desk, held)
    do = request.form.get("do", "")
    act = ACTS.get(do)
    if act is None:
        abort(400)
    if request.form.get("version") != str(held.version):
        return _page(desk, held, Problem("version", "story-changed"), status=409, typed=request.form)
    try:
        return act(desk, held)
    except (Changed, NotNow):
        return _page(desk, _held(desk, reference), Problem("version", "story-changed"), status=409, typed=request.form)


def _held(desk: Desk, reference: str) -> Held:
    with db.reading(desk.engine) as connection:
        found = store.by_reference(connection, reference)
    if found is None:
        abort(404)
    return found


def _page(desk: Desk, held: Held, *problems: Problem, status: int = 200, typed: Any = None) -> Response:
    room = room_of(desk)
    notes = accepting.notes_on(room, held) if held.is_open or held.state == "accepted" else []
    with db.reading(desk.engine) as connection:
        history = store.history(connection, held.id)
    shown = _edited(held, typed) if typed else held
    editions = _editions(desk)
    return desk.page(
        "story",
        status=status,
        problems=problems,
        held=held,
        shown=shown,
        notes=notes,
        must_agree=checking.must_agree(notes),
        history=history,
        editions=editions,
        chosen=f"{held.bulletin}/{held.edition}" if held.slug else (editions[0][0] if editions else ""),
        mailed=removing.mailed(desk.engine, held) if held.slug else 0,
        may_be={act: life.may(act, held) for act in ("accepted", "asked", "declined", "withdrawn", "edited")},
        typed=typed or {},
        link=room.link(held),
    )


def _editions(desk: Desk) -> list[tuple[str, str]]:
    """(weekly/2025-01-28, "Tuesday 28 January 2025, Together"), of every bulletin that comes out by a calendar."""
    today, found = desk.today, list[tuple[date, str, str]]()
    for bulletin in desk.running:
        for slot in slots(bulletin, desk.house.calendar, today, today + timedelta(weeks=WEEKS)):
            if slot.sends > desk.now:
                closed = slot.cut_off <= desk.now
                found.append((slot.day, f"{bulletin.id}/{slot.day}", _named(desk, slot.day, bulletin.name, closed)))
    order = sorted(found, key=lambda one: (desk.house.main_bulletin.id not in one[1], one[0]))
    late = [one for one in order if one[2].endswith(_closed(desk))]
    return [(value, said) for _, value, said in [*(o for o in order if o not in late), *late]]


def _named(desk: Desk, day: date, name: str, closed: bool) -> str:
    return f"{say(day)}, {name}{_closed(desk) if closed else ''}"


def _closed(desk: Desk) -> str:
    return desk.looks().words["stories"]["closed"]


# --- what can be done to it ------------------------------------------------------------------------------------------


def _edited(held: Held, form: Any) -> Held:
    """As the form has it. Photos keep their consent: only their school can change that."""
    words = replace(
        held.story,
        school=line(form.get("school", held.story.school), NAME),
        title=line(form.get("title", held.story.title), TITLE),
        summary=line(form.get("summary", held.story.summary), SUMMARY),
        text=seen(form.get("text", held.story.text)).replace("\r\n", "\n")[:BODY].strip(),
    )
    photos = [
        replace(photo, alt=line(form.get(f"alt-{number}", photo.alt), ALT))
        for number, photo in enumerate(held.photos, 1)
        if not form.get(f"drop-{number}")
    ]
    return replace(held, story=words, photos=tuple(photos))


def _also(desk: Desk, what: str, held: Held, **details: Any) -> Callable[[Connection], None]:
    return lambda connection: desk.record(what, about=held.reference, connection=connection, **details)


def _save(desk: Desk, held: Held) -> Held:
    """Raises Changed and NotNow. Nothing is written when nothing differs."""
    shown = _edited(held, request.form)
    if (shown.story, shown.photos) == (held.story, held.photos):
        return held
    also = _also(desk, "story-edited", held)
    return acts.edit(room_of(desk), held, shown.story, shown.photos, session.staff().actor, also=also)


def _faults(shown: Held) -> list[Problem]:
    found = [Problem("title", "title-missing")] if not shown.story.title else []
    found += [Problem("school", "school-missing")] if not shown.story.school else []
    return found + [Problem(f.field, f.code) for f in checking.alt_problems(shown.photos)]


def save(desk: Desk, held: Held) -> Response:
    _save(desk, held)
    return desk.go("story", done="story-saved", reference=held.reference)


def accept(desk: Desk, held: Held) -> Response:
    """Whatever was typed is saved with it."""
    where = request.form.get("where", "")
    if where not in dict(_editions(desk)):
        return _page(desk, held, Problem("where", "where-missing"), status=422, typed=request.form)
    faults = _faults(_edited(held, request.form))
    if faults:
        return _page(desk, held, *faults, status=422, typed=request.form)
    held = _save(desk, held)
    bulletin, _, day = where.partition("/")
    room = room_of(desk)
    try:
        checked = accepting.refuse_unfit(room, held, names_agreed=bool(request.form.get("names")))
    except CannotAccept as error:
        return _page(desk, held, Problem("names", f"cannot-{error.code}"), status=422, typed=request.form)
    also = _also(desk, "story-accepted", held, edition=where)
    acts.accept(room, held, bulletin, date.fromisoformat(day), session.staff().actor, checked=checked, also=also)
    return desk.go("story", done="story-accepted", reference=held.reference)


def ask(desk: Desk, held: Held) -> Response:
    words = _words("question")
    if not words or not held.contact.address:
        code = "question-missing" if held.contact.address else "nobody-to-ask"
        return _page(desk, held, Problem("question", code), status=422, typed=request.form)
    acts.ask(room_of(desk), held, words, session.staff().actor, also=_also(desk, "story-asked", held))
    return desk.go("story", done="story-asked", reference=held.reference)


def decline(desk: Desk, held: Held) -> Response:
    words = _words("reason")
    if not words and held.contact.address:
        return _page(desk, held, Problem("reason", "reason-missing"), status=422, typed=request.form)
    acts.decline(room_of(desk), held, words, session.staff().actor, also=_also(desk, "story-declined", held))
    return desk.go("stories", done="story-declined")


def withdraw(desk: Desk, held: Held) -> Response:
    if not request.form.get("sure"):
        return _page(desk, held, Problem("sure", "sure-missing"), status=422, typed=request.form)
    also = _also(desk, "story-withdrawn", held)
    gone = acts.withdraw(room_of(desk), held, session.staff().actor, also=also)
    return desk.go(
        "story", done="story-withdrawn" if gone.everywhere else "story-withdrawing", reference=held.reference
    )


def _words(field: str) -> str:
    return seen(request.form.get(field, "")).strip()[:WORDS]


ACTS: dict[str, Callable[[Desk, Held], Response]] = {
    "save": save,
    "accept": accept,
    "ask": ask,
    "decline": decline,
    "withdraw": withdraw,
}

# --- pictures and preview --------------------------------------------------------------------------------------------


def photo(desk: Desk, reference: str, number: int) -> Response:
    held = _held(desk, reference)
    if not 1 <= number <= len(held.photos):
        abort(404)
    size = "web" if request.args.get("size") == "web" else "email"
    return _picture(lambda: room_of(desk).shelf.path(held.photos[number - 1].name, size).read_bytes())


def _picture(read: Callable[[], bytes]) -> Response:
    try:
        data = read()
    except OSError:
        abort(404)
    response = Response(data, mimetype="image/png" if data.startswith(b"\x89PNG") else "image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


def preview(desk: Desk, reference: str) -> Response:
    """The letter of the chosen edition with the story in it, as it is typed just now. Shown inside the page."""
    held = _held(desk, reference)
    shown = _edited(held, request.form) if request.method == "POST" else held
    where = request.values.get("where", "") or (_editions(desk) or [("", "")])[0][0]
    if held.slug:
        where = where or f"{held.bulletin}/{held.edition}"
    if where not in dict(_editions(desk)) and where != f"{held.bulletin}/{held.edition}":
        abort(404)
    bulletin, _, day = where.partition("/")
    shown = _with_title(shown)
    with desk.press() as press:
        html, anchor = previewing.letter_with(press, room_of(desk).shelf, shown, bulletin, date.fromisoformat(day))
        press.cache.save()
        html = previewing.with_pictures_inside(html, press)
    return protect(Response(_brought_up(html, anchor), mimetype="text/html"), LETTER)


def _with_title(shown: Held) -> Held:
    """A letter has no item without a title; while one is typed anew, there is none."""
    story: Story = shown.story
    return shown if story.title else replace(shown, story=replace(story, title="…"))


def _brought_up(html: str, anchor: str) -> str:
    """A place that the page can open the letter at: no script runs in there."""
    return html.replace(
        f'<h3 id="{anchor}"', f'<span id="story" style="scroll-margin-top:48px"></span><h3 id="{anchor}"', 1
    )


ROUTES = (
    Route("/desk/stories", "stories", queue, READ, "editor"),
    Route("/desk/stories/set-aside", "stories-aside", set_aside, READ, "editor"),
    Route("/desk/stories/<reference>", "story", story, BOTH, "editor"),
    Route("/desk/stories/<reference>/photo/<int:number>", "story-photo", photo, READ, "editor"),
    Route("/desk/stories/<reference>/preview", "story-preview", preview, BOTH, "editor"),
)
