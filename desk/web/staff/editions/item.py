"""An item's page: its form, saved into its file; what is typed is kept on the server until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Response, abort, request

import db
from builder.kinds import KINDS
from builder.model import BuilderError, Edition, Finding, ItemKey
from builder.press import Press
from builder.render import ENCODED_LIMIT, encoded_size
from desk.editing import acts, files, openings, remarks, shelf
from desk.editing.acts import MAX_PICTURE_BYTES, CannotDo
from desk.editing.fields import Field, Filled
from desk.editing.openings import Opening
from desk.editing.saving import Conflict, Opened, TooMuch, as_changed, difference, filled_in, open_file, save
from desk.editing.sheet import NotEditable
from desk.editing.trying import Placed, as_if, findings_of, placed
from desk.preview import reader_choices
from desk.selecting import everything
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk, path
from desk.web.staff.editions.room import Room, author, enter, found, key_of, told
from desk.web.staff.route import BOTH, WRITE, Route

MOST_BYTES = MAX_PICTURE_BYTES + 3 * 1024 * 1024  # a photo, and more text than a file may hold: it is told kindly
PICTURE = "picture"  # the field of the upload


@dataclass(frozen=True, slots=True)
class Told:
    """A problem with words of its own."""

    field: str
    said: str
    code: str = ""


Problems = tuple[Problem | Told, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """The edition as if the form had been saved: what the proof-reader says, and how long the letter would be."""

    press: Press
    edition: Edition
    found: tuple[Placed, ...]
    size: int

    @property
    def level(self) -> str:
        return "over" if self.size > ENCODED_LIMIT else "near" if self.size > ENCODED_LIMIT * 0.9 else "well"


def item(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        if request.method == "POST":
            return _save(room, key)
        try:
            one, mine = _opened(room, key)
        except NotEditable:
            return desk.go("item-text", bulletin=bulletin, day=day, slug=slug)
        with db.writing(desk.engine) as connection:
            openings.look_in(connection, key, session.staff().id, one.mark, desk.now)
            openings.forget_old(connection, desk.now)
        filled = mine.filled if mine and mine.filled else one.filled
        return _page(room, one, filled, mine)


def _reopened(room: Room, key: ItemKey) -> tuple[Opened, Opening | None]:
    try:
        return _opened(room, key)
    except NotEditable:
        abort(409)


def _opened(room: Room, key: ItemKey, kind: str = "") -> tuple[Opened, Opening | None]:
    """The file, with the fields of the kind that is being tried; and what this person typed before. Raises NotEditable."""
    found(room, key.slug)
    with db.reading(room.desk.engine) as connection:
        opened = openings.of_item(connection, key)
    mine = next((one for one in opened if one.staff_id == session.staff().id), None)
    if mine and mine.filled and not kind:
        kind = mine.filled.values.get("kind", "")
    audiences = room.press.house.audiences
    return open_file(room.press.root, key, audiences, kind if kind in KINDS else ""), mine


def _page(
    room: Room, one: Opened, filled: Filled, mine: Opening | None, problems: Problems = (), status: int = 200
) -> Response:
    desk, key = room.desk, one.key
    # A refused form goes on with the mark that it came with, so that a conflict is still seen.
    seen = request.form.get("seen", "") or (mine.mark if mine and mine.filled else one.mark)
    try:
        tried = attempt(room, one, as_changed(one, filled, room.press.house.audiences))
    except TooMuch:
        tried = attempt(room, one, one.raw)
    with db.reading(desk.engine) as connection:
        talk = remarks.of_item(connection, key)
        others = [o for o in openings.of_item(connection, key) if o.staff_id != session.staff().id]
    reader = request.args.get("as", "")
    return desk.page(
        "editions/edition" if one.is_edition else "editions/item",
        "edition-item" if one.is_edition else "item",
        status,
        room=room,
        slug=key.slug,
        one=one,
        values=filled.values,
        body=filled.body,
        seen=seen,
        unsaved=mine if mine and mine.filled else None,
        is_stale=seen != one.mark,
        others=[o for o in others if o.is_here(desk.now) or o.filled],
        tried=tried,
        found=_by_field(tried.found, one.fields),
        limit=ENCODED_LIMIT,
        kinds=tuple(KINDS),
        readers=reader_choices(tried.press, tried.edition, reader),
        reader=reader,
        view=request.args.get("view", "desktop"),
        talk=talk,
        name=room.title(key.slug),
        problems=problems,
    )


def attempt(room: Room, one: Opened, raw: bytes) -> Tried:
    room.press.view(room.edition, everything(room.press, room.edition))  # what is saved is rendered for all, and kept
    press = room.press.having(as_if(room.press, room.edition, one.name, raw), drafts=True, trying=True)
    edition = press.content.edition(room.edition.bulletin, room.edition.day) or room.edition
    noted: list[Finding] = list(findings_of(press, edition, one.name))
    size = 0
    try:
        size = encoded_size(press.renderer.html(press.view(edition, everything(press, edition))))
    except BuilderError as error:
        noted += error.findings
    return Tried(press, edition, tuple(placed(raw, one.name, noted)), size)


def _by_field(found: tuple[Placed, ...], fields: tuple[Field, ...]) -> dict[str, list[Placed]]:
    """Each field's findings; those of headers that the form does not show stand at the top, under ""."""
    shown = {field.name for field in fields} | {"body"}
    sorted_out: dict[str, list[Placed]] = {}
    for one in found:
        sorted_out.setdefault(one.field if one.field in shown else "", []).append(one)
    return sorted_out


