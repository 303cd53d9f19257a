"""Somebody else was faster: both texts, their difference, and the choice which one stands."""

from __future__ import annotations

from flask import Response, abort, request

import db
from desk.editing import files, openings, shelf
from desk.editing.saving import Conflict, Opened, as_changed, difference, save
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions.form import reopened, title_of
from desk.web.staff.editions.room import Room, author, enter, key_of, told
from desk.web.staff.route import WRITE, Route


def conflict_page(room: Room, one: Opened, found: Conflict) -> Response:
    return room.desk.page(
        "editions/conflict",
        "item-conflict",
        409,
        room=room,
        slug=one.key.slug,
        name=room.title(one.key.slug),
        rows=difference(found.theirs, found.mine),
        theirs=(found.theirs or b"").decode("utf-8", "replace"),
        mine=found.mine.decode(),
        seen=files.mark_of(found.theirs),
        last=next(iter(room.pen.history.of(one.path)), None),
    )


def settle_conflict(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """`choice`: mine (over theirs, which stays in the history), theirs (mine goes to the shelf), or edit."""
    key, choice = key_of(bulletin, day, slug), request.form.get("choice", "")
    with enter(desk, bulletin, day) as room:
        one, mine = reopened(room, key)
        if mine is None or mine.filled is None:
            return desk.go("item", **room.where, slug=slug)
        raw = as_changed(one, mine.filled, room.press.house.audiences)
        if choice == "edit":
            with db.writing(desk.engine) as connection:
                openings.keep(connection, key, session.staff().id, one.mark, mine.filled, desk.now)
            return desk.go("item", **room.where, slug=slug, done="yours-again")
        if choice == "theirs":
            shelf.lay_aside(room.press.root, one.path, raw, title_of(one, mine.filled), "set-aside", author(), desk.now)
            what, done = "", "theirs-kept"
        elif choice == "mine":
            what, done = told(desk, "item-edited", title=title_of(one, mine.filled)), "mine-kept"
            seen = request.form.get("seen", "")
            faster = save(room.press.root, room.pen.history, one, seen, raw, author(), what, desk.now)
            if isinstance(faster, Conflict):
                return conflict_page(room, one, faster)
        else:
            abort(400)
        with db.writing(desk.engine) as connection:
            openings.let_go(connection, key, session.staff().id)
            if what:
                desk.record("item-edited", about=str(key), connection=connection)
    return desk.go("item", bulletin=bulletin, day=day, slug=slug, done=done)


HERE = "/desk/editions/<bulletin>/<day>/<slug>"
ROUTES = (Route(f"{HERE}/conflict", "item-conflict", settle_conflict, WRITE, "writer"),)
