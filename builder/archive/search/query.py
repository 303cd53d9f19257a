"""A search in the built index, as the browser does it: for visitors without scripts, and as the measure of the script."""

from __future__ import annotations

import gzip
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from math import log
from typing import Any, NamedTuple

from msgspec import Struct, field

from builder.archive.search.index import BULLETINS, FACET, items
from builder.archive.search.tiers import FOLDER, opened, page_path
from builder.archive.search.words import STOP, plain_words, stem

Doc = tuple[int, int]
Read = Callable[[str], bytes]
"""A file of the site by its path. Raises OSError or KeyError when it is not there."""
SHORTEST = 3  # letters from which a word that is still being typed stands for all that begin with it
MOST_WORDS, MOST_BUCKETS = 60, 8  # of one beginning
LEAST_LIKE, LONG, FAR = 4, 8, 2  # letters from which a slip is looked for; from which two are; and how many those are
MOST_AROUND = 24  # buckets that are looked through for a word much like another
UNFINISHED = 0.6  # what a word counts that only begins like the one typed
_PHRASE = re.compile(r'"([^"]*)"')


class Asked(Struct, frozen=True):
    """`filters`: facets that must all hold, like `!k:event`. `bulletin`: its place among the bulletins; -1: any."""

    text: str
    filters: tuple[str, ...] = ()
    bulletin: int = -1
    since: str = ""
    until: str = ""


class Result(NamedTuple):
    path: str
    title: str
    label: str
    description: str
    day: str
    when: str = ""
    """Its own day, in words: when it takes place, or until when an answer is wanted."""


class Found(Struct, frozen=True):
    """`results`: the best first. `near`: whether a word that is nowhere was taken for one much like it."""

    total: int
    results: tuple[Result, ...]
    near: bool = False


