"""An item's page: its form, saved into its file."""

from __future__ import annotations

from flask import Response, abort, request

import db
from builder.model import ItemKey
from desk.editing import files, openings, remarks, shelf
from desk.editing.saving import Conflict, TooMuch, as_changed, filled_in, opened, save
from desk.editing.sheet import NotEditable
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions.clash import conflict_page
from desk.web.staff.editions.form import MOST_BYTES, keep, opened_by_me, page, posted, title_of, too_much
from desk.web.staff.editions.room import Room, author, enter, key_of, told
from desk.web.staff.route import BOTH, Route


def item(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        if request.method == "POST":
            return _save(room, key)
        try:
            one, mine = opened_by_me(room, key)
        except NotEditable:
            return desk.go("item-text", bulletin=bulletin, day=day, slug=slug)
        with db.writing(desk.engine) as connection:
            openings.look_in(connection, key, session.staff().id, one.mark, desk.now)
            openings.forget_old(connection, desk.now)
        filled = mine.filled if mine and mine.filled else one.filled
        return page(room, one, filled, mine)


def _save(room: Room, key: ItemKey) -> Response:
    desk, who = room.desk, session.staff().id
    try:
        one, filled, problems = posted(room, key)
    except files.NoSuchFile:
        return _save_of_what_is_gone(room, key)
    except NotEditable:
        abort(409)
    except TooMuch as error:
        return too_much(room, key, error)
    try:
        raw = as_changed(one, filled, room.press.house.audiences)
    except TooMuch as error:
        return too_much(room, key, error)
    keep(room, one, filled)
    if problems:
        return page(room, one, filled, None, problems, 422)
    what = told(desk, "edition-edited" if one.is_edition else "item-edited", title=title_of(one, filled))
    done = save(room.press.root, room.pen.history, one, request.form.get("seen", ""), raw, author(), what, desk.now)
    if isinstance(done, Conflict):
        return conflict_page(room, one, done)
    words = remarks.cleaned(request.form.get("words", ""))[: remarks.LONGEST]
    with db.writing(desk.engine) as connection:
        openings.let_go(connection, key, who)
        if words:  # a remark that was typed and not sent: the same press takes both
            remarks.say(connection, key, who, words, desk.now)
        if done.is_new:
            desk.record("edition-edited" if one.is_edition else "item-edited", about=str(key), connection=connection)
    to_board = "board" in request.form.getlist("then")
    if to_board:
        return desk.go("edition", **room.where, done="saved")
    return desk.go("item", **room.where, slug=key.slug, done="saved")


def _save_of_what_is_gone(room: Room, key: ItemKey) -> Response:
    """Somebody took the item away meanwhile: this text lies on the shelf, beside the one that was taken away."""
    path = files.edition_folder(room.press.root, key.bulletin, key.day) / f"{key.slug}.md"
    audiences = room.press.house.audiences
    one = opened(room.press.root, key, path, b"", audiences, request.form.get("h-kind", ""))
    try:
        filled = filled_in(one, {name: request.form.getlist(name) for name in request.form})
        raw = as_changed(one, filled, audiences)
    except TooMuch:
        abort(413)
    shelf.lay_aside(room.press.root, path, raw, title_of(one, filled), "set-aside", author(), room.desk.now)
    return room.desk.go("edition-shelf", **room.where, done="gone-meanwhile")


HERE = "/desk/editions/<bulletin>/<day>/<slug>"
ROUTES = (Route(HERE, "item", item, BOTH, "writer", MOST_BYTES),)
