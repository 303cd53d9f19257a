"""The search: its page, its script, its index, and what each result shows."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

from builder.archive import found, kept, lists
from builder.archive.kept import Packs, State
from builder.archive.public import Place
from builder.archive.search import tiers
from builder.archive.search.index import Words, changed, joined
from builder.archive.search.tiers import RANGES, Pack, Parts, Spread
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.archive.units import search_number
from builder.cache import fingerprint
from builder.templates import read_text

DAYS, REST = 366, 36  # of a year; and those before the oldest tier begins to take the last one in

TIERS = ("month", "year", "half", "eve", "last")
OLD = tuple(f"old-{place:02}" for place in range(len(RANGES)))
JUNE = "-06"


class Shares:
    """Which editions are in which file. `keys`: all, the newest first; it is a matter of these and of nothing before.

    `month`: the newest; `year`: the other months of its half of the year; `half`: the first half, in the second one;
    `last`: the year before. In a year's first month the year before stays in the files that it had, and its last month
    is `eve`.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        every = [(key, key.partition("/")[2]) for key in keys]
        newest = every[0][1] if every else "0001-01-01"
        months = sorted({day[:7] for _, day in every}, reverse=True)
        first = len(months) < 2 or months[1][:4] != newest[:4]
        eve = months[1] if first and len(months) > 1 and int(months[1][:4]) + 1 == int(newest[:4]) else ""
        begun = eve or newest[:7]  # the newest month whose year is in hand
        found: dict[str, list[str]] = {name: [] for name in (*TIERS, "old")}
        for key, day in every:
            found[_tier(day[:7], newest[:7], eve, begun)].append(key)
        self._of = {name: tuple(held) for name, held in found.items()}
        self._swept = self._of["last"] + self._of["old"]
        self.swept = 0 if first else max(0, len(RANGES) * (_day_of_year(newest) - REST) // (DAYS - REST))
        """How many ranges of the oldest tier have the year before, too."""

    def of(self, name: str) -> tuple[str, ...]:
        if name in self._of:
            return self._of[name]
        return self._swept if int(name[-2:]) < self.swept else self._of["old"]


def _tier(month: str, newest: str, eve: str, begun: str) -> str:
    if month in (newest, eve):
        return "month" if month == newest else "eve"
    if month[:4] == begun[:4]:
        return "half" if month[4:] <= JUNE < begun[4:] else "year"
    return "last" if not eve and int(month[:4]) + 1 == int(begun[:4]) else "old"


def _day_of_year(day: str) -> int:
    return date.fromisoformat(day).timetuple().tm_yday


class Index:
    """The words of all editions as they are now, from what the build before left of them."""

    def __init__(self, site: Site, stock: Stock, before: State) -> None:
        self.site, self.stock, self.before = site, stock, before
        self.now = Shares(place.key for place in self.stock.places)
        self.then = Shares(self.before.units)
        self._changes: dict[tuple[tuple[str, ...], tuple[str, ...]], Changes | None] = {}
        self._whole: dict[tuple[str, ...], Spread] = {}

    def pack(self, name: str, stem: str, *, calm: bool) -> Pack | None:
        """A file's words; None: nothing in it has changed. `stem`: the file of the build before; empty: it had no words.

        `calm`: what that build left can be trusted.
        """
        begin, end = _range(name)
        changes = self._between(self.then.of(name), self.now.of(name)) if calm else None
        if changes is not None:
            told = [(number, found) for number, words in changes.told if (found := words.within(begin, end))]
            newer = changes.newer.within(begin, end)
            if not told and not newer:
                return None
            if pack := tiers.load(self.file(stem)) if stem else Pack():
                tiers.update(pack, told, newer)
                return pack
        words = self._all(self.now.of("old" if begin or end else name)).within(begin, end)
        if self.now.of(name) == self.now.of("old"):
            return tiers.made(dict(words))
        if begin or end:
            later = self._all(self.now.of("last")).within(begin, end)
            words = {**words, **{word: words.get(word, b"") + told for word, told in later.items()}}
        return tiers.made(dict(words))

    def file(self, stem: str) -> Path:
        return self.stock.folder / kept.FOLDER / f"{stem}{kept.PACK}"

    def _between(self, then: tuple[str, ...], now: tuple[str, ...]) -> Changes | None:
        """None: too much has changed, or it cannot be told."""
        if (then, now) not in self._changes:
            with suppress(KeyError, OSError):
                self._changes[then, now] = self._told(then, now)
        return self._changes.setdefault((then, now), None)

    def _told(self, then: tuple[str, ...], now: tuple[str, ...]) -> Changes | None:
        before, after = self.before.units, self.stock.units
        gone, come = [*({*then} - {*now})], {*now} - {*then}
        edited = [key for key in now if key not in come and before[key].words != after[key].words]
        last = max(map(self._number, then), default=0)
        newer = tuple(key for key in now if key in come and self._number(key) > last)
        between = [key for key in come if key not in newer]
        if len(gone) + len(edited) + len(between) > 1 + len(now) // 3:
            return None
        told = [(key, self._before(key), self.stock.words(key)) for key in edited]
        told += [(key, self._before(key), {}) for key in gone] + [(key, {}, self.stock.words(key)) for key in between]
        changes = [(self._number(key), Spread(changed(old, new))) for key, old, new in told]
        return Changes(changes, self._all(newer))

    def _all(self, keys: tuple[str, ...]) -> Spread:
        """The words of these editions."""
        if keys not in self._whole:
            known = self._kept(keys) if keys else {}
            found = (
                known
                if known is not None
                else joined((key, self.stock.words(key)) for key in sorted(keys, key=self._number))
            )
            self._whole[keys] = Spread(found)
        return self._whole[keys]

    def _kept(self, keys: tuple[str, ...]) -> Words | None:
        """Of editions that were a tier, and are as they were."""
        before, after = self.before.units, self.stock.units
        for name in TIERS:
            held = self.before.tiers.get(name)
            if held and keys == self.then.of(name) and all(before[key].words == after[key].words for key in keys):
                pack = tiers.load(self.file(held[0]))
                return pack.words if pack else None
        return None

    def _number(self, key: str) -> int:
        return search_number(self.site, Place((0.0, key), key))

    def _before(self, key: str) -> Words:
        words: Words = kept.read_words(self.stock.folder, kept.unit_name(key, self.before.units[key].core))
        return words


class Changes(NamedTuple):
    """`told`: of each edition that is another, the blocks that are. `newer`: of editions after all that were there."""

    told: list[tuple[int, Spread]]
    newer: Spread


def _range(name: str) -> tuple[str, str]:
    place = int(name[-2:]) if name.startswith("old-") else None
    return ("", "") if place is None else (RANGES[place], RANGES[place + 1] if place + 1 < len(RANGES) else "")


def index_file(packs: Packs, swept: int, count: int, names: list[str]) -> File:
    """Which buckets there are. Of the year before, those that the oldest tier has taken over are not told any more."""
    border = RANGES[swept] if swept < len(RANGES) else "\U0010ffff"
    found = []
    for tier, members in (("old", OLD), *((name, (name,)) for name in TIERS)):
        there = [packs[name] for name in members if name in packs]
        files = [_listed(stem, parts, border if tier == "last" and swept else "") for stem, parts in there]
        listed = [
            part for (_, _, many), (_, parts) in zip(files, there, strict=True) for part in parts[len(parts) - many :]
        ]
        words, lengths = [first for first, _ in listed], [length for _, length in listed]
        found.append({"name": tier, "f": files, "b": words, "l": lengths})
    index = {"bulletins": names, "n": count, "tiers": found}
    raw = json.dumps(index, ensure_ascii=False, separators=(",", ":")) + "\n"
    return f"{tiers.FOLDER}/index.bin", tiers.packed(raw.encode())


def _listed(stem: str, parts: Parts, border: str) -> tuple[str, int, int]:
    """(a file, where the first bucket that is told begins in it, how many are told)."""
    skipped = max(0, bisect_right([first for first, _ in parts], border) - 1) if border else 0
    return stem, sum(length for _, length in parts[:skipped]), len(parts) - skipped


def page_files(site: Site, stock: Stock) -> Iterator[File]:
    words, house = site.words, site.press.house
    script = read_text("web/search.js", site.press.search)
    page = site.page(
        "search/", words["search"], description=words["search-intro"], crumbs=site.crumbs(), scope="search"
    )
    yield site.write(
        "search.html",
        page,
        script=f"search.js?v={fingerprint(script)[:10]}",
        axes=house.audiences.axes,
        kinds=[(kind, words[f"kind-{kind}"]) for kind in KINDS],
        bulletins=[(bulletin.id, bulletin.name) for bulletin in (site.main, *site.others)],
        years=stock.years,
        ways=lists.ways(site),
        lists=found.kinds(site),
        sections=[(section.id, section.title) for section in site.main.sections],
        section_links=found.sections(site),
        year_links=found.years(site, stock.years),
    )
    yield "search/search.js", script.encode()
    yield "search/like.js", read_text("web/search-like.js", site.press.search).encode()


KINDS = ("news", "action", "event", "consultation", "feedback", "case-study", "message", "appointment", "good-news", "notice")  # fmt: skip