# --- what was posted -------------------------------------------------------------------------------------------------


def posted(room: Room, key: ItemKey) -> tuple[Opened, Filled, Problems]:
    """The form over the file, with the picture that came along. Raises NotEditable, TooMuch and NoSuchFile."""
    form = {name: request.form.getlist(name) for name in request.form}
    kind = request.form.get("h-kind", "")
    audiences = room.press.house.audiences
    one = open_file(room.press.root, key, audiences, kind if kind in KINDS else "")
    filled = filled_in(one, form)
    problems: Problems = ()
    upload = request.files.get(PICTURE)
    if upload is not None and upload.filename:
        filled, problems = _with_picture(room, one, filled)
    if request.form.get("without-picture"):
        filled = replace(filled, values={**filled.values, "image": ""})
    return one, filled, problems


def _with_picture(room: Room, one: Opened, filled: Filled) -> tuple[Filled, Problems]:
    upload = request.files[PICTURE]
    raw = upload.stream.read(MAX_PICTURE_BYTES + 1)
    what = told(room.desk, "picture-added", title=room.title(one.key.slug))
    try:
        name = acts.add_picture(room.pen, one.path, raw, upload.filename or "", what)
    except CannotDo as error:
        why = error.values.get("why", "")
        return filled, (Told(PICTURE, why) if why else Problem(PICTURE, error.code),)
    return replace(filled, values={**filled.values, "image": name}), ()


# --- saving ----------------------------------------------------------------------------------------------------------


def _save(room: Room, key: ItemKey) -> Response:
    desk, who = room.desk, session.staff().id
    try:
        one, filled, problems = posted(room, key)
    except files.NoSuchFile:
        return _save_of_what_is_gone(room, key)
    except NotEditable:
        abort(409)
    except TooMuch as error:
        return _too_much(room, key, error)
    try:
        raw = as_changed(one, filled, room.press.house.audiences)
    except TooMuch as error:
        return _too_much(room, key, error)
    _keep(room, one, filled)
    if problems:
        return _page(room, one, filled, None, problems, 422)
    what = told(desk, "edition-edited" if one.is_edition else "item-edited", title=_title(one, filled))
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


def _title(one: Opened, filled: Filled) -> str:
    name = "subject" if one.is_edition else "title"
    return filled.values.get(name, "") or one.key.slug


def _keep(room: Room, one: Opened, filled: Filled) -> None:
    """First of all: whatever happens next, what was typed is here."""
    with db.writing(room.desk.engine) as connection:
        seen = request.form.get("seen", "") or one.mark
        openings.keep(connection, one.key, session.staff().id, seen, filled, room.desk.now)


def _too_much(room: Room, key: ItemKey, error: TooMuch) -> Response:
    """Shown again as it was typed, so that it can be shortened."""
    one, mine = _opened(room, key, request.form.get("h-kind", ""))
    from desk.editing.fields import read_form

    typed = read_form({name: request.form.getlist(name) for name in request.form}, one.fields)
    filled = Filled({**one.filled.values, **typed.values}, typed.body)
    field = "body" if error.field == "body" else f"h-{error.field}"
    return _page(room, one, filled, mine, (Problem(field, "too-long"),), 422)


