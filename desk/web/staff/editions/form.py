"""An item's form: the page that shows it, and what was posted from it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from flask import Response, abort, request

import db
from builder.kinds import KINDS
from builder.letter.render import ENCODED_LIMIT, encoded_size
from builder.model import BuilderError, Edition, Finding, ItemKey
from builder.press import Press
from builder.view import beside
from desk.editing import acts, consent, dated, openings, remarks
from desk.editing.acts import MAX_PICTURE_BYTES, CannotDo
from desk.editing.fields import Field, Filled, read_form
from desk.editing.files import GOOD_NEWS
from desk.editing.openings import Opening
from desk.editing.saving import Opened, TooMuch, as_changed, filled_in, open_file
from desk.editing.sheet import NotEditable
from desk.editing.trying import Placed, as_if, findings_of, placed
from desk.mailing.selecting import everything
from desk.trying.preview import reader_choices
from desk.web.public import Problem
from desk.web.staff import session
from desk.web.staff.desk import Desk, path
from desk.web.staff.editions.room import Room, found, told

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


def opened_by_me(room: Room, key: ItemKey, kind: str = "") -> tuple[Opened, Opening | None]:
    """The file, with the fields of the kind that is being tried; and what this person typed before. Raises NotEditable."""
    found(room, key.slug)
    with db.reading(room.desk.engine) as connection:
        opened = openings.of_item(connection, key)
    mine = next((one for one in opened if one.staff_id == session.staff().id), None)
    if mine and mine.filled and not kind:
        kind = mine.filled.values.get("kind", "")
    audiences = room.press.house.audiences
    return open_file(room.press.root, key, audiences, kind if kind in KINDS else ""), mine


def reopened(room: Room, key: ItemKey) -> tuple[Opened, Opening | None]:
    try:
        return opened_by_me(room, key)
    except NotEditable:
        abort(409)


def page(
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
        dated=dated,
        consent=consent,
        body=filled.body,
        seen=seen,
        unsaved=mine if mine and mine.filled else None,
        is_stale=seen != one.mark,
        others=[o for o in others if o.is_here(desk.now) or o.filled],
        tried=tried,
        found=by_field(tried.found, one.fields, unread=dated.wrongs(one.fields, filled.values)),
        limit=ENCODED_LIMIT,
        kinds=tuple(KINDS),
        readers=reader_choices(tried.press, tried.edition, reader),
        reader=reader,
        view=request.args.get("view", "desktop"),
        talk=talk,
        name=room.title(key.slug),
        problems=problems or date_problems(desk, one, filled),
        picture_now=_picture_of(tried.press, one, filled),
    )


def _picture_of(press: Press, one: Opened, filled: Filled) -> str:
    """Where the browser finds the picture that the form names; nothing when it cannot be shown."""
    named = filled.values.get("image", "")
    made = press.picture(beside(one.name, named)) if named else None
    return path("picture", name=made.name) if made else ""


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


def by_field(
    found: tuple[Placed, ...], fields: tuple[Field, ...], unread: Container[str] = ()
) -> dict[str, list[Placed]]:
    """Each field's findings; those of headers that the form does not show stand at the top, under "".

    `unread`: dates that could not be read; what is found there is about the date before.
    """
    shown = {field.name for field in fields} | {"body"}
    sorted_out: dict[str, list[Placed]] = {}
    for one in found:
        if one.field in unread:
            continue
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
    return one, filled, (*problems, *date_problems(room.desk, one, filled))


def date_problems(desk: Desk, one: Opened, filled: Filled) -> Problems:
    """Each at the box that is wrong."""
    fields = desk.looks().words["fields"]
    consents = consent.wrongs(consent.shown(filled.values)) if one.kind == GOOD_NEWS else ()
    of_consent = desk.date_problems(consent.PREFIX.rstrip("-"), fields["consent-on"], consents)
    return of_consent + tuple(
        problem
        for name, wrongs in dated.wrongs(one.fields, filled.values).items()
        for problem in desk.date_problems(f"{dated.PREFIX}{name}", fields.get(name, name), wrongs)
    )


def _with_picture(room: Room, one: Opened, filled: Filled) -> tuple[Filled, Problems]:
    upload = request.files[PICTURE]
    raw = upload.stream.read(MAX_PICTURE_BYTES + 1)
    what = told(room.desk, "picture-added", title=room.title(one.key.slug))
    try:
        name = acts.add_picture(room.pen, one.path, raw, what)
    except CannotDo as error:
        return filled, (Problem(PICTURE, error.code),)
    return replace(filled, values={**filled.values, "image": name}), ()


def title_of(one: Opened, filled: Filled) -> str:
    name = "subject" if one.is_edition else "title"
    return filled.values.get(name, "") or one.key.slug


def keep(room: Room, one: Opened, filled: Filled) -> None:
    """First of all: whatever happens next, what was typed is here."""
    with db.writing(room.desk.engine) as connection:
        seen = request.form.get("seen", "") or one.mark
        openings.keep(connection, one.key, session.staff().id, seen, filled, room.desk.now)


def too_much(room: Room, key: ItemKey, error: TooMuch) -> Response:
    """Shown again as it was typed, so that it can be shortened."""
    one, mine = opened_by_me(room, key, request.form.get("h-kind", ""))
    typed = read_form({name: request.form.getlist(name) for name in request.form}, one.fields, one.filled.values)
    filled = Filled({**one.filled.values, **typed.values}, typed.body)
    field = "body" if error.field == "body" else f"h-{error.field}"
    return page(room, one, filled, mine, (Problem(field, "too-long"),), 422)
