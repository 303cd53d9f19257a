"""An edition as a board: its sections with their items, what is to be mended, how long the letter is, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flask import Response, abort, request

import db
from builder import preflight
from builder.letter.render import ENCODED_LIMIT, encoded_size
from builder.model import BuilderError, Edition, Finding, Item, Letter
from builder.press import Press
from builder.select import in_order_of
from desk.checking import GRAVITY
from desk.editing import acts, arranging, life, openings, remarks, shelf
from desk.editing.acts import CannotDo, is_at_home
from desk.editing.openings import Opening
from desk.mailing.selecting import everything, fingerprint
from desk.web.staff import session
from desk.web.staff.desk import Desk, path
from desk.web.staff.editions.packing import packed
from desk.web.staff.editions.room import Room, enter, told
from desk.web.staff.route import READ, WRITE, Route

MOST_AUDIENCES = 3  # named on a card; more are counted
MOST_FOUND = 12  # findings shown on the board; each item shows its own


@dataclass(frozen=True, slots=True)
class Card:
    """An item on the board. `guest`: its file stands in another edition."""

    item: Item
    audience: tuple[str, ...]
    more: int
    must: int
    look: int
    remarks: int
    here: tuple[str, ...]
    """Names of others who have it open."""
    unsaved: tuple[str, ...]
    """Names of those who typed and did not save; an empty one is oneself."""
    held: bool
    over: bool
    guest: bool


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that cannot be read as an item yet."""

    slug: str
    name: str
    message: str


def board(desk: Desk, bulletin: str, day: str, problems: tuple[Any, ...] = (), status: int = 200) -> Response:
    with enter(desk, bulletin, day) as room:
        letter, faults = whole(room.press, room.edition)
        found = (*findings(room.press, room.edition, letter), *faults)
        with db.reading(desk.engine) as connection:
            talk = remarks.unsettled(connection, bulletin, day)
            opened = openings.of_edition(connection, bulletin, day)
        groups = _groups(room, found, talk, opened)
        page = desk.page(
            "editions/board",
            "edition",
            status,
            room=room,
            groups=groups,
            broken=_broken(room, found),
            found=sorted(found, key=lambda f: (GRAVITY[f.severity], f.file, f.line)),
            most_found=MOST_FOUND,
            slug_of=slug_of,
            size=encoded_size(letter.html) if letter else 0,
            limit=ENCODED_LIMIT,
            life=life_of(desk, room),
            talk=talk,
            on_shelf=len(shelf.on_shelf(room.press.root, f"content/{room.edition.key}/")),
            sends=room.press.sends(room.edition),
            moved=request.args.get("moved", ""),
            towards=request.args.get("towards", ""),
            problems=problems,
        )
    return packed(page)


def life_of(desk: Desk, room: Room) -> life.Life:
    """The fingerprint is of what would be sent: without drafts."""
    sent = room.press.having(room.press.content, drafts=False)
    try:
        mark = fingerprint(sent, room.edition)
    except BuilderError:  # a template's fault is told among the findings
        mark = ""
    with db.reading(desk.engine) as connection:
        return life.life_of(connection, room.edition.bulletin, str(room.edition.day), mark)


def whole(press: Press, edition: Edition) -> tuple[Letter | None, tuple[Finding, ...]]:
    """The letter with everything in it, before anything is cut."""
    variant = everything(press, edition)
    try:
        view = press.view(edition, variant)
        return Letter(variant, edition.subject, press.renderer.html(view), press.renderer.text(view)), ()
    except BuilderError as error:
        return None, error.findings


def findings(press: Press, edition: Edition, letter: Letter | None) -> tuple[Finding, ...]:
    """With the one letter that has everything in it; whoever approves asks for all of them."""
    letters = {edition.key: (letter,)} if letter else {}
    found = preflight.check(
        press.content, press.house, now=press.now, root=press.root, letters=letters, only=[edition.key]
    )
    return (*found, *press.picture_findings(item for item in edition.items if is_at_home(item, edition)))


def slug_of(name: str) -> str:
    """The page where a finding is mended: its file's item, or the edition's own page."""
    return PurePosixPath(name).stem


