"""Bodies whose Markdown does not come out as it was meant, and bodies with nothing in them (Q8, E4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from builder.model import Finding, Item
from builder.preflight.checks import Check
from builder.preflight.passages import Passage

EMPTY = Check("empty-item", "block", "Q8", "There is nothing to read.")
PLACEHOLDER = Check("placeholder", "block", "Q8", "A note to oneself would go out to everyone.", may_stand=True)
RAW_HTML = Check("raw-html", "warn", "W3", "HTML in a body is shown as the text it is.")
NO_BLANK_LINE = Check("list-not-parted", "warn", "", "Without a blank line before it, a list runs on as one paragraph.")
NESTING = Check("list-nesting", "warn", "", "An inner list needs four spaces; with fewer it joins the outer one.")
PASTED_BULLET = Check("pasted-bullet", "warn", "", "A pasted bullet is a character, not a list.")
SKIPPED = Check(
    "heading-skipped", "advice", "E4", "Headings are a contents list to screen readers: no level is left out."
)
BOLD_HEADING = Check(
    "bold-heading", "advice", "E4", "A line in bold looks like a heading and is none to screen readers."
)
CHECKS = (EMPTY, PLACEHOLDER, RAW_HTML, NO_BLANK_LINE, NESTING, PASTED_BULLET, SKIPPED, BOLD_HEADING)

MOST = 10  # of one kind in one text
# Their headers say it all.
MAY_BE_EMPTY = frozenset({"excerpt", "event", "appointment", "notice"})
_PLACEHOLDER = re.compile(r"lorem ipsum|\bTODO\b|\bXXX+\b|\[(?:insert|add|name|date|tbc)\b[^\]\n]{0,60}\](?!\()", re.IGNORECASE)  # fmt: skip
_CODE = re.compile(r"`[^`\n]{1,500}`|^ {4,}.*$", re.MULTILINE)
_HTML = re.compile(r"</?(?:[a-zA-Z][a-zA-Z0-9]{0,15})(?:\s[^<>]{0,500})?/?>|<!--")
_MARK = re.compile(r"(?P<space> *)(?:[-*+]|(?P<number>\d{1,2})[.)]) +\S")
_BULLET = re.compile(r"^[ \t]*[•·‣◦▪●\uf0b7–] ?\t?\s*\S", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})(?=[^#\n])", re.MULTILINE)
_BOLD_LINE = re.compile(r"^(?:\*\*|__)([^*_\n]{2,80}[^*_\n.:!?])(?:\*\*|__)$", re.MULTILINE)


def check_item(item: Item) -> Iterator[Finding]:
    if not re.search(r"\w", item.body) and not item.summary and item.kind not in MAY_BE_EMPTY:
        yield EMPTY.at(item.source.file, item.source.line("body"), "The item has no text. Write it, or say draft: yes.")


def check(passage: Passage) -> Iterator[Finding]:
    prose = passage.prose
    for match in islice(_PLACEHOLDER.finditer(prose.text), MOST):
        yield PLACEHOLDER.at(prose.file, prose.line_at(match.start()), f'"{match[0]}" is still to be filled in.')
    if not passage.is_body:
        return
    for check, offset, text in _body_faults(prose.text):
        yield check.at(prose.file, prose.line_at(offset), text)


def _body_faults(text: str) -> Iterator[tuple[Check, int, str]]:
    plain = _CODE.sub(lambda match: " " * len(match[0]), text)
    for match in islice(_HTML.finditer(plain), 1):
        yield RAW_HTML, match.start(), f'"{match[0][:40]}" is HTML and is shown as it stands. Use Markdown.'
    for match in islice(_BULLET.finditer(text), 1):
        yield PASTED_BULLET, match.start(), "This bullet was pasted. Begin the line with a hyphen and a space."
    for match in islice(_BOLD_LINE.finditer(text), MOST):
        before = text[: match.start()].rstrip(" ")
        after = text[match.end() :]
        if (not before or before.endswith("\n\n")) and after.startswith("\n\n"):
            yield BOLD_HEADING, match.start(), f'Is "{match[1]}" a heading? Write it as ## {match[1]}.'
    yield from _heading_faults(text)
    yield from islice(_list_faults(text), MOST)


def _heading_faults(text: str) -> Iterator[tuple[Check, int, str]]:
    before = 0
    for match in _HEADING.finditer(text):
        level = len(match[1])
        if before and level > before + 1:
            yield SKIPPED, match.start(), f"This heading skips a level. Use {'#' * (before + 1)}."
        before = level


def _list_faults(text: str) -> Iterator[tuple[Check, int, str]]:
    """Goes down the lines, knowing whether it is in a list, and how far that is indented."""
    offset, outer, before = 0, -1, ""
    for line in text.split("\n"):
        mark = _MARK.match(line)
        if mark and outer < 0 and _runs_on(before, mark):
            yield NO_BLANK_LINE, offset, "Leave a blank line before the list."
        elif mark and outer >= 0 and outer < len(mark["space"]) < outer + 4:
            yield NESTING, offset, f"Indent the inner list by {outer + 4} spaces."
        if mark:
            outer = len(mark["space"]) if outer < 0 else min(outer, len(mark["space"]))
        elif line.strip() and not line.startswith(" ") and not before.strip():
            outer = -1
        offset += len(line) + 1
        before = line


def _runs_on(before: str, mark: re.Match[str]) -> bool:
    """A wrapped line may well begin with "12. "; a list begins with its first entry."""
    is_text = bool(before.strip()) and before[0] not in "#>|" and not before.startswith("    ")
    return is_text and mark["number"] in {None, "1"} and not mark["space"][3:]
