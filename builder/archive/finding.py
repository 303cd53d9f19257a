"""The search: its page, its script, its index, and what each result shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from builder.archive import found, kept, lists
from builder.archive.kept import State
from builder.archive.public import Place
from builder.archive.rows import Row
from builder.archive.search import tiers
from builder.archive.search.index import Words
from builder.archive.search.tiers import Tier
from builder.archive.site import File, Site
from builder.archive.stock import Stock
from builder.archive.units import search_number
from builder.cache import fingerprint
from builder.templates import read_text


def split(stock: Stock) -> dict[str, list[Place]]:
    """The tiers' editions: the newest month's, those of its year before it, and all years before."""
    found: dict[str, list[Place]] = {"old": [], "year": [], "month": []}
    newest = stock.places[0].key.partition("/")[2] if stock.places else ""
    for place in stock.places:
        day = place.key.partition("/")[2]
        found["month" if day[:7] == newest[:7] else "year" if day[:4] == newest[:4] else "old"].append(place)
    return found


def tier_of(site: Site, stock: Stock, name: str, places: Iterable[Place], before: State, of: bytes) -> Tier:
    """A tier as its editions are now, from what the build `of` left of it."""
    keys = {search_number(site, place): place.key for place in places}
    wanted = {number: (stock.units[key].words, stock.units[key].items) for number, key in keys.items()}

    def now(number: int) -> Words:
        return stock.words(keys[number])

    def earlier(number: int) -> Words:
        key = next(key for key in before.units if search_number_of(site, key) == number)
        words: Words = kept.read_words(stock.folder, kept.unit_name(key, before.units[key].inputs))
        return words

    try:
        tier = tiers.load(file_of(stock, name), name, of)
        tiers.update(tier, wanted, now, earlier)
    except (KeyError, OSError, StopIteration):
        tier = Tier(name)
        tiers.update(tier, wanted, now, earlier)
    return tier


def file_of(stock: Stock, name: str) -> Path:
    return stock.folder / kept.FOLDER / f"search-{name}"


def search_number_of(site: Site, key: str) -> int:
    return search_number(site, Place((0.0, key), key))


def items_file(site: Site, stock: Stock, place: Place) -> File:
    """What each result shows of an edition's items, by slot."""
    told = [_result(site, row) for row in stock.rows([place])]
    raw = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return tiers.page_path(search_number(site, place)), tiers.packed(raw)


def _result(site: Site, row: Row) -> list[str]:
    when = row.when if row.kind == "event" or not row.when else site.words["list-closes"].format(date=row.when)
    return [row.path, row.title, row.school or row.label, row.description, row.day, *([when] if when else [])]


def index_file(told: Iterable[tuple[str, int, str, list[str]]], names: list[str]) -> File:
    """Which buckets there are: (tier, its items, its mark, the first word of each bucket)."""
    found = [{"name": name, "n": count, "v": mark, "b": firsts} for name, count, mark, firsts in told]
    index = {"bulletins": names, "tiers": found}
    raw = json.dumps(index, ensure_ascii=False, separators=(",", ":")) + "\n"
    return f"{tiers.FOLDER}/index.bin", tiers.packed(raw.encode())


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
