"""The index as files, in three tiers: the newest month changes every week, its year every month, all before hardly ever.

A tier's words stand in order, in buckets of about as many bytes as a browser fetches at once. Where a bucket ends depends
on the words beside its border only, so that an edit changes the buckets of its own words and no others.
"""

from __future__ import annotations

import gzip
import json
import marshal
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from msgspec import Struct, field

from builder.archive.search.index import Words, joined, with_block

BUCKET = {"old": 12_000, "year": 24_000, "month": 24_000}  # bytes before compression; of what changes, fewer and larger
BIG = 8_000  # a word with more than that has a bucket of its own
ENTRY = 8  # bytes that a word takes beside its postings
FOLDER = "search"
STARTS = (2_166_136_261, 84_696_351)
PLAIN = 2  # this format of marshal gives the same bytes for equal values

Change = tuple[int, Words, Words]
"""An edition, the words that it had, and those that it has."""


class Tier(Struct):
    """`held`: which editions are in it, and a hash of each one's words."""

    name: str
    held: dict[int, bytes] = field(default_factory=dict)
    items: dict[int, int] = field(default_factory=dict)
    """How many items each edition has."""
    buckets: dict[str, bytes] = field(default_factory=dict)
    """First word → the words and their postings, as they are kept; in order."""
    size: int = 0
    """Bytes of all words."""
    many: int = 0
    every: int = 0
    """How many words made a bucket, when it was last cut into buckets."""
    fresh: set[str] | None = None
    """The first words of the buckets that are not as they were; None: none is known to be."""

    @property
    def count(self) -> int:
        return sum(self.items.values())


def load(file: Path, name: str, of: bytes) -> Tier:
    """An empty one when it is not that of the build `of`: one that was killed may have left another."""
    with suppress(OSError, ValueError, EOFError, TypeError):
        build, *kept = marshal.loads(file.read_bytes())
        if build == of:
            tier = Tier(name, *kept)
            tier.fresh = set()
            return tier
    return Tier(name)


def save(tier: Tier, file: Path, of: bytes) -> None:
    partial = file.with_suffix(".partial")
    kept = of, tier.held, tier.items, tier.buckets, tier.size, tier.many, tier.every
    partial.write_bytes(marshal.dumps(kept, PLAIN))
    partial.replace(file)


def update(
    tier: Tier,
    wanted: Mapping[int, tuple[bytes, int]],
    now: Callable[[int], Words],
    before: Callable[[int], Words],
) -> None:
    """Brings a tier up to date. `wanted`: edition → (hash of its words, items). `now`, `before`: an edition's words.

    Raises KeyError and OSError when what it held before cannot be told: then it is to be made anew.
    """
    changing = [n for n, (told, _) in wanted.items() if tier.held.get(n) != told]
    changing += [n for n in tier.held if n not in wanted]
    if tier.fresh is None or len(changing) > max(8, len(tier.held) // 3):
        fill(tier, joined((n, now(n)) for n in sorted(wanted)))
    else:
        _change(tier, [(n, before(n) if n in tier.held else {}, now(n) if n in wanted else {}) for n in changing])
    tier.held = {number: told for number, (told, _) in wanted.items()}
    tier.items = {number: count for number, (_, count) in wanted.items()}


# --- buckets ---------------------------------------------------------------------------------------------------------


def fill(tier: Tier, words: Words) -> None:
    """With other words than it had."""
    tier.size, tier.many, tier.fresh = sum(map(len, words.values())) + ENTRY * len(words), len(words), None
    tier.every = _every(tier)
    tier.buckets = _packed(_cut(words, tier.every))


def _change(tier: Tier, changes: Iterable[Change]) -> None:
    """Only the buckets of the words that come, go or change are opened, and those beside them, whose borders may move."""
    firsts = [*tier.buckets]
    opened: dict[int, Words] = {}
    for number, old, new in changes:
        for word in old.keys() | new.keys():
            if old.get(word) != new.get(word):
                place = max(0, bisect_right(firsts, word) - 1)
                if place not in opened:
                    opened[place] = _open(tier, firsts, place)
                _replace(tier, opened[place], word, number, new.get(word, b""))
    if _every(tier) != tier.every:
        every = (opened[n] if n in opened else _open(tier, firsts, n) for n in range(len(firsts) or 1))
        fill(tier, {word: told for words in every for word, told in words.items()})
        return
    _cut_again(tier, firsts, opened)


def _open(tier: Tier, firsts: list[str], place: int) -> Words:
    found: Words = marshal.loads(tier.buckets[firsts[place]]) if firsts else {}
    return found


def _replace(tier: Tier, words: Words, word: str, number: int, block: bytes) -> None:
    known = words.pop(word, None)
    told = with_block(known or b"", number, block)
    if told:
        words[word] = told
    tier.size += len(told) - len(known or b"") + ENTRY * (bool(told) - (known is not None))
    tier.many += bool(told) - (known is not None)


def _cut_again(tier: Tier, firsts: list[str], opened: Mapping[int, Words]) -> None:
    if not opened or tier.fresh is None:
        return
    buckets: dict[str, bytes] = {}
    near = {place + step for place in opened for step in (-1, 0, 1)}
    words: Words = {}
    for place, first in enumerate(firsts or [""]):
        if place in near:
            words |= opened[place] if place in opened else _open(tier, firsts, place)
        if place + 1 not in near or place + 1 >= len(firsts):
            buckets |= _packed(_cut(words, tier.every))
            words = {}
        if place not in near:
            buckets[first] = tier.buckets[first]
    tier.fresh |= {first for first, raw in buckets.items() if tier.buckets.get(first) != raw}
    tier.buckets = buckets


def _packed(cut: Iterable[Words]) -> dict[str, bytes]:
    return {next(iter(words)): marshal.dumps(words, PLAIN) for words in cut}


def _cut(words: Words, every: int) -> Iterator[Words]:
    """In order, a dictionary a bucket."""
    found: Words = {}
    after_big = False
    for word in sorted(words):
        big = len(words[word]) > BIG
        if found and (big or after_big or crc32(word.encode()) % every == 0):
            yield found
            found = {}
        found[word] = words[word]
        after_big = big
    if found:
        yield found


def _every(tier: Tier) -> int:
    """How many words make a bucket, as a power of two: it changes only when the tier doubles or halves."""
    wanted = max(1, tier.many * BUCKET[tier.name] // max(tier.size, 1))
    return int(1 << max(4, wanted.bit_length() - 1))


def bucket_path(tier: str, first: str) -> str:
    """Named after its first word by what the script can work out too (FNV-1a, from two starts), so no index tells it."""
    name = "".join(f"{_mixed(start, first.encode()):08x}" for start in STARTS)
    return f"{FOLDER}/{tier}/{name}.bin"


def _mixed(start: int, raw: bytes) -> int:
    for byte in raw:
        start = (start ^ byte) * 16_777_619 & 0xFFFF_FFFF
    return start


def page_path(number: int) -> str:
    """What the results of an edition's items show."""
    return f"{FOLDER}/items/{number}.bin"


def bucket_bytes(kept: bytes) -> bytes:
    """Its words and their lengths in JSON, then the postings."""
    words: Words = marshal.loads(kept)
    head = json.dumps(
        {"w": [*words], "l": [len(told) for told in words.values()]}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    return packed(len(head).to_bytes(4, "big") + head + b"".join(words.values()))


def packed(raw: bytes) -> bytes:
    """The same bytes for the same content, whenever it is made."""
    return gzip.compress(raw, 6, mtime=0)
