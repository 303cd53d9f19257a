"""The pages and files that tell of several editions, each made anew only when what it tells of has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import chain
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from builder.archive import calendars, documents, feeds, finding, found, fronts, html, redirects, topics
from builder.archive.cards import Card, drawn
from builder.archive.kept import Packs, Sheet, State
from builder.archive.later import packed
from builder.archive.public import Place
from builder.archive.rows import Row
from builder.archive.search import tiers
from builder.archive.search.tiers import Pack
from builder.archive.site import IMAGES, File, Site
from builder.archive.stock import Stock
from builder.aside import shared
from builder.former import answers
from builder.model import Register
from builder.templates import read_text

Put = Callable[[str, bytes], bytes]
Made = Iterable[File]
Words = tuple[dict[str, tuple[Any, ...]], Packs, int]
"""What came of the search index: its sheets as plain values, its files, and how many of all were made."""

Due = tuple[str, object, Callable[[], Made]]
"""A sheet that must be made: its name, its inputs, and what makes it, in this process or another."""


class Sheets(Struct):
    """`before`: what the last build left; `after`: what this one leaves. `put` takes what is made."""

    site: Site
    stock: Stock
    before: State
    after: State
    put: Put
    former: Mapping[str, str]
    """Each former address of something, and its address."""
    register: Register
    aside: Callable[[Callable[[], Words]], Callable[[], Words]] = lambda work: work
    """Begins some work in another process, if that helps."""
    processes: int = 1
    rendered: int = 0
    taken: set[str] = field(default_factory=set)
    """The paths that have an owner: the first one keeps it."""
    _due: list[Due] = field(default_factory=list)

    def sheet(self, name: str, inputs: object, make: Callable[[], Made]) -> None:
        """Keeps it, or makes it due. `inputs`: plain values that change whenever what `make` makes does."""
        old = self.before.sheets.get(name)
        if old and old.inputs == self._hash(inputs, old.asked) and not self.taken & old.files.keys():
            self._keep(name, old)
        else:
            self._due.append((name, inputs, make))

    def _settle(self) -> None:
        """Makes what is due. A path belongs to the sheet that asked for it first."""
        due, self._due = self._due, []
        made = shared([partial(self._make, make) for _, _, make in due], self.processes)
        for (name, inputs, _), (files, asked, pictures) in zip(due, made, strict=True):
            held = {path: hashed for path, hashed in files.items() if path not in self.taken}
            self.rendered += len(held)
            self._keep(name, Sheet(self._hash(inputs, asked), asked, held, pictures))
        self._write_again(due, [files for files, _, _ in made])

    def _make(self, make: Callable[[], Made]) -> tuple[dict[str, bytes], tuple[str, ...], dict[str, str]]:
        """The hashes of its files, the editions that it asked for, and its pictures."""
        self.site.public.asked = set()
        self.site.used.clear()
        files = {path: self.put(path, content) for path, content in make() if path not in self.taken}
        pictures = {used: str(self.site.pictures[used].file) for used in self.site.used}
        return files, tuple(sorted(self.site.public.asked)), pictures

    def _write_again(self, due: Sequence[Due], made: Sequence[Mapping[str, bytes]]) -> None:
        """What another sheet has written over that asked for the same path later."""
        twice = {path for path, count in Counter(chain.from_iterable(made)).items() if count > 1}
        for name, _, make in due if twice else ():
            own = twice & self.after.sheets[name].files.keys()
            for path, content in make() if own else ():
                if path in own:
                    self.put(path, content)

    def _keep(self, name: str, sheet: Sheet) -> None:
        self.after.sheets[name] = sheet
        self.taken |= sheet.files.keys()

    def _hash(self, inputs: object, asked: Iterable[str]) -> bytes:
        statuses = [(key, self.after.statuses.get(key)) for key in asked]
        return _hash((self.after.world, inputs, statuses))

    # --- all of them ---

    def all(self) -> None:
        words = self.aside(self._words)
        for path, content in _fixed(self.site):
            self.sheet(path, content, lambda path=path, content=content: [(path, content)])  # type: ignore[misc]
        self._cards()
        self._fronts()
        self._topics()
        self._schools()
        self._feeds()
        self._calendars()
        self._maps()
        self._settle()
        if not self.before.known:  # a first build has read all, and may be a large one
            self.stock.forget()
            self.site.forget()
        self._documents()
        self._settle()  # a page of the house's own may not have a list's address
        self._search(words())
        self._found()
        self._settle()
        self._redirects()
        self._settle()
        self._pictures()

    def _cards(self) -> None:
        """Drawing takes as long as all else of an edition: each is drawn once, beside other work."""
        site, stock = self.site, self.stock
        for bulletin in site.press.house.bulletins.values():
            card = site.card(bulletin)
            self.sheet(f"card {bulletin.id}", card.path, partial(_drawn, site, card))
        for place in stock.places:
            path = stock.units[place.key].card
            if path:
                self.sheet(f"card {place.key}", path, partial(_own_card, site, stock, place))

    def _fronts(self) -> None:
        site, stock = self.site, self.stock
        for b in (site.main, *site.others):
            self.sheet(f"home {b.id}", fronts.home_inputs(site, stock, b), lambda b=b: [fronts.home(site, stock, b)])  # type: ignore[misc]
            for year, places, years in fronts.editions_of(site, b):
                self.sheet(
                    f"editions {b.id} {year}",
                    (stock.told(places), years),
                    lambda b=b, places=places, year=year, years=years: [  # type: ignore[misc]
                        fronts.editions(site, b, [stock.card(place) for place in places], year, years)
                    ],
                )

    def _topics(self) -> None:
        """Lists of a year whose editions tell the same as before are not even looked at."""
        site, stock = self.site, self.stock
        newest = stock.years[0] if stock.years else ""
        older = [year for year in stock.years if year != newest]
        every = topics.topics(site)
        marks = {year: self._hash(stock.told(stock.of_year(year)), ()) for year in older}
        open_ = topics.unsealed(stock, every)
        has = {
            topic.path: tuple(y for y in self._years_with(topic, marks) if topic not in open_ or y != older[0])
            for topic in every
        }
        soon = [(row.path, row.end - topics.SOON <= stock.now) for row in stock.ahead if row.end - topics.SOON > 0]
        mark = self._hash((stock.told(stock.recent_of(newest)), stock.told(stock.open)), ())
        for topic in every:
            ahead = soon if topic.dated else ()
            self._list(topic, "", (mark, has[topic.path], ahead), has[topic.path], whole=topic in open_)
        for year in older:
            for topic in every:
                if year in has[topic.path]:
                    until = tuple(one for one in has[topic.path] if one <= year)
                    self._list(topic, year, (marks[year], until), until)

    def _years_with(self, topic: topics.Topic, marks: Mapping[str, bytes]) -> tuple[str, ...]:
        """The years of which the topic has a page: a sealed year is asked once."""
        found_ = []
        for year, mark in marks.items():
            name = f"has {topic.path} {year}"
            old = self.before.sheets.get(name)
            if old is None or old.inputs != mark:
                has = bool(topics.rows_of(topic, self.stock, year))
                old = Sheet(mark, ("yes",) if has else (), {}, {})
            self.after.sheets[name] = old
            if old.asked:
                found_.append(year)
        return tuple(found_)

    def _list(
        self, topic: topics.Topic, year: str, inputs: object, years: tuple[str, ...], *, whole: bool = False
    ) -> None:
        """First by what its editions tell, in short; when that changed, by its own rows."""
        site, stock = self.site, self.stock
        name, short = f"list {topic.path} {year}", f"short {topic.path} {year}"
        quick = _hash((self.after.world, inputs, whole))
        before = self.before.sheets.get(short)
        old = self.before.sheets.get(name)
        self.after.sheets[short] = Sheet(quick, (), {}, {})
        if before and old and before.inputs == quick and not self.taken & old.files.keys():
            self._keep(name, old)
            return
        rows = topics.rows_of(topic, stock, year, whole=whole)
        ahead = [(*row, row.end - topics.SOON <= stock.now) for row in stock.ahead if topic.wanted(row)]
        self.sheet(
            name,
            (_told(rows), ahead if topic.dated and not year else (), years),
            lambda: [topics.page(site, stock, topic, rows, year, years)],
        )

    def _schools(self) -> None:
        """While every edition tells the same of its schools, no page of a school is even looked at."""
        if self._same("schools") and self._all_kept("school"):
            return
        site, stock = self.site, self.stock
        every = topics.schools(stock)
        paths = topics.school_paths(every)
        counts = {name: sum(count for _, count, _ in places) for name, places in every.items()}
        self.sheet("schools", tuple(counts.items()), lambda: [topics.all_schools(site, paths, counts)])
        for name, places in every.items():
            self.sheet(
                f"school {name}",
                (paths[name], [(place.key, told) for place, _, told in places]),
                lambda name=name, places=places: [  # type: ignore[misc]
                    topics.school(site, stock, name, paths[name], [
                        row for row in stock.rows(place for place, _, _ in places) if row.school == name and row.own
                    ])
                ],
            )  # fmt: skip

    def _all_kept(self, begin: str) -> bool:
        """Whether there were sheets whose names begin so, and nothing stands in their way: then they stay."""
        known = {name: sheet for name, sheet in self.before.sheets.items() if name.startswith(begin)}
        if not known or any(sheet.asked or self.taken & sheet.files.keys() for sheet in known.values()):
            return False
        for name, sheet in known.items():
            self._keep(name, sheet)
        return True

    def _same(self, what: str) -> bool:
        """Whether all editions tell, in this, what they told the last time, in the same order."""
        before, after = self.before.units, self.after.units
        return [*before] == [*after] and all(
            made is before[key] or getattr(made, what) == getattr(before[key], what) for key, made in after.items()
        )

    def _feeds(self) -> None:
        site, stock = self.site, self.stock
        for feed in feeds.feeds(site, stock):
            near = feed.places[: feeds.NEWEST]
            months = feeds.months(feed) if feed.archived else {}
            inputs = (stock.fed(near), feed.title, feed.id, next(iter(months), ""))
            short, name = f"short feed {feed.base}", f"feed {feed.base}"
            quick = _hash((self.after.world, inputs))
            before, old = self.before.sheets.get(short), self.before.sheets.get(name)
            self.after.sheets[short] = Sheet(quick, (), {}, {})
            if before and old and before.inputs == quick and not self.taken & old.files.keys():
                self._keep(name, old)
            else:
                rows = feeds.current(feed, stock)
                told = [(row.key, self.after.units[row.edition].entries) for row in rows]
                self.sheet(name, (_told(rows), told, inputs[1:]), lambda feed=feed: feeds.files(site, stock, feed))  # type: ignore[misc]
            for (month, places), older in zip(months.items(), [*months, ""][1:], strict=True):
                self.sheet(
                    f"feed {feed.base} {month}",
                    (stock.fed(places), older),
                    lambda feed=feed, month=month, places=places, older=older: [  # type: ignore[misc]
                        feeds.archive_file(site, stock, feed, month, places, older)
                    ],
                )

    def _calendars(self) -> None:
        site, stock = self.site, self.stock
        rows = calendars.rows_of(stock, calendars.this_year(site))
        for calendar in calendars.calendars(site):
            own = [row for row in rows if calendar.wanted(row)]
            inputs = [(row.calendar, row.first, row.key) for row in own]
            self.sheet(
                calendar.path,
                inputs,
                lambda calendar=calendar, own=own: [calendars.calendar_file(site, calendar, own)],  # type: ignore[misc]
            )
        self.sheet("calendars/editions.ics", site.public.now.year, lambda: [calendars.update_file(site)])

    def _documents(self) -> None:
        site = self.site
        every = [(d.slug, d.title, d.summary, repr(d.updated)) for d in site.public.documents]
        self.sheet("documents", every, lambda: documents.list_files(site))
        for document in site.public.documents:
            told = repr(
                (document.slug, document.title, document.summary, document.body, document.contact, document.updated)
            )
            self.sheet(f"document {document.slug}", told, lambda d=document: [documents.document_file(site, d)])  # type: ignore[misc]
        for page in site.public.pages:
            told = repr((page.slug, page.title, page.summary, page.body, page.contact, page.updated))
            self.sheet(f"page {page.slug}", told, lambda p=page: [documents.page_file(site, p)])  # type: ignore[misc]

    def _found(self) -> None:
        site, stock = self.site, self.stock
        self.sheet("404.html", "", lambda: [documents.not_found(site)])
        self.sheet("feeds", [b.id for b in site.others], lambda: [found.feeds_page(site)])
        self.sheet("for", (), lambda: [found.audiences_page(site)])
        self._settle()
        pages = sorted(p for s in self.after.sheets.values() for p in s.files if p.endswith("index.html"))
        self.sheet("sitemap pages", pages, lambda: [found.page_map(site, pages)])
        months = tuple(stock.months)
        self.sheet("sitemap", months, lambda: [found.map_of_maps(site, months), found.robots(site)])

    def _maps(self) -> None:
        site, stock = self.site, self.stock
        for month, places in stock.months.items():
            self.sheet(
                f"sitemap {month}",
                stock.told(places),
                lambda month=month, places=places: [found.month_map(site, stock, month, places)],  # type: ignore[misc]
            )

    def _words(self) -> Words:
        """The index itself. No other sheet has files where it has, so it can be made in another process."""
        own = replace(
            self, after=replace(self.after, sheets={}, tiers={}), rendered=0, taken=set(), processes=1, _due=[]
        )
        own._packs(finding.Index(self.site, self.stock, self.before))
        return {name: tuple(sheet) for name, sheet in own.after.sheets.items()}, own.after.tiers, own.rendered

    def _search(self, words: Words) -> None:
        site, stock = self.site, self.stock
        sheets, packs, rendered = words
        self.after.tiers = packs
        self.rendered += rendered
        for name, sheet in sheets.items():
            self._keep(name, Sheet(*sheet))
        swept, names = finding.Shares(place.key for place in stock.places).swept, list(site.press.house.bulletins)
        count = sum(self.after.units[place.key].items for place in stock.places)
        told = (swept, count, names, [stem for stem, _ in packs.values()])
        self.sheet("search index", told, lambda: [finding.index_file(packs, swept, count, names)])
        shown = (stock.years, [b.id for b in site.others])
        self.sheet("search", shown, lambda: finding.page_files(site, stock))

    def _packs(self, index: finding.Index) -> None:
        """A file whose editions have the words they had is not even read."""
        for name in (*finding.TIERS, *finding.OLD):
            sheet, known = f"search {name}", self.before.tiers.get(name)
            old = self.before.sheets.get(sheet)
            pack = index.pack(name, known[0] if known else "", calm=old is not None)
            if old is not None and pack is None:
                self._keep(sheet, old)
                self.after.tiers |= {name: known} if known else {}
            else:
                self._pack(name, index, pack or Pack())

    def _pack(self, name: str, index: finding.Index, pack: Pack) -> None:
        files = {}
        if content := pack.content:
            stem = tiers.stem_of(content)
            files = {tiers.pack_path(stem): self.put(tiers.pack_path(stem), content)}
            self.after.tiers[name] = stem, tiers.parts_of(pack)
            tiers.save(pack, index.file(stem))
        self._keep(f"search {name}", Sheet(b"", (), files, {}))

    def _redirects(self) -> None:
        paths = self.after.files() if self.former or self.register.first else {}
        living = redirects.living(paths)
        found = answers(self.former, self.register, living, self.site.public.now.date())
        told = (sorted(found.moved.items()), sorted(found.gone))
        self.sheet("redirects", told, lambda: redirects.redirect_files(self.site, found, paths))

    def _pictures(self) -> None:
        old = self.before.sheets.get("pictures")
        before = old.files if old else {}
        files = {}
        for name, file in sorted(self.after.pictures().items()):
            path = f"{IMAGES}{name}"
            files[path] = before.get(path) or self.put(path, _bytes(file))
        self.after.sheets["pictures"] = Sheet(b"", (), files, {})


def _fixed(site: Site) -> Iterator[File]:
    yield "style.css", site.style.encode("utf-8")
    yield "icon.svg", html.to_bytes(read_text("web/icon.svg", site.press.search))


def _own_card(site: Site, stock: Stock, place: Place) -> Made:
    return _drawn(site, site.card_of(stock.card(place)))


def _drawn(site: Site, card: Card) -> Made:
    return [(card.path, drawn(card, site.press.kept))]


def _bytes(file: str) -> bytes:
    with open(file, "rb") as opened:  # noqa: PTH123
        return opened.read()


def _told(rows: Iterable[Row]) -> bytes:
    return _hash([row.mark for row in rows])


def _hash(value: Any) -> bytes:
    """Of plain values, as marshal knows them."""
    return blake2b(packed(value), digest_size=16).digest()
