"""Words from strangers → one plain line that can be a header's value, and text that Markdown shows as it was written."""

from __future__ import annotations

import re
from html import unescape

# Seen by nobody, yet they change how text reads or end a line early: controls, bidi overrides and isolates, zero-width
# characters, BOMs, soft hyphens, tags and lone surrogates. Python-Markdown's own markers, STX and ETX, are among them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_TAG_LIKE = re.compile(r"<[A-Za-z/!?]")
_ENTITY_LIKE = re.compile(r"&(?=#?\w+;)")
_MARKS = re.compile(r"([\\`*_\[\]])")
_LINE_START = re.compile(r"(?:[-+#>~=:]|\d+(?=[.)]))")
_SENTENCE = re.compile(r".*?[.!?…]['\"”’)]*(?=\s+[^a-z\s]|$)")
_CUT_OFF = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…|\.\.\.)\s*$")
TITLE, NAME, SUMMARY, IDENTITY = 150, 100, 160, 500  # characters; builder's own checks advise 60 for a title
MARKUP = 100_000  # characters of HTML looked at; the longest story seen is 15,000, and nh3 is slow on deep nesting


def seen(text: str) -> str:
    """Without the characters that nobody sees."""
    return _UNSEEN.sub("", text)


def line(text: str, most: int) -> str:
    """One line, whatever the text's own line ends are (CR, LF, VT, FF, NEL, LS, PS): no second header can begin in it."""
    return cut(" ".join(seen(text).split()), most)


def cut(text: str, most: int) -> str:
    """At most so many characters, ending after a whole word."""
    if len(text) <= most:
        return text
    whole, _, _ = text[:most].rpartition(" ")
    return (whole or text[: most - 1]).rstrip(" ,;:–-") + "…"


def words(html: str, most: int) -> str:
    """The words of HTML or of plain text on one line. Feeds escape their titles once, twice or not at all."""
    text = html[:MARKUP]
    for _ in range(2):
        text = unescape(_without_tags(text))
    return line(text, most)


def _without_tags(text: str) -> str:
    if not _TAG_LIKE.search(text):
        return text
    import nh3

    spaced = re.sub(r"(?=<(?:br|p|div|li|td|h\d)\b)", " ", text, flags=re.IGNORECASE)
    return nh3.clean(spaced, tags=set(), clean_content_tags=set(HIDDEN))


# What a page shows to nobody, or is no part of the story once its pictures are left out.
HIDDEN = frozenset(
    "script style noscript template iframe object svg math textarea select button title figcaption".split()
)


def first_sentence(text: str, most: int) -> str:
    """The first sentence of plain words; cut at a word when it is too long. "[…]" at the end of an excerpt goes."""
    text = " ".join(text.split())
    whole = _CUT_OFF.sub("", text)
    found = _SENTENCE.match(whole)
    if found and len(found[0]) <= most:
        return found[0]
    return cut(whole, most) if len(whole) > most or whole == text else cut(f"{whole}…", most)


def literal(text: str) -> str:
    """Markdown that shows exactly this text: no mark in it works, and no HTML or entity is read out of it."""
    text = _ENTITY_LIKE.sub("&amp;", text)
    return _MARKS.sub(r"\\\1", text).replace("<", "&lt;")


def literal_start(markdown: str) -> str:
    """A block that begins like a list, a heading, a quotation or a line begins with a backslash instead."""
    found = _LINE_START.match(markdown)
    if not found:
        return markdown
    if found[0].isdigit():
        return f"{found[0]}\\{markdown[found.end() :]}"
    return f"\\{markdown}" if markdown[0] in "-+#>" else f"&#{ord(markdown[0])};{markdown[1:]}"
