"""The letter as it would be, for the frame beside the form: as any reader, on any screen, with what was not saved yet."""

from __future__ import annotations

import re

from flask import Response, abort, request, send_from_directory

import db
from builder.model import BuilderError
from builder.press import Press
from desk.editing import files, openings
from desk.editing.saving import TooMuch, as_changed, open_file
from desk.editing.sheet import NotEditable
from desk.editing.trying import as_if
from desk.mailing.selecting import everything
from desk.trying.preview import as_scheme, letter_for
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.editions.packing import packed
from desk.web.staff.editions.room import Room, enter, key_of
from desk.web.staff.policy import LETTER, protect
from desk.web.staff.route import READ, Route

TARGET = "<style>:target{scroll-margin-top:40px}</style>"  # the item that is being written, with room above it
PAGES = {"browser": "read"}  # a reader token's page, where it is not its name
_TOKEN = re.compile(r"\[\[(\w+)\]\]")
_PICTURE = re.compile(r"[0-9a-f]{20}\.(?:jpg|png)")


def letter(desk: Desk, bulletin: str, day: str, slug: str) -> Response:
    """`as`: the reader's tags, with commas. `view`: desktop, phone, dark, plain (no pictures), text."""
    key_of(bulletin, day, slug)
    view = request.args.get("view", "desktop")
    with enter(desk, bulletin, day, stale=True) as room:
        room = _as_typed(room, slug)
        try:
            _, made = letter_for(room.press, room.edition, request.args.get("as", ""))
        except BuilderError as error:
            return shown_alone("\n".join(map(str, error.findings)), "text/plain; charset=utf-8", view)
        if view == "text":
            return shown_alone(with_examples(made.text, room.press), "text/plain; charset=utf-8", view)
        html = with_examples(made.html, room.press).replace(
            f"{room.press.house.publisher.url}/images/", "/desk/pictures/"
        )
    html = html.replace("</head>", f"{TARGET}</head>", 1)
    return shown_alone(as_scheme(html, "dark" if view == "dark" else "light"), "text/html; charset=utf-8", view)


def with_examples(text: str, press: Press) -> str:
    """Where each reader has links of their own, an example's stand."""
    return _TOKEN.sub(lambda token: f"{press.house.publisher.url}/{PAGES.get(token[1], token[1])}/example", text)


def _as_typed(room: Room, slug: str) -> Room:
    """With what this person typed into the form, if they did."""
    key = room.key(slug)
    with db.reading(room.desk.engine) as connection:
        opened = openings.of_item(connection, key)
    mine = next((one for one in opened if one.staff_id == session.staff().id and one.filled), None)
    if mine is None or mine.filled is None:
        return room
    audiences = room.press.house.audiences
    try:
        one = open_file(room.press.root, key, audiences, mine.filled.values.get("kind", ""))
        raw = as_changed(one, mine.filled, audiences)
    except (files.NoSuchFile, NotEditable, TooMuch):
        return room
    room.press.view(room.edition, everything(room.press, room.edition))  # what is saved is rendered for all, and kept
    press = room.press.having(as_if(room.press, room.edition, one.name, raw), drafts=True, trying=True)
    return Room(room.desk, press, press.content.edition(key.bulletin, key.day) or room.edition)


def shown_alone(text: str, kind: str, view: str) -> Response:
    policy = LETTER.replace("img-src 'self' https: data:", "img-src 'none'") if view == "plain" else LETTER
    response = protect(packed(Response(text, content_type=kind)), policy)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def picture(desk: Desk, name: str) -> Response:
    """For the letter in its frame, which is a stranger to our cookies: its name, a hash, is all it has to show."""
    if not _PICTURE.fullmatch(name):
        abort(404)
    folder = desk.settings.root / "var" / "cache" / "pictures"
    return send_from_directory(folder, name, max_age=3600)


ROUTES = (
    Route("/desk/editions/<bulletin>/<day>/<slug>/letter", "item-letter", letter, READ, "writer"),
    Route("/desk/pictures/<name>", "picture", picture, READ, None),
)