class Engine(Struct):
    read: Read
    _buckets: dict[tuple[str, int, int], dict[str, bytes]] = field(default_factory=dict)

    def index(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(gzip.decompress(self.read(f"{FOLDER}/index.bin")))
        for tier in found["tiers"]:
            tier["at"] = opened(tier)
        return found

    def bucket(self, tier: Mapping[str, Any], first: str) -> dict[str, bytes]:
        path, start, end = where = tier["at"][first]
        if where not in self._buckets:
            raw = gzip.decompress(self.part(path, start, end))
            size = int.from_bytes(raw[:4], "big")
            head = json.loads(raw[4 : 4 + size])
            at, found = 4 + size, {}
            for word, length in zip(head["w"], head["l"], strict=True):
                found[word] = raw[at : at + length]
                at += length
            self._buckets[where] = found
        return self._buckets[where]

    def part(self, path: str, start: int, end: int) -> bytes:
        return self.read(path)[start:end]


def search(read: Read, asked: Asked, *, start: int = 0, most: int = 10) -> Found:
    engine = Engine(read)
    index = engine.index()
    ranked, near = rank(engine, index, asked)
    return Found(len(ranked), tuple(_told(read, doc) for doc in ranked[start : start + most]), near)


def _told(read: Read, doc: Doc) -> Result:
    number, slot = doc
    return Result(*json.loads(gzip.decompress(read(page_path(number))))[slot])


def rank(engine: Engine, index: Mapping[str, Any], asked: Asked) -> tuple[list[Doc], bool]:
    """What was found, the best first, and whether a word that is nowhere was taken for one much like it."""
    near = False
    terms, phrases = _terms(asked.text)
    total = index["n"]
    scores: dict[Doc, float] = {}
    matched: dict[Doc, int] = {}
    for word, unfinished in terms:
        found = _matches(engine, index, word, unfinished)
        if not found and (other := like(engine, index, word)):
            found, near = _matches(engine, index, other, ""), True
        rarity = log(1 + (total - len(found) + 0.5) / (len(found) + 0.5))
        for doc, impact in found.items():
            scores[doc] = scores.get(doc, 0.0) + rarity * impact
            matched[doc] = matched.get(doc, 0) + 1
    allowed = _allowed(engine, index, asked.filters)
    if not terms and not phrases:
        scores = dict.fromkeys(allowed or (), 0.0)
    for phrase in phrases:
        inside = _phrase(engine, index, phrase)
        scores = {doc: score for doc, score in scores.items() if doc in inside}
    kept = [doc for doc in scores if (allowed is None or doc in allowed) and _in_time(doc, asked)]
    share = len(terms) or 1
    kept.sort(key=lambda d: (-round(scores[d] * (matched.get(d, 0) / share) ** 2, 6), -d[0], d[1]))
    return kept, near and bool(kept)


def _terms(text: str) -> tuple[list[tuple[str, str]], list[list[tuple[int, str]]]]:
    """[(stem, the word as far as it is typed, or nothing when it is finished)] and the phrases: [(distance, stem)]."""
    phrases = [[(n, stem(w)) for n, w in enumerate(plain_words(p)) if w not in STOP] for p in _PHRASE.findall(text)]
    words = plain_words(text)
    open_ = words[-1] if words and text[-1:].isalnum() else ""
    seen = {stem(word): "" for word in words if word not in STOP}
    if open_ and (open_ not in STOP):
        seen[stem(open_)] = open_ if len(open_) >= SHORTEST else ""
    return list(seen.items()), [phrase for phrase in phrases if phrase]


def _matches(engine: Engine, index: Mapping[str, Any], word: str, unfinished: str) -> dict[Doc, float]:
    found: dict[Doc, float] = {}
    for tier in index["tiers"]:
        for name, raw in _postings(engine, tier, word, unfinished):
            weight = 1.0 if name == word else UNFINISHED
            for doc, impact, _ in items(raw):
                found[doc] = max(found.get(doc, 0.0), impact * weight)
    return found


def _postings(engine: Engine, tier: Mapping[str, Any], word: str, unfinished: str) -> Iterable[tuple[str, bytes]]:
    firsts = tier["b"]
    exact = engine.bucket(tier, firsts[at]) if (at := bisect_right(firsts, word) - 1) >= 0 else {}
    if word in exact:
        yield word, exact[word]
    if not unfinished:
        return
    begin, end = max(0, bisect_right(firsts, unfinished) - 1), bisect_right(firsts, unfinished + "\uffff")
    count = 0
    for first in firsts[begin : min(end, begin + MOST_BUCKETS)]:
        for name, raw in engine.bucket(tier, first).items():
            if name.startswith(unfinished) and name != word and count < MOST_WORDS:
                count += 1
                yield name, raw


def like(engine: Engine, index: Mapping[str, Any], word: str) -> str:
    """The word of the index that somebody may have meant who wrote this one: it begins alike, and a letter or two differ."""
    if len(word) < LEAST_LIKE or not word.isalpha():
        return ""
    weights: dict[str, int] = {}
    for tier in index["tiers"]:
        for first in _around(tier["b"], word):
            for name, raw in engine.bucket(tier, first).items():
                if name[:2] == word[:2]:
                    weights[name] = weights.get(name, 0) + len(raw)
    apart = {name: distance(word, name) for name in weights if abs(len(name) - len(word)) <= FAR}
    most = FAR if len(word) >= LONG else 1
    found = [name for name, far in apart.items() if far <= most]
    return min(found, key=lambda name: (apart[name], -weights[name], name), default="")


def _around(firsts: list[str], word: str) -> list[str]:
    """The buckets of words that begin as this one does; the nearest, when they are many."""
    begin, end = max(0, bisect_right(firsts, word[:2]) - 1), bisect_right(firsts, word[:2] + "\uffff")
    begin = max(begin, min(bisect_right(firsts, word) - MOST_AROUND // 2, end - MOST_AROUND))
    return firsts[begin : min(end, begin + MOST_AROUND)]


def distance(one: str, other: str) -> int:
    """How many slips of the finger lie between two words: a letter more, less, wrong, or two swapped."""
    before: list[int] = []
    last: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for i, a in enumerate(one, 1):
        before, last, row = last, row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], before[j - 2] + 1)
    return row[-1]


def _allowed(engine: Engine, index: Mapping[str, Any], filters: Iterable[str]) -> set[Doc] | None:
    """None: no filter was set."""
    found: set[Doc] | None = None
    for facet in filters:
        docs = set(_matches(engine, index, facet, ""))
        found = docs if found is None else found & docs
    return found


def _phrase(engine: Engine, index: Mapping[str, Any], phrase: list[tuple[int, str]]) -> set[Doc]:
    """The items in which these words follow each other so."""
    starts: dict[Doc, set[int]] | None = None
    for distance, word in phrase:
        here: dict[Doc, set[int]] = {}
        for tier in index["tiers"]:
            for _, raw in _postings(engine, tier, word, ""):
                for doc, _, places in items(raw):
                    here[doc] = {place - distance for place in places}
        starts = here if starts is None else {d: both for d in starts if d in here and (both := starts[d] & here[d])}
    return set(starts or ())


def _in_time(doc: Doc, asked: Asked) -> bool:
    day, bulletin = divmod(doc[0], BULLETINS)
    told = date.fromordinal(day).isoformat()
    return (
        (asked.bulletin < 0 or bulletin == asked.bulletin)
        and (not asked.since or told >= asked.since)
        and (not asked.until or told <= asked.until)
    )


__all__ = ["FACET", "Asked", "Engine", "Found", "Result", "rank", "search"]