def _groups(room: Room, found: Iterable[Finding], talk: dict[str, int], opened: Iterable[Opening]) -> tuple[Group, ...]:
    by_file: dict[str, list[Finding]] = {}
    for one in set(found):
        by_file.setdefault(one.file, []).append(one)
    by_item: dict[str, list[Opening]] = {}
    for opening in opened:
        by_item.setdefault(opening.item, []).append(opening)
    cards = [
        _card(room, item, by_file.get(item.source.file, []), talk, by_item.get(item.slug, []))
        for item in in_order_of(room.bulletin, room.edition.items)
    ]
    return tuple(
        Group(section.id, section.title, tuple(card for card in cards if card.item.section == section.id))
        for section in room.bulletin.sections
    )


def _card(room: Room, item: Item, found: list[Finding], talk: dict[str, int], opened: list[Opening]) -> Card:
    audiences, now, me = room.press.house.audiences, room.desk.now, session.staff().id
    names = {tag.id: tag.name for tag in audiences.tags}
    wanted = [names[tag] for tag in room.press.in_order(item.audience)]
    sends = room.press.sends(room.edition)
    guest = not is_at_home(item, room.edition)
    return Card(
        item,
        tuple(wanted[:MOST_AUDIENCES]),
        max(0, len(wanted) - MOST_AUDIENCES),
        sum(f.severity == "block" for f in found),
        sum(f.severity == "warn" for f in found),
        0 if guest else talk.get(item.slug, 0),
        tuple(o.name for o in opened if o.staff_id != me and o.is_here(now)) if not guest else (),
        tuple("" if o.staff_id == me else o.name for o in opened if o.filled) if not guest else (),
        not item.released_by(max(now, sends)),
        item.expired_by(sends),
        guest,
    )


def _broken(room: Room, found: Iterable[Finding]) -> list[Broken]:
    """Files of this edition that no item came of."""
    known = {item.source.file for item in room.edition.items} | {room.edition.source.file}
    lost = {f.file: f for f in sorted(found, reverse=True) if f.file.endswith(".md") and f.file not in known}
    return [Broken(slug_of(name), name, finding.message) for name, finding in sorted(lost.items())]


# --- moving ----------------------------------------------------------------------------------------------------------


def move(desk: Desk, bulletin: str, day: str) -> Response:
    """`up` or `down` with an item's slug, or `item` with `section` and `place` from a mouse."""
    with enter(desk, bulletin, day) as room:
        slug = next((request.form[name] for name in ("up", "down", "item") if name in request.form), "")
        item = room.item(slug)
        if item is None:
            abort(404)
        towards = next((name for name in ("up", "down") if name in request.form), "")
        section, place = _step(room, item, towards) if towards else _dropped()
        try:
            what = told(desk, "item-moved", title=item.title, about=str(item.key))
            if acts.move_item(room.pen, room.edition, slug, section, place, what):
                desk.record("item-moved", about=str(item.key))
        except CannotDo:
            abort(400)
    if "text/html" not in request.headers.get("Accept", "text/html"):
        return Response(status=204)
    return desk.go_to(f"{path('edition', bulletin=bulletin, day=day)}?moved={slug}&towards={towards}#{slug}")


def _dropped() -> tuple[str, int]:
    place = request.form.get("place", "", type=str)
    if not place.isdecimal() or len(place) > 4:
        abort(400)
    return request.form.get("section", ""), int(place)


def _step(room: Room, item: Item, towards: str) -> tuple[str, int]:
    """One place up or down; past a section's end into the next section."""
    own = [one for one in room.edition.items if is_at_home(one, room.edition)]
    sections = [section.id for section in room.bulletin.sections]
    mates = arranging.placed(room.bulletin, own, item.section)
    place, here = mates.index(item), sections.index(item.section)
    if towards == "up":
        if place:
            return item.section, place - 1
        before = sections[max(0, here - 1)]
        return before, len(arranging.placed(room.bulletin, own, before)) if here else 0
    if place < len(mates) - 1:
        return item.section, place + 1
    return (sections[here + 1], 0) if here + 1 < len(sections) else (item.section, place)


ROUTES = (
    Route("/desk/editions/<bulletin>/<day>", "edition", board, READ, "writer"),
    Route("/desk/editions/<bulletin>/<day>/edition/move", "item-move", move, WRITE, "editor"),
)
