"""Text → the words that are looked for. templates/web/search.js does the same; tests/golden/search.json holds them together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import combining, normalize

_WORD = re.compile(r"[^\W_]+")
_STEPS = tuple(
    (re.compile(pattern), kept)
    for pattern, kept in (
        (r"^(.{2,})ies$", r"\1y"),
        (r"^(.{2,}[^sui])s$", r"\1"),
        (r"^(?=.*[aeiouy].*(?:ing|ed)$)(.{3,})(?:ing|ed)$", r"\1"),
        (r"([bdfgmnprt])\1$", r"\1"),
        (r"^(.{4,})(?:ation|ment|ly)$", r"\1"),
        (r"^(.{3,})e$", r"\1"),
    )
)
STOP = frozenset("a about all also an and any are as at be been by can do for from has have if in is it its more no not of on or our so than that the their there they this to was we were what when which who will with you your".split())  # fmt: skip
LONGEST = 40  # letters; what is longer is an address or a slip


def plain_words(text: str) -> list[str]:
    """The words as they are written, without case, accents and apostrophes: `Children’s` → `childrens`."""
    if not text.isascii():
        text = "".join(c for c in normalize("NFKD", text) if not combining(c)).replace("’", "")
    return [word[:LONGEST] for word in _WORD.findall(text.lower().replace("'", ""))]


def stem(word: str) -> str:
    """`funding`, `funded` and `funds` are looked for as `fund`. What holds a figure stays."""
    known = _STEMS.get(word)
    if known is None:
        known = _STEMS[word] = _stem(word)
    return known


_STEMS: dict[str, str] = {}


def _stem(word: str) -> str:
    if len(word) > 3 and not any(c.isdigit() for c in word):
        for pattern, kept in _STEPS:
            word = pattern.sub(kept, word)
    return word


def placed(fields: Iterable[str], gap: int = 8) -> Iterator[tuple[int, int, str]]:
    """(which field, place, stem) of every word that is no stop word. Fields stand so far apart that no phrase crosses them."""
    place = 0
    for number, text in enumerate(fields):
        for word in plain_words(text):
            if word not in STOP:
                yield number, place, stem(word)
            place += 1
        place += gap
