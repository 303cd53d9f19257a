"""An item's past and its name: versions, the file as plain text, another address, taking it away and putting it back."""

from __future__ import annotations

from flask import Response, abort, request

import db
from builder.addresses import of_item
from builder.headers import MAX_FILE_BYTES
from desk.editing import acts, files, openings, plain, remarks, shelf
from desk.editing.acts import CannotDo
from desk.editing.git import Git
from desk.editing.saving import Conflict, difference, opened, save
from desk.editing.sheet import NotEditable, lay_out
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions.clash import conflict_page
from desk.web.staff.editions.form import Told
from desk.web.staff.editions.room import Room, author, enter, found, key_of, told
from desk.web.staff.route import BOTH, READ, Route

TEXT_BYTES = 3 * 1024 * 1024


def versions(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        path = found(room, slug)
        return desk.page(
            "editions/versions", "item-versions", room=room, slug=slug, name=room.title(slug),
            versions=room.pen.history.of(path),
        )  # fmt: skip


def version(desk: Desk, bulletin: str, day: str, slug: str, id: str) -> Response:
    """One version beside what stands there now; one press brings it back, as a change of its own."""
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        path = found(room, slug)
        listed = room.pen.history.of(path)
        one = next((version for version in listed if version.id == id), None)
        raw = room.pen.history.text(path, id) if one else None
        if one is None or raw is None:
            abort(404)
        now = files.read(path) or b""
        if request.method == "POST":
            with files.alone(room.press.root):
                what = told(desk, "item-restored", title=room.title(slug))
                room.pen.write({path: raw}, what)
            with db.writing(desk.engine) as connection:
                openings.let_go(connection, key, session.staff().id)
                desk.record("item-restored", about=str(key), connection=connection)
            return desk.go("item", **room.where, slug=slug, done="restored")
        return desk.page(
            "editions/version", "item-version", room=room, slug=slug, name=room.title(slug), version=one,
            rows=difference(now, raw), same=now == raw,
        )  # fmt: skip


def text(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """The whole file as it is written: the way to mend what no form can show."""
    key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        path = found(room, slug)
        raw = files.read(path) or b""
        if request.method == "POST":
            return _save_text(room, slug, raw)
        return _text_page(room, slug, raw.decode("utf-8-sig", "replace"), files.mark_of(raw))


def _text_page(room: Room, slug: str, shown: str, seen: str, problems: tuple[Problem | Told, ...] = ()) -> Response:
    fault = ""
    try:
        lay_out(shown.encode("utf-8", "replace"))
    except NotEditable as error:
        fault = str(error)
    return room.desk.page(
        "editions/text", "item-text", 422 if problems else 200, room=room, slug=slug, name=room.title(slug),
        text=shown, seen=seen, fault=fault, problems=problems,
    )  # fmt: skip


def _save_text(room: Room, slug: str, before: bytes) -> Response:
    desk, path = room.desk, found(room, slug)
    typed = plain.clean(request.form.get("text", ""))
    seen = request.form.get("seen", "")
    # The file's own ends of lines; a browser sends its own.
    end = "\r\n" if b"\r\n" in before else "\n"
    shown = plain.clean(before.decode("utf-8-sig", "replace"))
    raw = before if typed == shown else typed.replace("\n", end).encode()
    if len(raw) > MAX_FILE_BYTES:
        return _text_page(room, slug, typed, seen, (Problem("text", "too-long"),))
    try:
        lay_out(raw)
    except NotEditable as error:
        return _text_page(room, slug, typed, seen, (Told("text", str(error)),))
    one = opened(room.press.root, room.key(slug), path, before if _fits(before) else raw, room.press.house.audiences)
    what = told(desk, "item-edited", title=room.title(slug))
    done = save(room.press.root, room.pen.history, one, seen, raw, author(), what, desk.now)
    if isinstance(done, Conflict):
        shelf.lay_aside(room.press.root, path, raw, room.title(slug), "set-aside", author(), desk.now)
        mine = opened(room.press.root, one.key, path, raw, room.press.house.audiences)
        with db.writing(desk.engine) as connection:
            openings.keep(connection, one.key, session.staff().id, seen, mine.filled, desk.now)
        return conflict_page(room, one, done)
    with db.writing(desk.engine) as connection:
        openings.let_go(connection, room.key(slug), session.staff().id)
        desk.record("item-edited", about=str(room.key(slug)), connection=connection)
    return desk.go("item", **room.where, slug=slug, done="saved")


def _fits(raw: bytes) -> bool:
    try:
        lay_out(raw)
    except NotEditable:
        return False
    return True


# --- its name --------------------------------------------------------------------------------------------------------


def rename(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        found(room, slug)
        if slug == files.EDITION:
            abort(404)
        problems: tuple[Problem, ...] = ()
        typed = request.form.get("name", slug)[:200]
        if request.method == "POST":
            try:
                what = told(desk, "item-renamed", title=room.title(slug), name=typed)
                new = acts.rename(room.pen, key, typed, what)
            except CannotDo as error:
                problems = (Problem("name", error.code),)
            else:
                with db.writing(desk.engine) as connection:
                    if new != key:
                        openings.renamed(connection, key, new)
                        remarks.renamed(connection, key, new)
                        desk.record("item-renamed", about=str(new), connection=connection, before=slug)
                return desk.go("item", **room.where, slug=new.slug, done="renamed")
        house = room.press.house
        address = of_item(house, bulletin, slug)
        return desk.page(
            "editions/rename", "item-rename", 422 if problems else 200, room=room, slug=slug, name=room.title(slug),
            typed=typed, site=house.publisher.url, address=address,
            was_public=address in room.press.content.register.first, problems=problems,
        )  # fmt: skip


# --- taking it away --------------------------------------------------------------------------------------------------


def delete(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        path = found(room, slug)
        if slug == files.EDITION:
            abort(404)
        if request.method != "POST":
            public = of_item(room.press.house, bulletin, slug) in room.press.content.register.first
            kept = len(room.pen.history.of(path)) if isinstance(room.pen.history, Git) else 0
            return desk.page(
                "editions/delete",
                "item-delete",
                room=room,
                slug=slug,
                name=room.title(slug),
                was_public=public,
                in_git=kept,
            )
        what = told(desk, "item-deleted", title=room.title(slug))
        shelf.delete(room.press.root, room.pen.history, path, room.title(slug), author(), what, desk.now)
        desk.record("item-deleted", about=str(key))
    return desk.go("edition", bulletin=bulletin, day=day, done="item-deleted")


def on_shelf(desk: Desk, bulletin: str, day: str) -> Response:
    with enter(desk, bulletin, day) as room:
        under = f"content/{room.edition.key}/"
        listed = shelf.on_shelf(room.press.root, under)
        problems: tuple[Problem, ...] = ()
        if request.method == "POST":
            id = request.form.get("back", "")
            if id not in {one.id for one in listed}:
                abort(404)
            try:
                title = next(one.title for one in listed if one.id == id)
                what = told(desk, "item-put-back", title=title)
                kept = shelf.put_back(room.press.root, room.pen.history, id, author(), what, desk.now)
                desk.record("item-put-back", about=f"{room.edition.key}/{kept.file.rpartition('/')[2][:-3]}")
                return desk.go("edition", **room.where, done="item-put-back")
            except shelf.CannotPutBack as error:
                problems = (Problem("shelf", f"shelf-{error}"),)
        texts = {one.id: (shelf.text(room.press.root, one.id) or b"").decode("utf-8", "replace") for one in listed[:50]}
        return desk.page(
            "editions/shelf", "edition-shelf", 409 if problems else 200, room=room, listed=listed[:50], texts=texts,
            problems=problems,
        )  # fmt: skip


HERE = "/desk/editions/<bulletin>/<day>/<slug>"
ROUTES = (
    Route(f"{HERE}/versions", "item-versions", versions, READ, "writer"),
    Route(f"{HERE}/versions/<id>", "item-version", version, BOTH, "writer"),
    Route(f"{HERE}/text", "item-text", text, BOTH, "writer", TEXT_BYTES),
    Route(f"{HERE}/rename", "item-rename", rename, BOTH, "editor"),
    Route(f"{HERE}/delete", "item-delete", delete, BOTH, "editor"),
    Route("/desk/editions/<bulletin>/<day>/edition/shelf", "edition-shelf", on_shelf, BOTH, "writer"),
)
