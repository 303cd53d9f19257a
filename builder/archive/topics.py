"""Lists that go across editions: for an audience, of a section, of a kind, of a school; the newest year, and each before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice

from markupsafe import Markup, escape
from msgspec import Struct

from builder import dates
from builder.addresses import SEND_GOOD_NEWS
from builder.archive import html, lists
from builder.archive.public import Place
from builder.archive.rows import Row
from builder.archive.shelves import SOON_DAYS
from builder.archive.site import KINDS as KINDS
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.view import Link

SEALED = 3  # lists that part with the year before in a week
LEAST = 30  # rows on a list whose year has just begun, if the year before has them
SOON = SOON_DAYS * 86_400
ASKING = {"actions": ("action",), "consultations": ("consultation", "feedback"), "events": ("event",), "good-news": ("good-news",)}  # fmt: skip


class Topic(Struct, frozen=True, kw_only=True):
    """One list. `words`: the name of its heading in words.toml, when its title is not told by the settings."""

    path: str
    title: str
    kicker: str
    intro: str
    wanted: Callable[[Row], bool]
    kind: str = ""
    feed: bool = False
    dated: bool = False
    """What is still ahead stands first, by its day."""
    scope: str = ""

    @property
    def labelled(self) -> bool:
        """Where all are of one kind, none needs to say which."""
        return self.kind not in ("actions", "events")


class Group(Struct, frozen=True):
    """Rows under one heading."""

    id: str
    title: str
    rows: Markup
    intro: str = ""


def topics(site: Site) -> tuple[Topic, ...]:
    words, house = site.words, site.press.house
    audiences = tuple(
        Topic(
            path=f"for/{tag.id}/",
            title=words["for"].format(name=tag.name),
            kicker=axis.name,
            intro=words["for-intro"].format(name=tag.name, description=tag.description or tag.name),
            wanted=_for(tag.id),
            feed=True,
            dated=True,
        )
        for axis in house.audiences.axes
        for tag in axis.tags
    )
    sections = tuple(
        Topic(
            path=f"sections/{section.id}/",
            title=section.title,
            kicker=words["section"],
            intro=section.intro,
            wanted=_in(section.id),
        )
        for section in site.main.sections
    )
    kinds = tuple(
        Topic(
            path=f"{name}/",
            title=words[f"list-{name}"],
            kicker="",
            intro=words[f"list-{name}-intro"],
            wanted=_of(*ASKING[name]),
            kind=name,
            feed=name == "good-news",
            dated=name != "good-news",
        )
        for name in KINDS
    )
    return (*kinds, *audiences, *sections)


def _for(tag: str) -> Callable[[Row], bool]:
    return lambda row: tag in row.audience


def _in(section: str) -> Callable[[Row], bool]:
    return lambda row: row.section == section


def _of(*kinds: str) -> Callable[[Row], bool]:
    return lambda row: row.kind in kinds and row.own


def unsealed(stock: Stock, every: tuple[Topic, ...]) -> tuple[Topic, ...]:
    """In the first weeks of a year its lists part with the year before one after the other, a few each week."""
    newest, *older = stock.years or ("",)
    if not older or int(older[0]) + 1 != int(newest):
        return ()
    gone = stock.places[0].day.timetuple().tm_yday - 1
    return every[gone // 7 * SEALED :]


def rows_of(topic: Topic, stock: Stock, year: str, *, whole: bool = False) -> list[Row]:
    """A year's; of the newest page, this year's, filled up from the year before while they are few. `whole`: with all of it."""
    if year:
        return [row for row in stock.rows_of(year) if topic.wanted(row)]
    newest = stock.years[0] if stock.years else ""
    found = [row for row in stock.rows_of(newest) if topic.wanted(row)]
    earlier = (row for row in stock.rows(stock.before(newest)) if topic.wanted(row))
    return [*found, *islice(earlier, None if whole else max(0, LEAST - len(found)))]


def page(site: Site, stock: Stock, topic: Topic, rows: list[Row], year: str, years: Iterable[str]) -> File:
    title = site.words["of-year"].format(title=topic.title, year=year) if year else topic.title
    above = (Link(topic.title, f"{site.url}/{topic.path}"),) if year else ()
    made = site.page(
        f"{topic.path}{year}/" if year else topic.path,
        title,
        description=html.shortened(topic.intro, 200),
        crumbs=(*site.crumbs(), *above),
        feed=Link(topic.title, f"{site.url}/{topic.path}feed.xml") if topic.feed else None,
        scope=topic.scope,
    )
    return site.write(
        "list.html",
        made,
        topic=topic,
        title=title,
        year=year,
        groups=list(_groups(site, stock, topic, rows, year, made.up)),
        years=lists.year_links(f"{site.url}/{topic.path}", years, year),
        schools=f"{site.url}/good-news/schools/" if topic.kind == "good-news" else "",
        send=f"{site.url}/{SEND_GOOD_NEWS}",
        calendar=_calendar(site, topic),
        feeds=f"{site.url}/feeds/",
    )


def _calendar(site: Site, topic: Topic) -> str:
    if topic.path.startswith("for/"):
        return f"{site.url}/{topic.path}calendar.ics"
    return f"{site.url}/calendars/{topic.kind}.ics" if topic.kind in KINDS[:3] else ""


def _groups(site: Site, stock: Stock, topic: Topic, rows: list[Row], year: str, up: str) -> Iterator[Group]:
    words = site.words
    if topic.dated:
        open_ = [row for row in stock.ahead if topic.wanted(row)] if not year else []
        if open_:
            drawn = "".join(lists.ahead(site, row, stock.now, labelled=topic.labelled) for row in open_)
            yield Group("open", words[f"open-{topic.kind or 'for'}"], Markup(drawn))
        rows = [row for row in rows if year or row not in open_]
    for month, members in groupby(rows, key=lambda row: row.edition.partition("/")[2][:7]):
        name = f"{dates.MONTHS[int(month[5:]) - 1]} {month[:4]}"
        yield Group(f"m-{month}", name, _drawn(site, stock, members, up, labelled=topic.labelled))


def _drawn(site: Site, stock: Stock, rows: Iterable[Row], up: str, *, labelled: bool) -> Markup:
    """Rows as they were drawn with their editions, with links told from where the page stands."""
    text = "".join(stock.drawn(row)[0 if labelled else 1] for row in rows)
    return Markup(text.replace(f'"{escape(site.url)}/', f'"{up}'))


# --- schools ---------------------------------------------------------------------------------------------------------


def schools(stock: Stock) -> dict[str, list[tuple[Place, int, bytes]]]:
    """Each school, by name → the editions that have stories of it, newest first: (edition, how many, their hash)."""
    found: dict[str, list[tuple[Place, int, bytes]]] = {}
    for place in stock.places:
        for school, (count, told) in stock.units[place.key].schools.items():
            found.setdefault(school, []).append((place, count, told))
    return {name: found[name] for name in sorted(found, key=lambda name: (html.unaccented(name).casefold(), name))}


def school_paths(names: Iterable[str]) -> dict[str, str]:
    """Two names that differ only in their signs share no page: the later one, by alphabet, gets a number."""
    used: set[str] = set()
    return {name: f"good-news/schools/{html.free_name(html.unaccented(name), used)}/" for name in names}


def school(site: Site, stock: Stock, name: str, path: str, rows: Iterable[Row]) -> File:
    above = (Link(site.words["list-good-news"], f"{site.url}/good-news/"), site.link("schools", "good-news/schools/"))
    made = site.page(
        path,
        name,
        description=site.words["school-intro"].format(name=name),
        crumbs=(*site.crumbs(), *above),
        feed=Link(site.words["list-good-news"], f"{site.url}/good-news/feed.xml"),
    )
    return site.write("school.html", made, school=name, rows=_drawn(site, stock, rows, made.up, labelled=False))


def all_schools(site: Site, paths: dict[str, str], counts: dict[str, int]) -> File:
    above = (Link(site.words["list-good-news"], f"{site.url}/good-news/"),)
    made = site.page(
        "good-news/schools/",
        site.words["schools"],
        description=site.words["schools-intro"],
        crumbs=(*site.crumbs(), *above),
    )
    letters = groupby(paths, key=lambda name: html.unaccented(name)[:1].upper())
    return site.write(
        "schools.html",
        made,
        letters=[
            (letter, [(Link(n, f"{site.url}/{paths[n]}"), counts[n]) for n in names]) for letter, names in letters
        ],
    )
