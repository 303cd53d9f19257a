"""The lists that pages share: editions with their standfirsts, years, and what is coming up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

from builder import dates
from builder.archive.public import Public, Sent
from builder.archive.rows import CardRow, Row
from builder.archive.shelves import SOON_DAYS
from builder.facts import DateBlock
from builder.view import Link, Viewer

if TYPE_CHECKING:
    from builder.archive.site import Site


class Card(Struct, frozen=True, kw_only=True):
    """An edition in a list."""

    url: str
    day: str
    iso: str
    number: str
    special: str
    standfirst: str
    bulletin: str
    """Its bulletin's name; empty in a list of that bulletin's own."""


class Year(Struct, frozen=True):
    name: str
    cards: tuple[Card, ...]


class Coming(Struct, frozen=True):
    """Something with a day that is still ahead."""

    title: str
    url: str
    block: DateBlock
    iso: str
    text: str


class Shown(Struct, frozen=True):
    """What a list tells of a row besides: how it stands there, and what depends on the moment."""

    url: str
    picture: str
    day: str
    soon: bool
    dated: bool
    """Its own day leads it, instead of the day on which it was published."""
    label: str
    cancelled: bool


def row(site: Site, row: Row, *, labelled: bool) -> str:
    """An item in a list, drawn once for all lists that have it. `labelled`: with its kind."""
    picture = f"{site.url}/images/{row.picture[0]}" if row.picture else ""
    return _draw(site, row, picture, labelled=labelled)


def ahead(site: Site, row: Row, now: float, *, labelled: bool) -> str:
    """One that is still to come: its own day leads it."""
    soon = row.kind != "event" and row.end - SOON_DAYS * 86_400 <= now < row.end
    return _draw(site, row, "", labelled=labelled, soon=soon, dated=True)


def _draw(site: Site, row: Row, picture: str, *, labelled: bool, soon: bool = False, dated: bool = False) -> str:
    shown = Shown(
        url=f"{site.url}/{row.path}",
        picture=picture,
        day=dates.say_short(date.fromisoformat(row.day)),
        soon=soon,
        dated=dated,
        label=(row.school or row.label) if labelled else "",
        cancelled=row.kind == "event" and row.note.startswith(site.words["cancelled"]),
    )
    return site.render("row.html", row=row, shown=shown)


def of_row(card: CardRow, site: str, of: str) -> Card:
    """`of`: the bulletin whose list it is."""
    return Card(
        url=f"{site}/{card.path}",
        day=card.day,
        iso=card.iso,
        number=card.number,
        special=card.special,
        standfirst=card.standfirst,
        bulletin="" if card.bulletin == of else card.name,
    )


def place_card(sent: Sent, viewer: Viewer) -> Card:
    """As a page tells where an item stands: without what else is in the edition."""
    number = sent.edition.number
    return Card(
        url=viewer.edition_url(sent.edition),
        day=dates.say(sent.edition.day),
        iso=sent.edition.day.isoformat(),
        number=viewer.say("letter", "number", number=number) if number is not None else "",
        special="",
        standfirst="",
        bulletin="",
    )


def years(cards: Iterable[Card]) -> tuple[Year, ...]:
    return tuple(Year(year, tuple(members)) for year, members in groupby(cards, key=lambda c: c.iso[:4]))


def coming_row(row: Row, site: Site) -> Coming:
    what = "comes-event" if row.kind == "event" else "comes-close"
    text = site.viewer.say("web", what, date=row.when)
    return Coming(row.title, f"{site.url}/{row.path}", DateBlock(*row.leaf), row.iso, text)


def year_links(list_: str, years: Iterable[str], here: str) -> list[tuple[Link, bool]]:
    """A link to each year's page of a list, and whether it is the page at hand."""
    return [(Link(year, f"{list_}{year}/"), year == here) for year in years]


def documents(public: Public, viewer: Viewer) -> list[tuple[Link, str, str]]:
    """Each document's link, its summary and when it was last changed, as spoken."""
    found = ((viewer.documents[d.slug], d) for d in public.documents)
    return [(link, d.summary, dates.say_moment(d.updated) if d.updated else "") for link, d in found]


def ways(site: Site) -> list[tuple[str, list[tuple[Link, str]]]]:
    """The lists by audience: each axis with a link and a description of each tag."""
    return [
        (axis.name, [(Link(tag.name, f"{site.url}/for/{tag.id}/"), tag.description) for tag in axis.tags])
        for axis in site.press.house.audiences.axes
    ]
