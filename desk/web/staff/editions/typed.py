"""What is typed is kept on the server, and tried at once: what the proof-reader says, how long the letter is."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, request

import db
from desk.editing import dated, files, openings, shelf
from desk.editing.fields import DATES, Filled
from desk.editing.saving import Opened, TooMuch, as_changed
from desk.editing.sheet import NotEditable
from desk.web.staff import session
from desk.web.staff.desk import Desk, path
from desk.web.staff.editions.form import (
    MOST_BYTES,
    PICTURE,
    Problems,
    Tried,
    attempt,
    by_field,
    keep,
    page,
    posted,
    reopened,
    title_of,
    too_much,
)
from desk.web.staff.editions.room import author, enter, key_of
from desk.web.staff.route import WRITE, Route


def draft(desk: Desk, bulletin: str, day: str, slug: str) -> Any:
    """Keeps what was typed. A script gets what the proof-reader says; a browser without one gets the page again."""
    key = key_of(bulletin, day, slug)
    by_script = request.headers.get("Accept", "").startswith("application/json")
    with enter(desk, bulletin, day, stale=by_script) as room:
        try:
            one, filled, problems = posted(room, key)
            raw = as_changed(one, filled, room.press.house.audiences)
        except files.NoSuchFile:
            abort(404)
        except NotEditable:
            abort(409)
        except TooMuch as error:
            return ({"problem": "too-long"}, 422) if by_script else too_much(room, key, error)
        keep(room, one, filled)
        if not by_script:
            if problems:
                return page(room, one, filled, None, problems, 422)
            query = {name: request.form.get(name, "") for name in ("as", "view") if request.form.get(name)}
            return desk.go_to(path("item", **room.where, slug=slug, **query) + "#preview")
        return _as_json(attempt(room, one, raw), one, filled, problems)


def _as_json(tried: Tried, one: Opened, filled: Filled, problems: Problems) -> dict[str, Any]:
    reader = request.form.get("as", "")
    tags = frozenset(tag for tag in reader.split(",") if tag)
    unread = dated.wrongs(one.fields, filled.values)
    reached = one.is_edition or one.key.slug in tried.press.receives(tried.edition, tags)
    return {
        "found": {
            field: [
                {"severity": p.finding.severity, "message": p.said, "line": p.line, "words": p.words} for p in listed
            ]
            for field, listed in by_field(tried.found, one.fields, unread).items()
        },
        "dates": _dates(one, filled, problems),
        "size": tried.size,
        "level": tried.level,
        "reached": reached,
        "image": filled.values.get("image", ""),
        "problem": next((p.said or p.code for p in problems if p.field == PICTURE), ""),
    }


def _dates(one: Opened, filled: Filled, problems: Problems) -> dict[str, Any]:
    """What was understood of each date, box by box, and what was not."""
    found = {}
    for name in (field.name for field in one.fields if field.shape in DATES):
        boxes = dated.understood_boxes(name, filled.values)
        here = [(p.field.rpartition("-"), p.said) for p in problems]
        found[name] = {
            "understood": dated.understood(name, filled.values),
            "boxes": boxes.named,
            "wrong": [{"part": id[2], "said": said} for id, said in here if id[0] == f"{dated.PREFIX}{name}"],
        }
    return found


def discard(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """What was typed goes to the shelf, from where it can come back."""
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        one, mine = reopened(room, key)
        if mine and mine.filled:
            raw = as_changed(one, mine.filled, room.press.house.audiences)
            if raw != one.raw:
                title = title_of(one, mine.filled)
                shelf.lay_aside(room.press.root, one.path, raw, title, "set-aside", author(), desk.now)
        with db.writing(desk.engine) as connection:
            openings.let_go(connection, key, session.staff().id)
    return desk.go("item", bulletin=bulletin, day=day, slug=slug, done="discarded")


HERE = "/desk/editions/<bulletin>/<day>/<slug>"
ROUTES = (
    Route(f"{HERE}/draft", "item-draft", draft, WRITE, "writer", MOST_BYTES),
    Route(f"{HERE}/discard", "item-discard", discard, WRITE, "writer"),
)
