"""What every page about an edition begins with: the edition, its files, and whoever writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from flask import abort

from builder.content import EDITION_FILE
from builder.items import SLUG
from builder.model import Bulletin, Edition, Item, ItemKey
from builder.press import Press
from desk.editing import files
from desk.editing.acts import Pen
from desk.editing.history import History, open_history
from desk.editing.versions import Author
from desk.web.staff import session
from desk.web.staff.desk import Desk
from desk.web.staff.looks import said


@dataclass(frozen=True, slots=True)
class Room:
    desk: Desk
    press: Press
    edition: Edition

    @property
    def bulletin(self) -> Bulletin:
        return self.press.house.bulletins[self.edition.bulletin]

    @property
    def where(self) -> dict[str, str]:
        """What every address about this edition names."""
        return {"bulletin": self.edition.bulletin, "day": str(self.edition.day)}

    @property
    def pen(self) -> Pen:
        return pen(self.desk, self.press)

    def key(self, slug: str) -> ItemKey:
        return ItemKey(self.edition.bulletin, self.edition.day, slug)

    def item(self, slug: str) -> Item | None:
        """None when its file cannot be read as an item yet."""
        own = (one for one in self.edition.items if one.key == self.key(slug))
        return next(own, None)

    def title(self, slug: str) -> str:
        if slug == files.EDITION:
            return self.edition.subject or str(self.edition.day)
        item = self.item(slug)
        return item.title if item and item.title else slug


@contextmanager
def enter(desk: Desk, bulletin: str, day: str, *, stale: bool = False, drafts: bool = True) -> Iterator[Room]:
    """The edition as it stands on the disk. 404 for whatever is none."""
    on = day_of(day)
    with desk.warm.press(desk.now, stale=stale, drafts=drafts) as press:
        edition = press.content.edition(bulletin, on)
        if edition is None:
            abort(404)
        yield Room(desk, press, edition)


def day_of(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(404)
    if day.isoformat() != text:
        abort(404)
    return day


def key_of(bulletin: str, day: str, slug: str) -> ItemKey:
    if not SLUG.fullmatch(slug) or not SLUG.fullmatch(bulletin):
        abort(404)
    return ItemKey(bulletin, day_of(day), slug)


def found(room: Room, slug: str) -> Path:
    try:
        return files.find(room.press.root, room.key(slug))
    except files.NoSuchFile:
        abort(404)


def file_of(room: Room) -> str:
    """The edition's own file."""
    return f"content/{room.edition.key}/{EDITION_FILE}"


def pen(desk: Desk, press: Press) -> Pen:
    return Pen(press, history_of(press.root), author(), desk.now)


def author() -> Author:
    who = session.staff()
    return Author(who.called, who.address)


@lru_cache(maxsize=8)
def history_of(root: Path) -> History:
    """Whether a house is kept in git is asked once in the life of the server."""
    return open_history(root)


def told(desk: Desk, code: str, **values: object) -> str:
    """One line of the history: what was done, in words."""
    return said(desk.looks().words, "did", code, **values)
