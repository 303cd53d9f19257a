"""An edition's items → its part of the index: for each word, which items have it, how much it tells of them, and where.

A word's postings are one block an edition, one after the other: number, length, items. A block depends on its edition
only, so that an edition comes, changes or goes without a look at any other.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import chain, pairwise
from math import log
from operator import sub

from builder.archive.rows import Row
from builder.archive.search.words import stems

WEIGHTS = (5.0, 2.0, 1.0)  # of a word in the title, in the summary and the school's name, in the text
APART = ("",) * 8  # between two fields, where no words are
USUAL = 150  # words of an item: longer ones say each of them in passing
K1, B = 1.2, 0.75  # as every BM25 has them
SCALE = 255 / (K1 + 1)
BULLETINS = 32  # an edition's number is its day and its bulletin's place
MOST_PLACES = 60  # of one word in one item
FACET = "!"
ONE = b"\x01"

Words = dict[str, bytes]


def number_of(day: date, bulletin: int) -> int:
    return day.toordinal() * BULLETINS + bulletin


@lru_cache(maxsize=4096)
def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def read_varint(raw: bytes, at: int) -> tuple[int, int]:
    """(the number, where the next thing begins)."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def words_of(number: int, rows: Iterable[Row], texts: Iterable[str]) -> Words:
    """`rows`: the items at home in an edition; `texts`: their bodies. Word → its block; facets are words too."""
    found: Words = {}
    for slot, (row, text) in enumerate(zip(rows, texts, strict=True)):
        head = varint(slot)
        told = _of_item((row.title, f"{row.description} {row.school} {row.label}", text))
        for word, said in chain(told.items(), ((facet, b"\x00\x00") for facet in facets(row))):
            found[word] = found.get(word, b"") + head + said
    start = varint(number)
    return {word: b"".join((start, varint(len(block)), block)) for word, block in found.items()}


def facets(row: Row) -> Iterator[str]:
    yield f"{FACET}k:{row.kind}"
    yield f"{FACET}s:{row.section}"
    yield from (f"{FACET}a:{tag}" for tag in row.audience)


def _of_item(fields: Iterable[str]) -> Words:
    """Fields stand so far apart that no phrase crosses them."""
    words: list[str] = []
    ends = [0]
    for text in fields:
        words += (*stems(text), *APART)
        ends.append(len(words))
    norm = K1 * (1 - B + B * _about(len(words) - words.count("")) / USUAL)
    size = 1 << len(words).bit_length()
    once = [*chain(*(_once(w, norm, size)[a:b] for w, (a, b) in zip(WEIGHTS, pairwise(ends), strict=True)))]
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        if word in places:
            places[word].append(place)
        elif word:
            places[word] = [place]
    return {w: once[p[0]] if len(p) == 1 else _often(norm, ends, p) for w, p in places.items()}


@lru_cache(maxsize=64)
def _once(weight: float, norm: float, size: int) -> tuple[bytes, ...]:
    """What is told of a word that stands once in an item, by its place: as most do."""
    said = _impact(weight, norm) + ONE
    return tuple(said + varint(place) for place in range(size))


def _often(norm: float, ends: list[int], places: list[int]) -> bytes:
    weight = sum(WEIGHTS[bisect(ends, place) - 1] for place in places)
    return _impact(weight, norm) + _places(places[:MOST_PLACES])


@lru_cache(maxsize=1024)
def _impact(weight: float, norm: float) -> bytes:
    return bytes([max(1, round(weight * (K1 + 1) / (weight + norm) * SCALE))])


def _about(length: int) -> float:
    """Roughly: a word more or less is no reason to tell the weight of every other word anew."""
    return float(1.25 ** round(log(max(length, 1), 1.25)))


def _places(found: list[int]) -> bytes:
    """How many, then the first, then each one's distance from the one before."""
    steps = [found[0], *map(sub, found[1:], found)]
    if max(steps) < 128:
        return bytes([len(found), *steps])
    return bytes([len(found)]) + b"".join(map(varint, steps))


# --- postings --------------------------------------------------------------------------------------------------------


def blocks(raw: bytes) -> Iterator[tuple[int, int, int, int]]:
    """(edition, where its block begins, where its items begin, where it ends)."""
    at = 0
    while at < len(raw):
        start = at
        number, at = read_varint(raw, at)
        length, at = read_varint(raw, at)
        yield number, start, at, at + length
        at += length


def with_block(raw: bytes, number: int, block: bytes) -> bytes:
    """The postings with an edition's block put in, in its place, or taken out when it is empty."""
    at, end = 0, len(raw)
    while at < end:
        start, one, shift = at, 0, 0
        while (byte := raw[at]) > 127:
            one |= (byte & 127) << shift
            shift += 7
            at += 1
        one |= byte << shift
        at += 1
        length, at = (raw[at], at + 1) if raw[at] < 128 else read_varint(raw, at)
        at += length
        if one >= number:
            return raw[:start] + block + raw[at if one == number else start :]
    return raw + block


def items(raw: bytes) -> Iterator[tuple[tuple[int, int], int, list[int]]]:
    """((edition, item's slot), impact, places)."""
    for number, _, at, end in blocks(raw):
        while at < end:
            slot, at = read_varint(raw, at)
            impact, count = raw[at], raw[at + 1]
            at += 2
            places, place = [], 0
            for _ in range(count):
                step, at = read_varint(raw, at)
                place += step
                places.append(place)
            yield (number, slot), impact, places


def changed(old: Words, new: Words) -> Words:
    """The blocks of an edition that are others now; empty: it has the word no more."""
    found = {word: block for word, block in new.items() if old.get(word) != block}
    return found | dict.fromkeys(old.keys() - new.keys(), b"")


def joined(parts: Iterable[tuple[object, Mapping[str, bytes]]]) -> Words:
    """Many editions' words at once: (edition, its words), the oldest first."""
    found: dict[str, list[bytes]] = {}
    for _, words in parts:
        for word, block in words.items():
            known = found.get(word)
            if known is None:
                found[word] = [block]
            else:
                known.append(block)
    return {word: b"".join(told) for word, told in found.items()}
