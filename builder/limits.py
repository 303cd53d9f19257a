"""How much Markdown one file may hold: Python-Markdown takes minutes over what no person writes, and recursion ends.

Its inline patterns look ahead to the end of their paragraph, so the work is (marks in a paragraph × its length).
Measured: a paragraph of 20,000 "[" takes half a minute by itself; the longest real item takes 3 ms, a
five-hundredth of the budget. The worst that was found under the limits, in hundreds of random ones, takes 0.8 s of processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

MAX_DEPTH = 8  # quotes and lists inside each other; more is a pasted mail thread
MAX_INDENT = 100  # columns; 4 a level
MAX_LINES = 5_000
MAX_LINES_TOGETHER = 1_000  # without an empty line between them
MAX_WORK = 15_000_000  # marks × characters, over all paragraphs: under a second
SHORT = 2_000  # characters; so few hold neither too many lines nor too much work
_INDENTED = re.compile(r"^[ >*+\d.-]{9}", re.MULTILINE)  # nothing is deeper than its line has such characters
_LEADING = re.compile(r"(?:[ \t>]|[-*+](?=[ \t])|\d{1,9}\.(?=[ \t]))*")
_DEPTH = re.compile(r"[>*+.-]")
_RULE = re.compile(r" *(?:([-*_])(?:\1| {1,2}(?=\1))*) *")  # with three spaces between its marks it is lists in lists
_MARKS = re.compile(r"[\[`<&\\@]|\*{1,2}|_{1,2}|://|  \n")


def excesses(body: str) -> Iterator[tuple[int, str]]:
    """(0-based line, what is too much there). Nothing for anything that a person would write."""
    body = _as_read(body)
    if len(body) < SHORT and not _INDENTED.search(body):
        return
    lines = body.split("\n")
    if len(lines) > MAX_LINES:
        yield MAX_LINES, f"The text has {len(lines):,} lines; the limit is {MAX_LINES:,}. Split it."
    deep = next((n for n, line in enumerate(lines) if _too_deep(line)), None)
    if deep is not None:
        yield deep, f"Quotes or lists are nested more than {MAX_DEPTH} deep here. Flatten them."
    yield from _too_much_work(lines)


def _as_read(body: str) -> str:
    """As Python-Markdown reads it: tabs are columns, and its own two control characters hide nothing."""
    plain = body.replace("\2", "").replace("\3", "").replace("\r\n", "\n").replace("\r", "\n")
    return plain.expandtabs(4) if "\t" in plain else plain


def _too_deep(line: str) -> bool:
    leading = _LEADING.match(line)
    if not leading or len(leading[0]) < 2:
        return False
    if len(leading[0].expandtabs(4)) > MAX_INDENT:
        return not _RULE.fullmatch(line)
    return len(_DEPTH.findall(leading[0])) > MAX_DEPTH and not _RULE.fullmatch(line)


def _too_much_work(lines: list[str]) -> Iterator[tuple[int, str]]:
    work = 0
    for first, paragraph in _paragraphs(lines):
        if len(paragraph) > MAX_LINES_TOGETHER:
            yield first, f"{len(paragraph):,} lines stand here without an empty line between them. Put some in."
            return
        text = "\n".join(paragraph)
        work += len(_MARKS.findall(text)) * len(text)
        if work > MAX_WORK:
            yield (
                first,
                "There is more markup than can be worked out (brackets, stars, backticks). Shorten the paragraph.",
            )
            return


def _paragraphs(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    for filled, group in groupby(enumerate(lines), key=lambda numbered: bool(numbered[1].strip())):
        if filled:
            numbered = list(group)
            yield numbered[0][0], [line for _, line in numbered]
