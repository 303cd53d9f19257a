"""Calendars to subscribe to (F4): events, last days of actions and consultations, the same for an audience, and the update itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

from msgspec import Struct

from builder.archive import feeds, ics
from builder.archive.rows import Row
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.archive.topics import ASKING, KINDS
from builder.calendar import cut_off, edition_days, sending


class Calendar(Struct, frozen=True):
    path: str
    title: str
    wanted: Callable[[Row], bool]


def calendars(site: Site) -> Iterator[Calendar]:
    for name in KINDS[:3]:
        title = f"{site.words[f'list-{name}']} – {site.main.name}"
        yield Calendar(f"calendars/{name}.ics", title, _of(name))
    for tag in site.press.house.audiences.tags:
        title = f"{site.words['for'].format(name=tag.name)} – {site.main.name}"
        yield Calendar(f"for/{tag.id}/calendar.ics", title, _for(tag.id))


def _of(name: str) -> Callable[[Row], bool]:
    return lambda row: row.kind in ASKING[name]


def _for(tag: str) -> Callable[[Row], bool]:
    return lambda row: tag in row.audience


def rows_of(stock: Stock, since: float) -> list[Row]:
    """What has a day of its own, and was not over at that moment: this year's, and all that is ahead."""
    places = [place for place in stock.places if stock.units[place.key].last >= since]
    return [row for row in stock.rows(places) if row.calendar and row.own and row.end >= since]


def this_year(site: Site) -> float:
    now = site.public.now
    return datetime(now.year, 1, 1, tzinfo=now.tzinfo).timestamp()


def calendar_file(site: Site, calendar: Calendar, rows: list[Row]) -> File:
    components = [row.calendar for row in sorted(rows, key=lambda row: (row.first, row.key))]
    return calendar.path, ics.calendar(site.publisher.name, components, calendar.title)


def update_file(site: Site) -> File:
    """When each edition comes out, and when copy for it closes, as far as terms are known."""
    house = site.press.house
    first = date(site.public.now.year, 1, 1)
    last = max((term.last for term in house.calendar.terms), default=first)
    components = [
        part
        for bulletin in house.bulletins.values()
        for day in edition_days(bulletin, house.calendar, first, last)
        for part in (
            _moment(site, f"edition-{bulletin.id}-{day}", sending(bulletin, house.calendar, day), "calendar-edition", bulletin.name),
            _moment(site, f"copy-{bulletin.id}-{day}", cut_off(bulletin, house.calendar, day), "calendar-copy", bulletin.name),
        )
    ]  # fmt: skip
    title = site.words["calendar-update"].format(name=site.main.name)
    return "calendars/editions.ics", ics.calendar(site.publisher.name, components, title)


def _moment(site: Site, uid: str, at: datetime, words: str, name: str) -> str:
    told = site.words[words].format(name=name)
    return ics.instant(f"{uid}@{feeds.host(site.url)}", at, told, f"{site.url}/", datetime(2025, 1, 1, tzinfo=UTC))
