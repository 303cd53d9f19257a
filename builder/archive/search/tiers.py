"""The index as a few files of many small buckets, of which a browser fetches those that it needs.

Its tiers: the newest month, which changes every week; the rest of its half-year; the half before; the year before; and all
before. The oldest is cut into ranges of the alphabet, a file each, and takes the year before in one range after the other, as
its weeks go by: so no week changes more than a few files.
"""

from __future__ import annotations

import gzip
import json
import marshal
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct, field

from builder.archive.search.index import Words, with_block

LEAST, MOST = 2_000, 4_000  # bytes of a bucket before compression; a word with more has one of its own
TURN = 4  # from the least on, one word in so many begins another bucket: its letters tell, so borders stay
ENTRY = 8  # bytes that a word takes beside its postings
FOLDER = "search"
PLAIN = 2  # this format of marshal gives the same bytes for equal values
RANGES = ("", *"160 act ari bec but cha coe con css deg dis elp exh fip fun gre her inc kam led lim lou mea mod nam noc off oth pat pin pri que ren rir sav sen sin spe sub tel tic tos und usu vic web wis".split())  # fmt: skip
"""Where each range of the oldest tier begins. In a council's English, each has about as much as the others."""


class Bucket(NamedTuple):
    """`first`: its first word. `packed`: as it is published."""

    first: str
    many: int
    packed: bytes


class Pack(Struct):
    """One file: words in order, in buckets."""

    words: Words = field(default_factory=dict)
    buckets: list[Bucket] = field(default_factory=list)

    @property
    def content(self) -> bytes:
        return b"".join(bucket.packed for bucket in self.buckets)


class Spread(Struct):
    """Words of which each range takes its own."""

    words: Words
    _order: list[str] = field(default_factory=list)

    def within(self, begin: str, end: str) -> Words:
        """`end`: where the next range begins; empty: none does."""
        if not begin and not end:
            return self.words
        order = self._order = self._order or sorted(self.words)
        to = bisect_left(order, end) if end else len(order)
        return {word: self.words[word] for word in order[bisect_left(order, begin) : to]}


def load(file: Path) -> Pack | None:
    with suppress(OSError, ValueError, EOFError, TypeError):
        words, buckets = marshal.loads(file.read_bytes())
        return Pack(words, [Bucket(*bucket) for bucket in buckets])
    return None


def save(pack: Pack, file: Path) -> None:
    partial = file.with_suffix(".partial")
    partial.write_bytes(marshal.dumps((pack.words, [tuple(bucket) for bucket in pack.buckets]), PLAIN))
    partial.replace(file)


def made(words: Words) -> Pack:
    pack = Pack(words)
    pack.buckets = [*_cut(pack, ())]
    return pack


def update(pack: Pack, changes: Iterable[tuple[int, Words]], newer: Words) -> None:
    """`changes`: an edition, and its blocks that are other ones; an empty one goes. `newer`: of editions after all others."""
    touched: set[str] = set()
    words = pack.words
    for number, blocks in changes:
        touched |= blocks.keys()
        for word, block in blocks.items():
            told = with_block(words.get(word, b""), number, block)
            if told:
                words[word] = told
            else:
                words.pop(word, None)
    for word, block in newer.items():
        words[word] = words.get(word, b"") + block
    touched |= newer.keys()
    pack.buckets = [*_cut(pack, sorted(touched))]


def _cut(pack: Pack, touched: Iterable[str]) -> Iterator[Bucket]:
    """Buckets in which no word has changed are not made again."""
    calm = dict(_calm(pack.buckets, [*touched]))
    pack.words = {word: pack.words[word] for word in sorted(pack.words)}
    for words in _runs(pack.words):
        first, many = words[0], len(words)
        yield Bucket(first, many, calm.get((first, many)) or packed(_bucket(pack.words, words)))


def _calm(buckets: list[Bucket], touched: list[str]) -> Iterator[tuple[tuple[str, int], bytes]]:
    for place, bucket in enumerate(buckets):
        at = bisect_left(touched, bucket.first)
        if at == len(touched) or (place + 1 < len(buckets) and touched[at] >= buckets[place + 1].first):
            yield bucket[:2], bucket.packed


def _runs(words: Words) -> Iterator[list[str]]:
    """`words`: in order."""
    found: list[str] = []
    size = 0
    for word, told in words.items():
        more = len(told) + ENTRY
        if found and (size + more > MOST or (size > LEAST and crc32(word.encode()) % TURN == 0)):
            yield found
            found, size = [], 0
        found.append(word)
        size += more
    if found:
        yield found


def _bucket(words: Words, run: list[str]) -> bytes:
    """Its words and their lengths in JSON, then the postings."""
    told = [words[word] for word in run]
    head = json.dumps({"w": run, "l": [*map(len, told)]}, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((len(head).to_bytes(4, "big"), head, *told))


def pack_path(stem: str) -> str:
    return f"{FOLDER}/{stem}.bin"


def stem_of(content: bytes) -> str:
    """Named after what is in it: who has an older list of the files never takes bytes of one for those of another."""
    return blake2b(content, digest_size=6).hexdigest()


def page_path(number: int) -> str:
    """What the results of an edition's items show."""
    return f"{FOLDER}/items/{number}.bin"


def packed(raw: bytes) -> bytes:
    """The same bytes for the same content, whenever it is made."""
    return gzip.compress(raw, 4, mtime=0)


Parts = tuple[tuple[str, int], ...]
"""The first word of each bucket of a file, and how many bytes it has."""


def parts_of(pack: Pack) -> Parts:
    return tuple((bucket.first, len(bucket.packed)) for bucket in pack.buckets)


def opened(tier: Mapping[str, object]) -> dict[str, tuple[str, int, int]]:
    """Of a tier as the list tells it: the first word of each bucket → (its file, where it begins there, where it ends)."""
    found: dict[str, tuple[str, int, int]] = {}
    parts = zip(tier["b"], tier["l"], strict=True)  # type: ignore[call-overload]
    for stem, start, many in tier["f"]:  # type: ignore[attr-defined]
        at = start
        for _ in range(many):
            first, length = next(parts)
            found[first] = pack_path(stem), at, at + length
            at += length
    return found