def _save_of_what_is_gone(room: Room, key: ItemKey) -> Response:
    """Somebody took the item away meanwhile: this text lies on the shelf, beside the one that was taken away."""
    from desk.editing.saving import opened

    path = files.edition_folder(room.press.root, key.bulletin, key.day) / f"{key.slug}.md"
    audiences = room.press.house.audiences
    one = opened(room.press.root, key, path, b"", audiences, request.form.get("h-kind", ""))
    try:
        filled = filled_in(one, {name: request.form.getlist(name) for name in request.form})
        raw = as_changed(one, filled, audiences)
    except TooMuch:
        abort(413)
    shelf.lay_aside(room.press.root, path, raw, _title(one, filled), "set-aside", author(), room.desk.now)
    return room.desk.go("edition-shelf", **room.where, done="gone-meanwhile")


# --- somebody was faster ---------------------------------------------------------------------------------------------


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
        one, mine = _reopened(room, key)
        if mine is None or mine.filled is None:
            return desk.go("item", **room.where, slug=slug)
        raw = as_changed(one, mine.filled, room.press.house.audiences)
        if choice == "edit":
            with db.writing(desk.engine) as connection:
                openings.keep(connection, key, session.staff().id, one.mark, mine.filled, desk.now)
            return desk.go("item", **room.where, slug=slug, done="yours-again")
        if choice == "theirs":
            shelf.lay_aside(room.press.root, one.path, raw, _title(one, mine.filled), "set-aside", author(), desk.now)
            what, done = "", "theirs-kept"
        elif choice == "mine":
            what, done = told(desk, "item-edited", title=_title(one, mine.filled)), "mine-kept"
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


# --- kept as it is typed ---------------------------------------------------------------------------------------------


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
            return ({"problem": "too-long"}, 422) if by_script else _too_much(room, key, error)
        _keep(room, one, filled)
        if not by_script:
            if problems:
                return _page(room, one, filled, None, problems, 422)
            query = {name: request.form.get(name, "") for name in ("as", "view") if request.form.get(name)}
            return desk.go_to(path("item", **room.where, slug=slug, **query) + "#preview")
        return _as_json(attempt(room, one, raw), one, filled, problems)


def _as_json(tried: Tried, one: Opened, filled: Filled, problems: Problems) -> dict[str, Any]:
    reader = request.form.get("as", "")
    tags = frozenset(tag for tag in reader.split(",") if tag)
    reached = one.is_edition or one.key.slug in tried.press.receives(tried.edition, tags)
    return {
        "found": {
            field: [
                {"severity": p.finding.severity, "message": p.finding.message, "line": p.line, "words": p.words}
                for p in listed
            ]
            for field, listed in _by_field(tried.found, one.fields).items()
        },
        "size": tried.size,
        "level": tried.level,
        "reached": reached,
        "image": filled.values.get("image", ""),
        "problem": next((getattr(p, "said", "") or p.code for p in problems), ""),
    }


def discard(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """What was typed goes to the shelf, from where it can come back."""
    key = key_of(bulletin, day, slug)
    with enter(desk, bulletin, day) as room:
        one, mine = _reopened(room, key)
        if mine and mine.filled:
            raw = as_changed(one, mine.filled, room.press.house.audiences)
            if raw != one.raw:
                title = _title(one, mine.filled)
                shelf.lay_aside(room.press.root, one.path, raw, title, "set-aside", author(), desk.now)
        with db.writing(desk.engine) as connection:
            openings.let_go(connection, key, session.staff().id)
    return desk.go("item", bulletin=bulletin, day=day, slug=slug, done="discarded")


HERE = "/desk/editions/<bulletin>/<day>/<slug>"
ROUTES = (
    Route(HERE, "item", item, BOTH, "writer", MOST_BYTES),
    Route(f"{HERE}/draft", "item-draft", draft, WRITE, "writer", MOST_BYTES),
    Route(f"{HERE}/discard", "item-discard", discard, WRITE, "writer"),
    Route(f"{HERE}/conflict", "item-conflict", settle_conflict, WRITE, "writer"),
)
