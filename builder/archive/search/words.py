"""Text → the words that are looked for. templates/web/search.js does the same; tests/golden/search.json holds them together."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

_WORD = re.compile(r"[^\W_]+")
_STEPS = tuple(
    (last, re.compile(pattern), kept)
    for last, pattern, kept in (  # the last letter tells of most words that there is nothing to do
        ("s", r"^(.{2,})ies$", r"\1y"),
        ("s", r"^(.{2,}[^sui])s$", r"\1"),
        ("gd", r"^(?=.*[aeiouy].*(?:ing|ed)$)(.{3,})(?:ing|ed)$", r"\1"),
        ("bdfgmnprt", r"([bdfgmnprt])\1$", r"\1"),
        ("nty", r"^(.{4,})(?:ation|ment|ly)$", r"\1"),
        ("e", r"^(.{3,})e$", r"\1"),
    )
)
STOP = frozenset("a about all also an and any are as at be been by can do for from has have if in is it its more no not of on or our so than that the their there they this to was we were what when which who will with you your".split())  # fmt: skip
LONGEST = 40  # letters; what is longer is an address or a slip


class _Signs(dict[str, str]):
    """What each character that is not ASCII becomes: accents and the curly apostrophe go. Each is worked out once."""

    def __missing__(self, sign: str) -> str:
        self[sign] = "" if combining(sign) or sign == "’" else sign if _WORD.match(sign) else " "
        return self[sign]


class _Stems(dict[str, str]):
    """Each word is worked out once; a stop word is nothing."""

    def __missing__(self, word: str) -> str:
        short = word[:LONGEST]
        self[word] = "" if short in STOP else stem(short)
        return self[word]


_SIGNS, _STEMS = _Signs(), _Stems()
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_ASCII: dict[int, str | None] = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_ASCII[ord("'")] = None


def plain_words(text: str) -> list[str]:
    """The words as they are written, without case, accents and apostrophes: `Children’s` → `childrens`."""
    return [word[:LONGEST] for word in _words(text)]


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = _FOREIGN.sub(lambda sign: _SIGNS[sign[0]], normalize("NFKD", text))
    if text.isascii():
        return text.translate(_ASCII).split()
    return _WORD.findall(text.lower().replace("'", ""))


def stem(word: str) -> str:
    """`funding`, `funded` and `funds` are looked for as `fund`. What holds a figure stays."""
    if len(word) > 3 and (word.isalpha() or not any(c.isdigit() for c in word)):
        for last, pattern, kept in _STEPS:
            if word[-1] in last:
                word = pattern.sub(kept, word)
    return word


def stems(text: str) -> list[str]:
    """What each of its words is looked for as; a stop word keeps its place, with nothing in it."""
    return [*map(_STEMS.__getitem__, _words(text))]
