"""Known items to be found again, and SQLite's own search to be measured against."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from bench._years import days as weeks
from bench._years import pieces, write_years
from builder.archive.search.query import Asked, search
from builder.archive.search.words import STOP, plain_words

Text = tuple[str, str, str]
"""Title, summary, body."""


def corpus(editions: int) -> dict[str, Text]:
    """Path → the item's words."""
    return {f"items/{p.slug}/": (p.title, p.summary, p.body) for day in weeks(editions) for p in pieces(day)}


def questions(items: Mapping[str, Text], count: int, seed: int = 1) -> list[tuple[str, str]]:
    """(what somebody remembers of an item, its path): two words of its title and one or two of its text."""
    chance = random.Random(seed)
    found = []
    for path in chance.sample(sorted(items), count):
        title, _, body = items[path]
        inside = [w for w in plain_words(title) if w not in STOP and len(w) > 3]
        text = [w for w in plain_words(body) if w not in STOP and len(w) > 4]
        words = chance.sample(inside, min(2, len(inside))) + chance.sample(text, chance.choice((0, 1, 2)))
        chance.shuffle(words)
        found.append((" ".join(words), path))
    return found


def recall(ask: Callable[[str], Iterable[str]], asked: Iterable[tuple[str, str]], most: int = 5) -> float:
    told = [path in list(ask(question))[:most] for question, path in asked]
    return sum(told) / len(told)


def ours(site: Path) -> Callable[[str], list[str]]:
    kept: dict[str, bytes] = {}

    def read(path: str) -> bytes:
        if path not in kept:
            kept[path] = (site / path).read_bytes()
        return kept[path]

    return lambda question: [told[0] for told in search(read, Asked(question + " "), most=10).results]


def fts5(items: Mapping[str, Text]) -> Callable[[str], list[str]]:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE found USING fts5(path UNINDEXED, title, summary, body, tokenize='porter unicode61')"
    )
    database.executemany("INSERT INTO found VALUES (?, ?, ?, ?)", ((path, *text) for path, text in items.items()))

    def ask(question: str) -> list[str]:
        words = " ".join(f'"{word}"' for word in plain_words(question) if word not in STOP)
        rank = "SELECT path FROM found WHERE found MATCH ? ORDER BY bm25(found, 0, 5.0, 2.0, 1.0) LIMIT 10"
        return [path for (path,) in database.execute(rank, (words,))]

    return ask


__all__ = ["corpus", "fts5", "ours", "questions", "recall", "write_years"]
