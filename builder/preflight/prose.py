"""Markdown → running words at the same offsets, so that a proof-reader's find has its line."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

# Every repetition here has a limit, or begins where the one before ended: a 200 kB file without spaces takes no time.
URL = r"(?:https?://|(?<![\w.])www\.)[^\s<>]{1,2000}"
MAIL = r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_CODE = r"`{1,3}[^`]{1,500}`{1,3}"
_IMAGE = r"!\[[^\[\]]{0,300}\]\([^()\n]{0,500}\)"
_TARGET = r"\]\([^()\n]{0,2000}(?:\([^()\n]{0,200}\)[^()\n]{0,200}){0,3}\)|\]\[[^\[\]\n]{0,100}\]"
_DEFINITION = r"^ {0,3}\[[^\[\]\n]{1,100}\]:.*$"
_TAG = r"<[!/A-Za-z][^<>]{0,500}>"
_NOT_WORDS = re.compile("|".join((_CODE, _IMAGE, _DEFINITION, _TARGET, _TAG, URL, MAIL)), re.MULTILINE)
_MARKS = str.maketrans(dict.fromkeys(r"*_#>|~\[]", " "))
_QUOTED_LINES = re.compile(r"^[ ]{0,3}>.*(?:\n(?!\s*$).*)*", re.MULTILINE)
# An opening mark to its closing one; a speech of several paragraphs opens each and closes only the last.
_SPEECH = re.compile(r'“[^”\n]*(?:\n(?!\s*\n)[^”\n]*)*”?|(?<!\w)"[^"\n]*(?:\n(?!\s*\n)[^"\n]*)*"?')
_LIST_MARK = re.compile(r"\s*(?:[-*+•·]|\d{1,3}[.)])\s+")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]{0,3}\s+(?=[\"'“‘(]?[A-Z0-9£])")
_SHORT_FOR = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Rev|St|No|Cllr|approx|e\.g|i\.e|etc|vs|[A-Z]))\.\s+$")


class Prose(Struct, frozen=True):
    """A text as written, and twice more at the same length with blanks for what is not running words.

    `words` lacks Markdown's marks, addresses, code and tags; `own` lacks quotations too, which nobody may correct.
    """

    file: str
    line: int
    text: str
    words: str
    own: str
    starts: tuple[int, ...]

    def line_at(self, offset: int) -> int:
        return self.line + bisect_right(self.starts, offset) - 1


@lru_cache(maxsize=512)
def read(file: str, line: int, text: str) -> Prose:
    """`line`: where the text begins in its file."""
    words = _NOT_WORDS.sub(_blank, text).translate(_MARKS)
    own = _SPEECH.sub(_blank, _without_quoted_lines(words, text))
    starts = (0, *(match.end() for match in re.finditer("\n", text)))
    return Prose(file, line, text, words, own, starts)


def _without_quoted_lines(words: str, text: str) -> str:
    """Their marks are gone from `words`, so they are looked for in the text as written."""
    pieces: list[str] = []
    end = 0
    for match in _QUOTED_LINES.finditer(text):
        pieces += words[end : match.start()], _blank(match)
        end = match.end()
    return "".join((*pieces, words[end:]))


def _blank(match: re.Match[str]) -> str:
    return "\n".join(" " * len(line) for line in match[0].split("\n"))


def paragraphs(prose: Prose) -> Iterator[tuple[int, str]]:
    """(offset, own words) of each paragraph and list entry; no headings and no tables."""
    held: list[str] = []
    start = 0
    for offset, written, own in _lines(prose):
        marked = _LIST_MARK.match(written)
        ends = not written.strip() or written.startswith("#") or "|" in written
        if held and (marked or ends):
            yield start, "\n".join(held)
            held = []
        if ends:
            continue
        start = start if held else offset
        held.append(" " * marked.end() + own[marked.end() :] if marked else own)
    if held:
        yield start, "\n".join(held)


def _lines(prose: Prose) -> Iterator[tuple[int, str, str]]:
    yield from zip(prose.starts, prose.text.split("\n"), prose.own.split("\n"), strict=True)


def sentences(prose: Prose) -> Iterator[tuple[int, str]]:
    """(offset, own words) of each sentence."""
    for start, paragraph in paragraphs(prose):
        begin = 0
        for match in _SENTENCE_END.finditer(paragraph):
            if _SHORT_FOR.search(paragraph[max(begin, match.end() - 12) : match.end()]):
                continue
            yield _trimmed(start + begin, paragraph[begin : match.end()])
            begin = match.end()
        yield _trimmed(start + begin, paragraph[begin:])


def _trimmed(offset: int, text: str) -> tuple[int, str]:
    return offset + len(text) - len(text.lstrip()), text.strip()


WORD = re.compile(r"[A-Za-z0-9À-ɏ][\w'’&-]*")
