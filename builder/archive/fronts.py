"""A bulletin's home and the lists of its editions: the newest year, and one page for each year before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from builder.archive import data, lists
from builder.archive.public import Place
from builder.archive.rows import CardRow
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.model import Bulletin
from builder.view import Link

PREVIOUS = 6  # editions on a home page below the latest; all others are one press away
COMING = 6
LEAST = 12  # editions on the list that begins with the newest year, which may have just begun


def home(site: Site, stock: Stock, bulletin: Bulletin) -> File:
    latest = site.public.newest(bulletin)
    line = site.public.places_of(bulletin.id, *bulletin.succeeds)
    url = f"{site.url}/{bulletin.path}"
    page = site.page(
        bulletin.path,
        bulletin.name,
        data.bulletin(bulletin.name, url, site.publisher),
        description=bulletin.strapline,
        crumbs=() if bulletin.main else site.crumbs(),
        feed=site.feed(bulletin),
        scope="home" if bulletin.main else "",
    )
    earlier = [place for place in line if latest is None or place.key != latest.edition.key]
    newest = next((place for place in line if latest and place.key == latest.edition.key), None)
    return site.write(
        "home.html",
        page,
        bulletin=bulletin,
        latest=lists.of_row(stock.card(newest), site.url, bulletin.id) if newest else None,
        sections=site.shelf.sections(site.viewer.edition(latest.edition, latest.items).sections, latest.items)
        if latest
        else (),
        cards=[lists.of_row(stock.card(place), site.url, bulletin.id) for place in earlier[:PREVIOUS]],
        editions=f"{url}editions/",
        ended=_successor(site, bulletin),
        coming=[lists.coming_row(row, site) for row in stock.ahead[:COMING]] if bulletin.main else (),
        others=[_other(site, stock, other) for other in site.others] if bulletin.main else (),
        documents=lists.documents(site.public, site.viewer) if bulletin.main else (),
        ways=lists.ways(site) if bulletin.main and latest else (),
    )


def home_inputs(site: Site, stock: Stock, bulletin: Bulletin) -> object:
    """What the home page tells, in short."""
    line = site.public.places_of(bulletin.id, *bulletin.succeeds)
    own = site.public.places_of(bulletin.id)[:1]
    others = [site.public.places_of(other.id)[0] for other in site.others] if bulletin.main else []
    documents = [(d.slug, d.title, d.summary, d.updated) for d in site.public.documents] if bulletin.main else []
    coming = [(row.path, row.title, row.when, row.kind) for row in stock.ahead[:COMING]] if bulletin.main else []
    inputs = [stock.units[place.key].inputs for place in own]
    return inputs, stock.told((*line[: PREVIOUS + 1], *others)), coming, repr(documents)


def _other(site: Site, stock: Stock, bulletin: Bulletin) -> tuple[Link, str, lists.Card]:
    newest = lists.of_row(stock.card(site.public.places_of(bulletin.id)[0]), site.url, "")
    return Link(bulletin.name, f"{site.url}/{bulletin.path}"), bulletin.strapline, newest


def _successor(site: Site, bulletin: Bulletin) -> Link | None:
    """The bulletin that took this one's place."""
    successors = (b for b in site.press.house.bulletins.values() if bulletin.id in b.succeeds)
    return next((Link(b.name, f"{site.url}/{b.path}") for b in successors), None)


def editions(site: Site, bulletin: Bulletin, cards: Iterable[CardRow], year: str, years: Iterable[str]) -> File:
    """`year`: of the page; empty for the list that begins with the newest. `years`: those that have pages."""
    path = f"{bulletin.path}editions/"
    above = (site.link("all-editions", path),) if year else ()
    page = site.page(
        f"{path}{year}/" if year else path,
        site.words["editions-of-year"].format(year=year) if year else site.words["all-editions"],
        of=bulletin.name,
        description=site.words["all-editions-of"].format(name=bulletin.name),
        crumbs=(*site.crumbs(bulletin), *above),
        feed=site.feed(bulletin),
        scope="editions" if bulletin.main else "",
    )
    shown = [lists.of_row(card, site.url, bulletin.id) for card in cards]
    return site.write(
        "editions.html",
        page,
        bulletin=bulletin,
        heading=page.title.partition(" – ")[0],
        years=lists.years(shown),
        others=lists.year_links(f"{site.url}/{path}", years, year),
    )


def editions_of(site: Site, bulletin: Bulletin) -> Iterator[tuple[str, list[Place], tuple[str, ...]]]:
    """(the year, its editions, the years to which it leads) for each page of a bulletin's list.

    A year leads to those before it, so that its page stays as it is when another year begins.
    """
    line = site.public.places_of(bulletin.id, *bulletin.succeeds)
    of_year: dict[str, list[Place]] = {}
    for place in line:
        of_year.setdefault(place.year, []).append(place)
    newest, *years = sorted(of_year, reverse=True) or [""]
    yield "", list(line[: max(len(of_year.get(newest, ())), LEAST)]), tuple(years)
    for year in years:
        yield year, of_year[year], tuple(one for one in years if one <= year)
