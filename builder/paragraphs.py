"""The simple paragraphs, lists and quotations that a text begins and ends with: they need no Markdown, and most texts are little else.

Simple is one whose marks, if it has any, can mean one thing only: **stars**, a link to https, a mail address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile

_LETTER = r"(?:[^\W\d_]|[“‘(£])"  # what a line begins with that begins nothing but a paragraph
_CALM = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\\`*_\[\]<&@|/]"  # no mark begins with any of them
_PLAIN = re.compile(rf"(?!Table:){_LETTER}{_CALM}*(?:\n{_LETTER}{_CALM}*)*")
_WORDS = rf"[^\W_](?:{_CALM}*[^\W_])?"
# The look behind comes second, so that the mark itself is what is searched for.
_MARKED = re.compile(
    rf"\*(?<![^ (]\*)(?P<two>\*?)(?P<loud>{_WORDS})\*(?P=two)(?=[ .,;:!?)]|$)"
    rf"|\[(?<![!\]]\[)(?P<words>{_WORDS})\]\((?P<to>https://[a-zA-Z0-9./-]+)\)"
)
_MAIL = re.compile(r"(?<![\w.+-])[a-zA-Z0-9.-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?![\w-]|\.[\w-])")
_ALONE = re.compile(rf"(?:{_LETTER}|#).*(?:\n{_LETTER}.*)*")  # beside it a list or a quotation ends
_AROUND = {
    "- ": ("<ul>\n<li>", "</li>\n<li>", "</li>\n</ul>"),
    "> ": ("<blockquote>\n<p>", "\n", "</p>\n</blockquote>"),
}
_WRITTEN = r'<a href="mailto:\g<0>">\g<0></a>'


def apart(source: str) -> tuple[list[str], str, list[str]]:
    """(what comes before what needs Markdown, as HTML; that; what comes after it)."""
    blocks = source.split("\n\n")
    before = [*takewhile(bool, (_made(blocks, n) for n in range(len(blocks))))]
    after = [*takewhile(bool, (_made(blocks, n) for n in range(len(blocks) - 1, len(before) - 1, -1)))]
    rest = blocks[len(before) : len(blocks) - len(after)]
    if before and rest:
        rest = ["", *rest]  # what stands at the very beginning of a text is read otherwise
    return before, "\n\n".join(rest), after[::-1]


def _made(blocks: list[str], n: int) -> str:
    """Empty when it is not simple."""
    block = blocks[n]
    mark = block[:2]
    if mark not in _AROUND:
        words = _words_of(block)
        return words and f"<p>{words}</p>"
    beside = (*blocks[max(n - 1, 0) : n], *blocks[n + 1 : n + 2])
    if block.count("\n") != block.count(f"\n{mark}") or not all(map(_ALONE.fullmatch, beside)):
        return ""
    first, between, last = _AROUND[mark]
    words = _words_of(block[2:].replace(f"\n{mark}", "\n"))
    return words and first + words.replace("\n", between) + last


def _words_of(text: str) -> str:
    """Lines of words, whose marks are in them."""
    if " \n" in text or text[-1:].isspace():
        return ""
    shown = text.replace(">", "&gt;")
    if _PLAIN.fullmatch(text):
        return shown
    return _replaced(shown, _shown, _WRITTEN) if _PLAIN.fullmatch(_replaced(text, "x", "x")) else ""


def _replaced(text: str, marked: str | Callable[[re.Match[str]], str], mail: str) -> str:
    text = _MARKED.sub(marked, text)
    return _MAIL.sub(mail, text) if "@" in text else text


def _shown(match: re.Match[str]) -> str:
    if not match["loud"]:
        return f'<a href="{match["to"]}">{match["words"]}</a>'
    tag = "strong" if match["two"] else "em"
    return f"<{tag}>{match['loud']}</{tag}>"
