"""Sending a story, in up to three pages: its words and photos, what each photo shows and who agreed, a last look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial

from flask import Response, abort, g, redirect, request

from builder.addresses import SEND_GOOD_NEWS
from builder.dates import say, say_clock
from desk import dateboxes
from desk.dateboxes import Boxes, read_day, typed
from desk.goodnews import acts, checking
from desk.goodnews.schools import known_as
from desk.web.dated import date_problems
from desk.web.goodnews import uploads
from desk.web.goodnews.place import Place, problems_of
from desk.web.limits import client, mailbox
from desk.web.public import Problem
from goodnews import form as goodnews_form
from goodnews.form import Filled
from goodnews.model import CHANNELS, Photo
from goodnews.photos import MOST_PHOTOS
from subscribers.address import parse
from subscribers.model import BadAddress

_DRAFT = re.compile(r"[0-9a-f]{32}")
PAGES = {"words": "good-news", "photos": "good-news-photos", "check": "good-news-check"}


def limit_upload(place: Place) -> Response | None:
    """Before the form is read: who asks too often, or sends too much, is told so, and nothing of it is read."""
    request.max_content_length = uploads.MOST_UPLOAD
    request.max_form_memory_size = 256 * 1024
    if request.method != "POST":
        return None
    if (request.content_length or 0) > uploads.MOST_UPLOAD:
        uploads.set_aside(place, "too-large", "")
        return place.page("good-news-too-large", status=413, sent=request.content_length)
    if not place.public.limits.forms.allows(client(request.remote_addr), place.room.now):
        abort(429)
    return None


def send(place: Place) -> Response:
    if request.method != "POST":
        return show(place, "words", Filled(), draft=place.public.random(16).hex())
    filled, problems = read(place)
    step = request.form.get("at", "words")
    step = step if step in PAGES else "words"
    if g.form_age is None:
        return show(place, step, filled, Problem("send", "cookie"), status=422)
    return _next(place, filled, step, problems)


def read(place: Place) -> tuple[Filled, list[Problem]]:
    """The form with its photos, those sent just now too; the problems are of these."""
    photos = uploads.carried(place)
    gone = request.form.get("go", "").removeprefix("remove-")
    fields = {name: request.form.getlist(name) for name in request.form}
    photos, problems = uploads.uploaded(place, photos)
    filled = goodnews_form.read(fields, photos, place.room.today, partial(_day, place, fields))
    filled = _checked(place, filled)
    if gone.isdigit() and 1 <= int(gone) <= len(filled.photos):
        number = int(gone) - 1
        filled = replace(filled, photos=(*filled.photos[:number], *filled.photos[number + 1 :]))
    return filled, problems


def _checked(place: Place, filled: Filled) -> Filled:
    """What the room cannot judge by itself: addresses, alt text, a child's name beside a face."""
    filled = replace(filled, school=known_as(place.room.schools(), filled.school))
    faults = [*filled.faults, *_address_faults(filled.address)]
    photo_faults = [*filled.photo_faults, *checking.alt_problems(filled.photos)]
    if checking.names_a_child(place.room.house, filled) and not filled.names_agreed:
        photo_faults.append(goodnews_form.Fault("agreed", "agreed-missing"))
    return replace(filled, faults=tuple(faults), photo_faults=tuple(sorted(photo_faults, key=_on_the_page)))


def _day(place: Place, fields: Mapping[str, list[str]], name: str) -> tuple[date | None, list[goodnews_form.Fault]]:
    boxes = typed(fields, name) or Boxes()
    day, wrong = read_day(boxes)
    read = place.public.reading()
    label = read.words["photo-date"].format(n=name.rpartition("-")[2])
    problems = date_problems(read.environment, name, label, wrong)
    return day, [goodnews_form.Fault(problem.field, problem.code, problem.said) for problem in problems]


def boxes_of_photos(filled: Filled) -> list[Boxes]:
    """What was typed of each photo's day; what is kept of it where nothing was. A photo taken out takes its day along."""
    gone = request.form.get("go", "").removeprefix("remove-")
    shown = [n for n in range(1, len(filled.photos) + 2) if str(n) != gone]
    return [
        typed(request.form, f"on-{n}") or dateboxes.boxes_of(photo.consent.on)
        for n, photo in zip(shown, filled.photos, strict=False)
    ]


_WORDS = ("school", "title", "summary", "text", "photos", "name", "role", "address")  # as they stand on the page
_QUESTIONS = ("alt", "people", "channels", "by", "on")
_OF_PHOTO = re.compile(rf"({'|'.join(_QUESTIONS)})-(\d+)")


