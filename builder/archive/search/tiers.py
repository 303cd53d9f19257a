"""The index as files, in two tiers: the newest year changes every week, the years before hardly ever.

A tier's words stand in order, in buckets of about as many bytes as a browser fetches at once. Where a bucket ends depends
on the words beside its border only, so that an edit changes the buckets of its own words and no others.
"""

from __future__ import annotations

import gzip
import json
import marshal
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

from builder.archive.search.index import Words, joined, with_block

BUCKET = {"old": 12_000, "new": 28_000}  # bytes before compression; of what changes every week, fewer and larger files
BIG = 8_000  # a word with more than that has a bucket of its own
FOLDER = "search"


@dataclass
class Tier:
    """`held`: which editions are in it, and a hash of each one's words."""

    name: str
    held: dict[int, bytes] = field(default_factory=dict)
    items: dict[int, int] = field(default_factory=dict)
    """How many items each edition has."""
    words: Words = field(default_factory=dict)
    changed: set[str] | None = None
    """The words that are not as they were; None: none is known to be."""
    every: int = 0
    """How many words made a bucket, when it was last cut into buckets."""

    @property
    def count(self) -> int:
        return sum(self.items.values())


def load(file: Path, name: str) -> Tier:
    with suppress(OSError, ValueError, EOFError, TypeError):
        held, items, words, every = marshal.loads(file.read_bytes())
        return Tier(name, held, items, words, set(), every)
    return Tier(name)


def save(tier: Tier, file: Path) -> None:
    partial = file.with_suffix(".partial")
    partial.write_bytes(marshal.dumps((tier.held, tier.items, tier.words, tier.every)))
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
    stale = [n for n, (told, _) in wanted.items() if tier.held.get(n) != told]
    gone = [n for n in tier.held if n not in wanted]
    if tier.changed is None or len(stale) + len(gone) > max(8, len(tier.held) // 3):
        tier.words, tier.changed = joined((n, now(n)) for n in sorted(wanted)), None
    else:
        for number in (*stale, *gone):
            _replace(
                tier, number, before(number) if number in tier.held else {}, now(number) if number in wanted else {}
            )
    tier.held = {number: told for number, (told, _) in wanted.items()}
    tier.items = {number: count for number, (_, count) in wanted.items()}


def _replace(tier: Tier, number: int, old: Words, new: Words) -> None:
    assert tier.changed is not None
    for word in old.keys() | new.keys():
        if old.get(word) == new.get(word):
            continue
        told = with_block(tier.words.get(word, b""), number, new.get(word, b""))
        if told:
            tier.words[word] = told
        else:
            del tier.words[word]
        tier.changed.add(word)


# --- buckets ---------------------------------------------------------------------------------------------------------


def buckets(tier: Tier) -> Iterator[tuple[list[str], bool]]:
    """The tier's words in order, a list a bucket, and whether the bucket may have changed."""
    ordered, every = sorted(tier.words), _every(tier)
    known = tier.changed is not None and every == tier.every
    touched = _touched(tier.changed or set(), ordered) if known else set()
    tier.every = every
    for words in _cut(tier, ordered, every):
        yield words, not known or not touched.isdisjoint(words)


def _touched(changed: set[str], ordered: list[str]) -> set[str]:
    """A word that comes, goes or grows may move the border behind the word before it."""
    before = (bisect_left(ordered, word) - 1 for word in changed)
    return changed | {ordered[at] for at in before if at >= 0}


def _cut(tier: Tier, ordered: list[str], every: int) -> Iterator[list[str]]:
    found: list[str] = []
    after_big = False
    for word in ordered:
        big = len(tier.words[word]) > BIG
        if found and (big or after_big or crc32(word.encode()) % every == 0):
            yield found
            found = []
        found.append(word)
        after_big = big
    if found:
        yield found


def _every(tier: Tier) -> int:
    """How many words make a bucket, as a power of two: it changes only when the tier doubles or halves."""
    size = sum(map(len, tier.words.values())) + 8 * len(tier.words)
    wanted = max(1, len(tier.words) * BUCKET[tier.name] // max(size, 1))
    return int(1 << max(4, wanted.bit_length() - 1))


def bucket_path(tier: str, first: str) -> str:
    return f"{FOLDER}/{tier}/{blake2b(first.encode(), digest_size=5).hexdigest()}.bin"


def name_of(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def bucket_bytes(tier: Tier, words: list[str]) -> bytes:
    """Its words and their lengths in JSON, then the postings."""
    told = [tier.words[word] for word in words]
    head = json.dumps({"w": words, "l": [len(one) for one in told]}, ensure_ascii=False, separators=(",", ":")).encode()
    return packed(len(head).to_bytes(4, "big") + head + b"".join(told))


def packed(raw: bytes) -> bytes:
    """The same bytes for the same content, whenever it is made."""
    return gzip.compress(raw, 6, mtime=0)
