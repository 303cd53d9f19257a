"""What staff say to each other about an item: said, settled, opened again."""

from __future__ import annotations

from flask import Response, abort, request

import db
from desk.editing import files, openings, remarks
from desk.editing.saving import TooMuch
from desk.editing.sheet import NotEditable
from desk.web.staff import session
from desk.web.staff.desk import Desk, path
from desk.web.staff.editions.form import MOST_BYTES, posted
from desk.web.staff.editions.room import Room, enter, key_of
from desk.web.staff.route import WRITE, Route


def say(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """The item's form comes along, so that what is typed in it is kept."""
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        _keep_form(room, slug)
    words = remarks.cleaned(request.form.get("words", ""))
    there = path("item", bulletin=bulletin, day=day, slug=slug)
    if not words or len(words) > remarks.LONGEST:
        return desk.go_to(f"{there}?done={'remark-long' if words else 'remark-empty'}#words")
    with db.writing(desk.engine) as connection:
        remarks.say(connection, key, session.staff().id, words, desk.now)
        desk.record("remark-made", about=str(key), connection=connection)
    return desk.go_to(f"{there}?done=remark-made#talk")


def _keep_form(room: Room, slug: str) -> None:
    if "body" not in request.form:
        return
    try:
        one, filled, _ = posted(room, room.key(slug))
    except files.NoSuchFile:
        abort(404)
    except (NotEditable, TooMuch):
        return
    if (filled.values, filled.body) != (one.filled.values, one.filled.body):
        with db.writing(room.desk.engine) as connection:
            seen = request.form.get("seen", "") or one.mark
            openings.keep(connection, one.key, session.staff().id, seen, filled, room.desk.now)


def settle(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """`settle` or `open` with a remark's number."""
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        _keep_form(room, slug)
    opened = "open" in request.form
    number = request.form.get("open" if opened else "settle", 0, type=int)
    with db.writing(desk.engine) as connection:
        if not remarks.settle(connection, key, number, session.staff().id, None if opened else desk.now):
            abort(404)
        desk.record("remark-opened" if opened else "remark-settled", about=str(key), connection=connection)
    done = "remark-opened" if opened else "remark-settled"
    return desk.go_to(f"{path('item', bulletin=bulletin, day=day, slug=slug)}?done={done}#talk")


HERE = "/desk/editions/<bulletin>/<day>/<slug>"
ROUTES = (
    Route(f"{HERE}/say", "item-say", say, WRITE, "writer", MOST_BYTES),
    Route(f"{HERE}/settle", "item-settle", settle, WRITE, "writer", MOST_BYTES),
)
