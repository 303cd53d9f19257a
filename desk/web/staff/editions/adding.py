"""Another item for an edition: begun by its headline and kind, or taken over from another bulletin."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, abort, request

from builder.kinds import KINDS
from builder.model import Edition, Item
from desk.editing import acts
from desk.editing.acts import CannotDo, is_at_home
from desk.starting import CannotBegin
from desk.web.public import Problem
from desk.web.staff.desk import Desk
from desk.web.staff.editions.room import Room, day_of, enter, told
from desk.web.staff.route import BOTH, Route


def add(desk: Desk, bulletin: str, day: str) -> Response:
    with enter(desk, bulletin, day) as room:
        kinds = [kind for kind in KINDS if kind != "excerpt"]
        problems: tuple[Problem, ...] = ()
        kind = request.values.get("kind", "news")
        if request.method == "POST":
            try:
                title = request.form.get("title", "")
                if kind not in kinds:
                    raise CannotDo("kind-wrong")
                what = told(desk, "item-begun", title=" ".join(title.split())[:200])
                key = acts.begin_item(room.pen, bulletin, day_of(day), title, kind, what)
                desk.record("item-begun", about=str(key))
                return desk.go("item", **room.where, slug=key.slug, done="item-begun")
            except CannotDo as error:
                problems = (Problem("kind" if error.code == "kind-wrong" else "title", error.code),)
            except CannotBegin:
                abort(409)
        status = 422 if problems else 200
        return desk.page(
            "editions/add", "item-add", status, room=room, kinds=kinds, kind=kind,
            typed=request.form.get("title", "")[:1000], problems=problems,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    item: Item
    bulletin: str
    edition: Edition


MOST_CHOICES = 60


def reuse(desk: Desk, bulletin: str, day: str) -> Response:
    """Items of other bulletins, the newest first; one press makes an excerpt of one."""
    sought = " ".join(request.args.get("q", "").split())[:200]
    with enter(desk, bulletin, day) as room:
        if request.method == "POST":
            return _take(desk, room)
        held = {getattr(item.details, "excerpt_of", "") for item in room.edition.items}
        names = {one.id: one.name for one in room.press.house.bulletins.values()}
        choices = [
            Choice(item, names[edition.bulletin], edition)
            for edition in reversed(room.press.content.editions)
            for item in edition.items
            if edition.bulletin != bulletin and item.kind != "excerpt" and not item.draft and is_at_home(item, edition)
            and sought.lower() in f"{item.title} {item.summary}".lower()
        ]  # fmt: skip
        return desk.page(
            "editions/reuse", "item-reuse", room=room, choices=choices[:MOST_CHOICES], all=len(choices), sought=sought, held=held,
        )  # fmt: skip


def _take(desk: Desk, room: Room) -> Response:
    wanted = request.form.get("item", "")
    items = (item for edition in room.press.content.editions for item in edition.items)
    original = next((item for item in items if str(item.key) == wanted), None)
    if original is None:
        abort(404)
    what = told(desk, "item-reused", title=original.title)
    try:
        key = acts.begin_excerpt(room.pen, room.edition.bulletin, room.edition.day, original, what)
    except (CannotDo, CannotBegin):
        abort(409)
    desk.record("item-reused", about=str(key))
    return desk.go("item", **room.where, slug=key.slug, done="item-reused")


ROUTES = (
    Route("/desk/editions/<bulletin>/<day>/edition/add", "item-add", add, BOTH, "writer"),
    Route("/desk/editions/<bulletin>/<day>/edition/reuse", "item-reuse", reuse, BOTH, "writer"),
)
