"""The lists that pages share: editions with their standfirsts, years, and what is coming up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from builder import dates
from builder.archive.items import Shelf, is_over, last_moment
from builder.archive.public import Public, Sent
from builder.archive.standfirst import standfirst
from builder.facts import DateBlock, day_block
from builder.kinds import Event
from builder.model import Bulletin, Item, Moment
from builder.view import Link, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An edition in a list."""

    url: str
    day: str
    iso: str
    number: str
    special: str
    standfirst: str
    bulletin: str
    """Its bulletin's name; empty in a list of that bulletin's own."""


@dataclass(frozen=True, slots=True)
class Year:
    name: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Coming:
    """Something with a day that is still ahead."""

    title: str
    url: str
    block: DateBlock
    iso: str
    text: str


def card(sent: Sent, viewer: Viewer, of: str) -> Card:
    """`of`: the bulletin whose list it is."""
    edition = sent.edition
    return Card(
        url=viewer.edition_url(edition),
        day=dates.say(edition.day),
        iso=edition.day.isoformat(),
        number=viewer.say("letter", "number", number=edition.number) if edition.number is not None else "",
        special=edition.special or edition.title,
        standfirst=standfirst(sent.items, viewer.words["web"]),
        bulletin="" if sent.bulletin.id == of else sent.bulletin.name,
    )


def line(public: Public, bulletin: Bulletin) -> tuple[Sent, ...]:
    """A bulletin's editions, and those of the bulletins that it succeeds, newest first."""
    return tuple(sent for sent in public.editions if sent.bulletin.id in (bulletin.id, *bulletin.succeeds))


def years(cards: Iterable[Card]) -> tuple[Year, ...]:
    return tuple(Year(year, tuple(members)) for year, members in groupby(cards, key=lambda c: c.iso[:4]))


def coming(shelf: Shelf, most: int) -> tuple[Coming, ...]:
    """The nearest days on which something happens or closes. What has expired is no longer in it."""
    ahead = []
    for item in shelf.public.items.values():
        moment = _day_of(item)
        if (
            moment
            and item.original is None
            and not item.expired_by(shelf.public.now)
            and not is_over(item, shelf.public.now)
        ):
            ahead.append((moment.day, moment.at is not None, str(moment.at), str(item.key), item, moment))
    return tuple(_coming(item, moment, shelf) for *_, item, moment in sorted(ahead, key=lambda one: one[:4])[:most])


def _day_of(item: Item) -> Moment | None:
    return item.details.starts if isinstance(item.details, Event) else last_moment(item.details)


def _coming(item: Item, moment: Moment, shelf: Shelf) -> Coming:
    what = "comes-event" if isinstance(item.details, Event) else "comes-close"
    text = shelf.viewer.say("web", what, date=dates.say_moment(moment))
    return Coming(item.title, shelf.viewer.item_url(item), day_block(moment.day), moment.day.isoformat(), text)


def documents(public: Public, viewer: Viewer) -> list[tuple[Link, str, str]]:
    """Each document's link, its summary and when it was last changed, as spoken."""
    found = ((viewer.documents[d.slug], d) for d in public.documents)
    return [(link, d.summary, dates.say_moment(d.updated) if d.updated else "") for link, d in found]
