"""An item's permanent page, and the calendar file of an event."""

from __future__ import annotations

from collections.abc import Iterator

from builder import dates
from builder.archive import data, feeds, ics, lists
from builder.archive.site import File, Site, beside
from builder.kinds import Event
from builder.model import Item
from builder.view import Link


def item_files(site: Site, item: Item) -> Iterator[File]:
    yield _page(site, item)
    if isinstance(item.details, Event):
        yield _calendar(site, item, item.details)


def _page(site: Site, item: Item) -> File:
    shown = site.shelf.of(item)
    carrying = site.public.homes[item.key]
    home = carrying[0]
    bulletin = site.press.house.bulletins[item.key.bulletin]
    keys = [one.key for one in home.items]
    before, after = beside(home.items, keys.index(item.key))
    published = site.public.published(item)
    asked = site.viewer.useful_url(home.bulletin.id, home.edition.day)
    page = site.page(
        shown.view.url.removeprefix(f"{site.url}/"),
        shown.view.title,
        data.item(shown, published, site.publisher, site.press.house.calendar.zone),
        of=bulletin.name,
        description=shown.description,
        crumbs=(*site.crumbs(home.bulletin), Link(dates.say(home.edition.day), site.viewer.edition_url(home.edition))),
        picture=shown.view.picture,
        feed=site.feed(bulletin),
        article=True,
    )
    return site.write(
        "item.html",
        page,
        shown=shown,
        editions=[(sent.bulletin.name, lists.card(sent, site.viewer, sent.bulletin.id)) for sent in carrying],
        before=site.shelf.of(before).view if before else None,
        after=site.shelf.of(after).view if after else None,
        useful=f"{asked}{item.slug}" if asked and item.kind != "notice" else "",
    )


def _calendar(site: Site, item: Item, event: Event) -> File:
    shown = site.shelf.of(item)
    booking = f"{site.viewer.say('facts', 'book')}: {event.book}" if event.book else ""
    entry = ics.Entry(
        uid=f"{item.key.bulletin}-{item.key.day}-{item.slug}@{feeds.host(site.url)}",
        stamp=site.public.published(item),
        title=item.title,
        text="\n".join(filter(None, (item.summary, booking))),
        url=shown.view.url,
        event=event,
    )
    path = shown.calendar.removeprefix(f"{site.url}/")
    return path, ics.calendar(site.publisher.name, [entry], site.press.house.calendar.zone)
