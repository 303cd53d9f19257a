"""Items that readers have had before: in this edition or in the last four (Q8)."""

from __future__ import annotations

import operator
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from builder.model import Edition, Finding, Item
from builder.preflight.checks import Check
from builder.preflight.passages import Proof

DUPLICATE = Check("duplicate", "warn", "Q8", "Readers stop reading what they have read before.")
CHECKS = (DUPLICATE,)

EDITIONS = 4
RUN = 6  # words: runs this long are shared by chance only in set phrases
ALIKE = 0.7  # of an item's runs
ENOUGH_RUNS = 12


class Seen(Struct):
    """What was read so far, by title and by runs of words, so that 10,000 items take no time."""

    titles: dict[str, Item] = field(default_factory=dict)
    runs: dict[int, list[Item]] = field(default_factory=lambda: defaultdict(list))
    before: Seen | None = None
    """What others read before; it is not changed."""

    def titled(self, title: str) -> Item | None:
        earlier = self.before.titled(title) if self.before else None
        return earlier or self.titles.get(title)

    def holders(self, run: int) -> Sequence[Item]:
        own = self.runs.get(run, ())
        return [*self.before.holders(run), *own] if self.before else own

    def like(self, item: Item) -> Item | None:
        title = self.titled(_plain(item.title))
        if title and not _same(title, item):
            return title
        runs = _runs(item.body)
        shared = Counter(_Named(other) for run in runs for other in self.holders(run) if not _same(other, item))
        named, count = shared.most_common(1)[0] if shared else (None, 0)
        return named.item if named and len(runs) >= ENOUGH_RUNS and count >= ALIKE * len(runs) else None

    def add(self, item: Item) -> None:
        self.titles.setdefault(_plain(item.title), item)
        for run in _runs(item.body):
            if len(self.holders(run)) < EDITIONS:
                self.runs[run].append(item)


class _Named(Struct, frozen=True):
    item: Item

    def __hash__(self) -> int:
        return hash(self.item.key)


def check(proof: Proof) -> Iterator[Finding]:
    seen = Seen(before=_seen_in(proof.bulletin.id, _before(proof)))
    for item in proof.items:
        if item.kind == "excerpt":
            continue
        if other := seen.like(item):
            text = f'Readers have had this: {other.source.file} ("{other.title}"). Say what is new, or leave it out.'
            yield DUPLICATE.on(item.source, "title", text)
        seen.add(item)


_seen: dict[str, tuple[list[Edition], Seen]] = {}
"""Of each bulletin the last editions that were read: at the desk they are the same from key to key."""


def _seen_in(bulletin: str, editions: list[Edition]) -> Seen:
    known = _seen.get(bulletin)
    if known and len(known[0]) == len(editions) and all(map(operator.is_, known[0], editions)):
        return known[1]
    seen = Seen()
    for edition in editions:
        for item in edition.items:
            if not item.draft and item.kind != "excerpt":
                seen.add(item)
    _seen[bulletin] = editions, seen
    return seen


def _before(proof: Proof) -> list[Edition]:
    ours = (proof.bulletin.id, *proof.bulletin.succeeds)
    earlier = [e for e in proof.content.editions if e.bulletin in ours and e.day < proof.edition.day]
    return sorted(earlier, key=lambda e: e.day)[-EDITIONS:]


def _same(item: Item, other: Item) -> bool:
    """One item that stands in two editions was put there on purpose."""
    return item.key == other.key


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _runs(text: str) -> set[int]:
    words = re.findall(r"\w+", text.casefold())
    return {hash(tuple(words[n : n + RUN])) for n in range(len(words) - RUN + 1)}