def _on_the_page(fault: goodnews_form.Fault) -> tuple[int, int]:
    """Photo by photo, question by question; the question about names comes last."""
    found = _OF_PHOTO.match(fault.field)
    return (int(found[2]), _QUESTIONS.index(found[1])) if found else (MOST_PHOTOS + 1, 0)


def _address_faults(typed: str) -> list[goodnews_form.Fault]:
    if not typed:
        return [goodnews_form.Fault("address", "address-missing")]
    try:
        parse(typed)
    except BadAddress:
        return [goodnews_form.Fault("address", "address-wrong")]
    return []


def _next(place: Place, filled: Filled, step: str, problems: list[Problem]) -> Response:
    """The first page on which something is to be done."""
    go = request.form.get("go", "next")
    if problems:
        return _refused(place, step, filled, problems if go != "next" else [*problems, *_others(step, filled)])
    if go == "words" or (go.startswith("remove-") and step == "words"):
        return show(place, "words", filled)
    if go.startswith("remove-"):
        return show(place, "photos" if filled.photos else "words", filled)
    if filled.faults:
        return show(place, "words", filled, *problems_of(filled.faults), status=422)
    if filled.photo_faults:
        shown = () if step == "words" else problems_of(filled.photo_faults)
        return show(place, "photos", filled, *shown, status=422 if shown else 200)
    if go == "photos" and filled.photos:
        return show(place, "photos", filled)
    if go != "send" or step != "check":
        return show(place, "check", filled)
    return _sent(place, filled)


def _refused(place: Place, step: str, filled: Filled, problems: list[Problem]) -> Response:
    """A photo that cannot be used, and whatever else is to be mended on that page: all of it at once, from the top."""
    if step == "photos":
        return show(place, "photos", filled, *problems, status=422)
    problems = sorted(problems, key=lambda problem: _WORDS.index(problem.field) if problem.field in _WORDS else 0)
    return show(place, "words", filled, *problems, status=422)


def _others(step: str, filled: Filled) -> tuple[Problem, ...]:
    return problems_of(filled.photo_faults if step == "photos" else filled.faults)


def _sent(place: Place, filled: Filled) -> Response:
    limits, now = place.public.limits, place.room.now
    if not limits.stories.allows(client(request.remote_addr), now) or not limits.all_stories.allows("all", now):
        return show(place, "check", filled, Problem("send", "too-many"), status=429)
    address = parse(filled.address)
    write_back = limits.mailboxes.allows(mailbox(address.key), now)
    filled = replace(filled, address=address.written)
    held = acts.receive_form(place.room, filled, f"form:{_draft(place)}", write_back=write_back)
    return redirect(f"{request.script_root}/{SEND_GOOD_NEWS}/{place.room.token(held.reference)}?done=sent", 303)  # type: ignore[return-value]


def _draft(place: Place) -> str:
    """Sent twice, by two presses, it is one story."""
    found = request.form.get("draft", "")
    return found if _DRAFT.fullmatch(found) else place.public.random(16).hex()


def show(place: Place, step: str, filled: Filled, *problems: Problem, status: int = 200, draft: str = "") -> Response:
    slot = place.room.next_edition()
    return place.page(
        PAGES[step],
        status=status,
        filled=filled,
        problems=problems,
        draft=draft or _draft(place),
        kept=[place.kept(photo) for photo in filled.photos],
        edition=say(slot.day) if slot else "",
        cut_off=spoken(place, slot.cut_off) if slot else "",
        schools=place.room.schools() if step == "words" else (),
        limits=LIMITS,
        say_day=say,
        channels=CHANNELS,
        days=boxes_of_photos(filled),
        asks_names=asks_names(place, filled),
        action="good-news",
        story=None,
    )


def asks_names(place: Place, filled: Filled) -> bool:
    return bool(filled.names_agreed) or checking.names_a_child(place.room.house, filled)


LIMITS = {
    "title": goodnews_form.HEADLINE,
    "summary": goodnews_form.SUMMARY,
    "text": goodnews_form.TEXT,
    "photos": MOST_PHOTOS,
}


def spoken(place: Place, moment: datetime) -> str:
    there = moment.astimezone(place.room.house.calendar.zone)
    return f"{say(there.date())}, {say_clock(there.time())}"


def photo(place: Place, kept: str) -> Response:
    """A photo that was uploaded a page ago, for whoever uploaded it."""
    found = place.photo_of(kept)
    if found is None:
        abort(404)
    return picture(place, found)


def picture(place: Place, found: Photo) -> Response:
    try:
        data = place.room.shelf.path(found.name, "email").read_bytes()
    except OSError:
        abort(404)
    response = Response(data, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=600"
    return response
