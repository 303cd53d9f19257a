"""Feeds (F1, F2): Atom whole, with an archive of months (RFC 5005); RSS 2.0 and JSON Feed 1.1 carry the same items in short."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from builder.archive import html
from builder.archive.public import Place
from builder.archive.rows import Row
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.dates import DAYS, MONTHS
from builder.model import ItemKey

NEWEST = 50  # entries of a feed; the newest month's are all in, and older ones in the archive
FEW = 20  # entries of the smaller feeds
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # Atom wants a moment even of a feed without entries


class Feed(Struct, frozen=True, kw_only=True):
    """`base`: the folder of its three files. `page`: what it is a feed of."""

    base: str
    page: str
    title: str
    subtitle: str
    id: str
    wanted: Callable[[Row], bool]
    places: tuple[Place, ...]
    archived: bool = False

    @property
    def most(self) -> int:
        return NEWEST if self.archived else FEW


@cache
def host(site: str) -> str:
    return urlsplit(site).hostname or "localhost"


def tag(site: str, day: date | str, name: str) -> str:
    """An id that no move of the site changes while its host's name stays in bulletin.toml (RFC 4151)."""
    return f"tag:{host(site)},{day}:{name}"


def entry_id(site: str, key: ItemKey) -> str:
    return tag(site, key.day, f"{key.bulletin}/{key.slug}")


@lru_cache(maxsize=64)
def moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


# --- which feeds there are -------------------------------------------------------------------------------------------


def feeds(site: Site, stock: Stock) -> Iterator[Feed]:
    house, words = site.press.house, site.words
    for bulletin in (site.main, *site.others):
        places = site.public.places_of(bulletin.id)
        first = bulletin.first or min((place.day for place in places), default=NEVER.date())
        yield Feed(
            base=bulletin.path,
            page=bulletin.path,
            title=bulletin.name,
            subtitle=bulletin.strapline,
            id=tag(site.url, first, f"{bulletin.id}/"),
            wanted=_everything,
            places=places,
            archived=True,
        )
    everywhere = (
        ("feeds/all/", "", words["feed-all"], _everything),
        ("good-news/", "good-news/", words["list-good-news"], lambda row: row.kind == "good-news" and row.own),
    )
    for base, page, title, wanted in everywhere:
        yield _feed(site, stock, base, page, title, wanted)
    for one in house.audiences.tags:
        base = f"for/{one.id}/"
        yield _feed(site, stock, base, base, words["for"].format(name=one.name), _for(one.id))


def _feed(site: Site, stock: Stock, base: str, page: str, title: str, wanted: Callable[[Row], bool]) -> Feed:
    return Feed(
        base=base,
        page=page,
        title=f"{title} – {site.main.name}",
        subtitle="",
        id=tag(site.url, "2025-01-01", base),
        wanted=wanted,
        places=stock.recent_of(stock.years[0]) if stock.years else (),
    )


def _everything(_: Row) -> bool:
    return True


def _for(tag_: str) -> Callable[[Row], bool]:
    return lambda row: tag_ in row.audience


# --- what is in them -------------------------------------------------------------------------------------------------


def current(feed: Feed, stock: Stock) -> list[Row]:
    """The newest entries, newest first. Of an archived feed, all of the newest month are among them."""
    found: dict[str, Row] = {}
    newest = feed.places[0].day.isoformat()[:7] if feed.places else ""
    for place in feed.places:
        if len(found) >= feed.most and not (feed.archived and place.day.isoformat()[:7] == newest):
            break
        for row in _rows(feed, stock, [place]):
            found.setdefault(row.key, row)
    return sorted(found.values(), key=lambda row: row.published, reverse=True)


def _rows(feed: Feed, stock: Stock, places: Iterable[Place]) -> list[Row]:
    """A bulletin's feed has its guests too."""
    rows = stock.all_rows(places) if feed.archived else stock.rows(places)
    return [row for row in rows if feed.wanted(row)]


