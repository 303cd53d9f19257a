"""The simple paragraphs that a text begins and ends with: they need no Markdown, and most texts are little else.

Simple is a paragraph whose marks, if it has any, can mean one thing only: **stars**, a link to https, a mail address.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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
_WRITTEN = r'<a href="mailto:\g<0>">\g<0></a>'


def apart(source: str) -> tuple[list[str], str, list[str]]:
    """(the paragraphs before what needs Markdown, as HTML; that; the paragraphs after it)."""
    blocks = source.split("\n\n")
    before = _simple(blocks)
    after = _simple(blocks[len(before) :][::-1])
    rest = blocks[len(before) : len(blocks) - len(after)]
    if before and rest:
        rest = ["", *rest]  # what stands at the very beginning of a text is read otherwise
    return before, "\n\n".join(rest), after[::-1]


def _simple(blocks: list[str]) -> list[str]:
    found = []
    for block in blocks:
        made = _made(block)
        if not made:
            break
        found.append(made)
    return found


def _made(block: str) -> str:
    """Empty when it is not simple."""
    if " \n" in block or block[-1:].isspace():
        return ""
    shown = block.replace(">", "&gt;")
    if _PLAIN.fullmatch(block):
        return f"<p>{shown}</p>"
    if not _PLAIN.fullmatch(_replaced(block, "x", "x")):
        return ""
    return f"<p>{_replaced(shown, _shown, _WRITTEN)}</p>"


def _replaced(text: str, marked: str | Callable[[re.Match[str]], str], mail: str) -> str:
    text = _MARKED.sub(marked, text)
    return _MAIL.sub(mail, text) if "@" in text else text


def _shown(match: re.Match[str]) -> str:
    if not match["loud"]:
        return f'<a href="{match["to"]}">{match["words"]}</a>'
    tag = "strong" if match["two"] else "em"
    return f"<{tag}>{match['loud']}</{tag}>"
