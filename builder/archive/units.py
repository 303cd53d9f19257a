"""One edition → its page, its items' pages and calendar files, and what all other pages will ask of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from typing import Any

from msgspec import Struct, field

from builder import dates
from builder.archive import data, feeds, html, ics, lists
from builder.archive.cards import Card
from builder.archive.items import WebItem, corrections, is_cancelled
from builder.archive.public import Place, Sent
from builder.archive.rows import CardRow, FeedEntry, Row
from builder.archive.search.index import Words, number_of, words_of
from builder.archive.search.tiers import packed, page_path
from builder.archive.site import File, Site, beside
from builder.archive.standfirst import standfirst
from builder.facts import day_block
from builder.items import last_moment
from builder.kinds import Consultation, Event
from builder.markdown import inline
from builder.model import Item, Moment
from builder.view import EditionView, Link


class Unit(Struct, frozen=True, kw_only=True):
    """`files`: path → bytes. `pictures`: name → the file that has its bytes."""

    card: CardRow
    drawn: str
    """The path of the card that is drawn for it; empty when it shares its bulletin's."""
    rows: tuple[Row, ...]
    entries: tuple[FeedEntry, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    words: Words = field(default_factory=dict)
    """Its part of the search index."""
    shown: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Its rows as lists show them: with their labels, and without."""


def unit(
    site: Site, place: Place, newer: Place | None, older: Place | None, *, draw: Callable[[Card], None] | None
) -> Unit:
    """`draw`: begins to draw the card of its own; None: it shares its bulletin's, as all but the newest do."""
    sent = site.public.of(place)
    site.used.clear()
    view = site.viewer.edition(sent.edition, sent.items)
    told = _card(site, sent, view)
    card = site.card_of(told) if draw else site.card(sent.bulletin)
    if draw:
        draw(card)
    files = dict([_page(site, sent, view, (newer, older), card)])
    rows, entries, texts = [], [], []
    for item in sent.items:
        homes = site.public.homes(item)
        home = homes[0].edition.key == place.key
        shown = site.shelf.of(item)
        published = site.public.published(item, homes)
        row = row_of(site, sent, shown, published, home=home)
        rows.append(row)
        entries.append(FeedEntry(feeds.entry_id(site.url, item.key), _content(site, shown)))
        if not home:
            continue
        texts.append(html.plain(shown.page))
        files.update([_item(site, item, homes, published)])
        if isinstance(item.details, Event):
            files[f"{row.path}event.ics"] = ics.calendar(site.publisher.name, [row.calendar])
    number, own = search_number(site, place), [row for row in rows if row.home]
    files.update([_results(site, number, own)])
    return Unit(
        card=told,
        drawn=card.path if draw else "",
        rows=tuple(rows),
        entries=tuple(entries),
        files=files,
        pictures=_pictures(site, sent),
        words=words_of(number, own, texts),
        shown={row.key: (lists.row(site, row, labelled=True), lists.row(site, row, labelled=False)) for row in own},
    )


def page_of(site: Site, place: Place, newer: Place | None, older: Place | None, *, drawn: bool) -> File:
    """An edition's own page alone, when nothing but its neighbours has changed."""
    sent = site.public.of(place)
    view = site.viewer.edition(sent.edition, sent.items)
    card = site.card_of(_card(site, sent, view)) if drawn else site.card(sent.bulletin)
    return _page(site, sent, view, (newer, older), card)


def search_number(site: Site, place: Place) -> int:
    return number_of(place.day, list(site.press.house.bulletins).index(place.bulletin))


def _results(site: Site, number: int, rows: Iterable[Row]) -> tuple[str, bytes]:
    """What each result of a search shows of its items, by slot."""
    raw = json.dumps([_result(site, row) for row in rows], ensure_ascii=False, separators=(",", ":")).encode()
    return page_path(number), packed(raw)


def _result(site: Site, row: Row) -> list[str]:
    when = row.when if row.kind == "event" or not row.when else site.words["list-closes"].format(date=row.when)
    return [row.path, row.title, row.school or row.label, row.description, row.day, *([when] if when else [])]


def _pictures(site: Site, sent: Sent) -> dict[str, str]:
    """Those on pages, and those in letters that have gone out, under names that nobody can guess or read."""
    whole = site.public.whole(sent.edition.key)
    found = {name: str(site.pictures[name].file) for name in site.used}
    letters = site.press.letter_pictures(whole, site.viewer) if whole else ()
    return found | {picture.name: str(picture.file) for picture in letters}


def _card(site: Site, sent: Sent, view: EditionView) -> CardRow:
    return CardRow(
        path=sent.path,
        day=view.day,
        iso=view.iso,
        number=view.number,
        special=sent.edition.special or sent.edition.title,
        standfirst=standfirst(sent.items, site.words),
        bulletin=sent.bulletin.id,
        name=sent.bulletin.name,
        key=sent.edition.key,
        at=sent.at.timestamp(),
    )


def _turn(site: Site, place: Place | None) -> Link | None:
    if place is None:
        return None
    bulletin = site.press.house.bulletins[place.bulletin]
    return Link(dates.say(place.day), f"{site.url}/{bulletin.path}editions/{place.day}/")


def _page(site: Site, sent: Sent, view: EditionView, turn: tuple[Place | None, Place | None], card: Card) -> File:
    bulletin, (newer, older) = sent.bulletin, turn
    page = site.page(
        sent.path,
        view.day,
        data.edition(view, sent.at, site.publisher),
        of=bulletin.name,
        description=standfirst(sent.items, site.words),
        crumbs=(*site.crumbs(bulletin), site.link("all-editions", f"{bulletin.path}editions/")),
        feed=site.feed(bulletin),
        article=True,
        card=f"{site.url}/{card.path}",
    )
    return site.write(
        "edition.html",
        page,
        edition=view,
        opening=html.lowered(site.shelf.body(view.opening.html), 1),
        sections=site.shelf.sections(view.sections, sent.items),
        older=_turn(site, older),
        newer=_turn(site, newer),
    )


def _item(site: Site, item: Item, carrying: tuple[Sent, ...], published: datetime) -> tuple[str, bytes]:
    shown, home = site.shelf.of(item), carrying[0]
    bulletin = site.press.house.bulletins[item.key.bulletin]
    keys = [one.key for one in home.items]
    before, after = beside(home.items, keys.index(item.key))
    day = dates.say(home.edition.day)
    asked = site.viewer.useful_url(home.bulletin.id, home.edition.day)
    page = site.page(
        shown.view.url.removeprefix(f"{site.url}/"),
        shown.view.title,
        data.item(shown, published, site.publisher, site.press.house.calendar.zone),
        of=bulletin.name,
        description=shown.description,
        crumbs=(*site.crumbs(home.bulletin), Link(day, site.viewer.edition_url(home.edition))),
        picture=shown.view.picture,
        whose=bulletin,
        feed=site.feed(bulletin),
        article=True,
    )
    return site.write(
        "item.html",
        page,
        shown=shown,
        editions=[(sent.bulletin.name, lists.place_card(sent, site.viewer)) for sent in carrying],
        before=site.shelf.of(before).view if before else None,
        after=site.shelf.of(after).view if after else None,
        shelfmark=site.shelfmark(site.press.in_order(item.audience), item.section, page.up),
        useful=f"{asked}{item.slug}" if asked and item.kind != "notice" else "",
    )


def _content(site: Site, shown: WebItem) -> str:
    """The item whole, as feeds carry it."""
    return html.safe(site.render("feed-content.html", shown=shown, view=shown.view).strip())


def row_of(site: Site, sent: Sent, shown: WebItem, published: datetime, *, home: bool) -> Row:
    item, view = shown.item, shown.view
    told = item.original or item
    picture = view.picture
    return Row(
        path=view.url.removeprefix(f"{site.url}/"),
        title=view.title,
        kind=told.kind,
        label=view.label,
        description=shown.description,
        bulletin=sent.bulletin.id,
        section=item.section,
        edition=sent.edition.key,
        slug=item.slug,
        key=str(item.key),
        audience=site.press.in_order(item.audience),
        day=published.astimezone(site.public.now.tzinfo).date().isoformat(),
        published=feeds.moment(published),
        updated=feeds.moment(_updated(site, item, published)),
        school=view.school,
        picture=(picture.url.rpartition("/")[2], picture.width, picture.height, picture.alt) if picture else None,
        home=home,
        own=item.original is None,
        note=shown.banner,
        outcome=inline(told.details.outcome) if isinstance(told.details, Consultation) else "",
        **_dated(site, item, shown, published),
    ).marked()


def _dated(site: Site, item: Item, shown: WebItem, published: datetime) -> dict[str, Any]:
    """What a row tells of the item's own day."""
    told, zone = (item.original or item).details, site.press.house.calendar.zone
    last = last_moment(told)
    if last is None:
        return {}
    day: Moment = told.starts if isinstance(told, Event) else last
    leaf = day_block(day.day)
    opens = told.opens.moment(zone).timestamp() if isinstance(told, Consultation) and told.opens else 0.0
    return {
        "first": day.moment(zone).timestamp(),
        "end": last.end(zone).timestamp(),
        "when": dates.say_span(told.starts, told.ends) if isinstance(told, Event) else dates.say_moment(day),
        "leaf": (leaf.weekday, leaf.day, leaf.month),
        "iso": day.day.isoformat(),
        "opens": opens,
        "calendar": ics.component(_entry(site, item, shown, published), zone),
    }


def _updated(site: Site, item: Item, published: datetime) -> datetime:
    """The day of the last correction, or when it was published."""
    days = [day for day, _ in corrections(item, site.public.now)]
    zone = site.press.house.calendar.zone
    return max([published, *(datetime.combine(day, time(0), zone).astimezone(UTC) for day in days)])


def _entry(site: Site, item: Item, shown: WebItem, published: datetime) -> ics.Entry:
    told = (item.original or item).details
    booking = f"{site.viewer.say('facts', 'book')}: {told.book}" if isinstance(told, Event) and told.book else ""
    return ics.Entry(
        sequence=len(corrections(item, site.public.now)),
        cancelled=isinstance(told, Event) and is_cancelled(told),
        uid=f"{item.key.bulletin}-{item.key.day}-{item.slug}@{feeds.host(site.url)}",
        stamp=_updated(site, item, published),
        title=item.title,
        text="\n".join(filter(None, (shown.view.summary, booking))),
        url=shown.view.url,
        details=told,
    )