def months(feed: Feed) -> dict[str, list[Place]]:
    """The months that are over, newest first, and their editions."""
    found: dict[str, list[Place]] = {}
    for place in feed.places:
        found.setdefault(place.day.isoformat()[:7], []).append(place)
    newest = next(iter(found), "")
    return {month: places for month, places in found.items() if month != newest}


# --- as files --------------------------------------------------------------------------------------------------------


def files(site: Site, stock: Stock, feed: Feed) -> Iterator[File]:
    rows = current(feed, stock)
    older = list(months(feed)) if feed.archived else []
    links = [("prev-archive", f"{site.url}/{feed.base}feed/{older[0]}.xml")] if older else []
    yield _atom(site, stock, feed, f"{feed.base}feed.xml", rows, links, archive=False)
    yield (
        f"{feed.base}feed.rss",
        html.to_bytes(
            site.render(
                "feed.rss", feed=feed, rows=_told(site, stock, rows), updated=_rfc822(_updated(rows)), url=site.url
            )
        ),
    )
    yield f"{feed.base}feed.json", _json(site, stock, feed, rows)


def archive_file(site: Site, stock: Stock, feed: Feed, month: str, places: Iterable[Place], older: str) -> File:
    """A month that is over; it never changes again, so nothing leads on. `older`: the one before; empty: there is none."""
    rows = sorted(_rows(feed, stock, places), key=lambda row: row.published, reverse=True)
    base = f"{site.url}/{feed.base}"
    links = [("current", f"{base}feed.xml")]
    links += [("prev-archive", f"{base}feed/{older}.xml")] if older else []
    return _atom(site, stock, feed, f"{feed.base}feed/{month}.xml", rows, links, archive=True)


def _atom(
    site: Site, stock: Stock, feed: Feed, path: str, rows: list[Row], links: list[tuple[str, str]], *, archive: bool
) -> File:
    text = site.render(
        "feed.xml",
        feed=feed,
        id=feed.id if not archive else f"{feed.id}#{path.rpartition('/')[2][:7]}",
        own=f"{site.url}/{path}",
        url=f"{site.url}/{feed.page}",
        updated=_updated(rows),
        entries=_told(site, stock, rows),
        links=links,
        archive=archive,
    )
    return path, html.to_bytes(text)


def _told(site: Site, stock: Stock, rows: Iterable[Row]) -> list[dict[str, object]]:
    return [{"row": row, "entry": stock.entry(row), "url": f"{site.url}/{row.path}", "rfc822": _rfc822(row.published)} for row in rows]  # fmt: skip


def _json(site: Site, stock: Stock, feed: Feed, rows: Iterable[Row]) -> bytes:
    items = [
        {
            "id": stock.entry(row).id,
            "url": f"{site.url}/{row.path}",
            "title": html.safe(row.title),
            "content_text": html.safe(row.description),
            "date_published": row.published,
            "date_modified": row.updated,
            "tags": [row.kind, *row.audience],
            **({"image": f"{site.url}/images/{row.picture[0]}"} if row.picture else {}),
        }
        for row in rows
    ]
    told = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{site.url}/{feed.page}",
        "feed_url": f"{site.url}/{feed.base}feed.json",
        **({"description": feed.subtitle} if feed.subtitle else {}),
        "language": "en-GB",
        "authors": [{"name": site.publisher.name, "url": f"{site.url}/"}],
        "items": items,
    }
    return (json.dumps(told, ensure_ascii=False) + "\n").encode()


def _updated(rows: Iterable[Row]) -> str:
    return max((row.updated for row in rows), default=moment(NEVER))


def _rfc822(told: str) -> str:
    """Written here, because what mail is made with takes longer to load than all feeds to write."""
    at = datetime.fromisoformat(told)
    return f"{DAYS[at.weekday()][:3]}, {at.day:02} {MONTHS[at.month - 1][:3]} {at:%Y %H:%M:%S} +0000"
