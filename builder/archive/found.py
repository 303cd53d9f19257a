"""How the site is found: sitemaps and robots.txt for machines; the pages of all feeds and of all audiences for people."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from builder.archive import calendars, html, lists
from builder.archive.public import Place
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.archive.topics import KINDS
from builder.view import Link

INDEX = "index.html"


class Listed(Struct, frozen=True):
    """A page in a sitemap."""

    url: str
    changed: str = ""


def month_map(site: Site, stock: Stock, month: str, places: Iterable[Place]) -> File:
    """A month's editions and items: a week's work changes the newest month's map only."""
    found = []
    for place in places:
        card = stock.card(place)
        found.append(Listed(f"{site.url}/{card.path}", card.iso))
        found += [Listed(f"{site.url}/{row.path}", row.updated[:10]) for row in stock.rows([place])]
    return f"sitemaps/{month}.xml", _map(site, found)


def page_map(site: Site, pages: Iterable[str]) -> File:
    return "sitemaps/pages.xml", _map(site, [Listed(f"{site.url}/{path.removesuffix(INDEX)}") for path in pages])


def _map(site: Site, places: list[Listed]) -> bytes:
    return html.to_bytes(site.render("sitemap.xml", places=places))


def map_of_maps(site: Site, months: Iterable[str]) -> File:
    maps = [f"{site.url}/sitemaps/{name}.xml" for name in ("pages", *months)]
    return "sitemap.xml", html.to_bytes(site.render("sitemaps.xml", maps=maps))


def robots(site: Site) -> File:
    return "robots.txt", html.to_bytes(site.render("robots.txt"))


def feeds_page(site: Site) -> File:
    words, house = site.words, site.press.house
    page = site.page("feeds/", words["feeds"], description=words["feeds-intro"], crumbs=site.crumbs())
    feeds = [
        (words["feed-all"], f"{site.url}/feeds/all/feed"),
        *((b.name, f"{site.url}/{b.path}feed") for b in (site.main, *site.others)),
        (words["list-good-news"], f"{site.url}/good-news/feed"),
        *((words["for"].format(name=t.name), f"{site.url}/for/{t.id}/feed") for t in house.audiences.tags),
    ]
    own = [(c.title.partition(" – ")[0], f"{site.url}/{c.path}") for c in calendars.calendars(site)]
    update = (words["calendar-update"].format(name=site.main.name), f"{site.url}/calendars/editions.ics")
    return site.write("feeds.html", page, feeds=feeds, calendars=[update, *own])


def audiences_page(site: Site) -> File:
    words, house = site.words, site.press.house
    page = site.page("for/", words["audiences"], description=words["audiences-intro"], crumbs=site.crumbs())
    return site.write(
        "audiences.html", page, axes=lists.ways(site), kinds=kinds(site), axes_given=bool(house.audiences.axes)
    )


def kinds(site: Site) -> list[Link]:
    return [site.link(f"list-{name}", f"{name}/") for name in KINDS]


def sections(site: Site) -> list[Link]:
    return [Link(section.title, f"{site.url}/sections/{section.id}/") for section in site.main.sections]


def years(site: Site, names: Iterable[str]) -> list[Link]:
    """The newest year's editions are on the first page of the list."""
    newest, *older = [*names] or [""]
    first = [Link(newest, f"{site.url}/editions/")] if newest else []
    return first + [link for link, _ in lists.year_links(f"{site.url}/editions/", older, "")]
