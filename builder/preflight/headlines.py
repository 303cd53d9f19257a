"""Subject, preheader, titles and summaries: what most readers see, and many see nothing else (E8)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from builder.model import Edition, Finding, Item
from builder.preflight.checks import Check
from builder.preflight.passages import Proof

NO_PREHEADER = Check("missing-preheader", "warn", "E8", "Without one, the inbox shows the letter's first stray words.")
PREHEADER_SIZE = Check("preheader-length", "warn", "E8", "Inboxes show 40 to 130 characters after the subject.")
PREHEADER_REPEATS = Check("preheader-repeats", "warn", "E8", "It stands beside the subject: repeating it says nothing.")
LONG_SUBJECT = Check("long-subject", "advice", "E8", "Phones cut a subject off; its first words must do.")
LONG_TITLE = Check("long-title", "advice", "", "A headline that fits on two lines of a phone is read.")
TOO_LONG_TITLE = Check("title-too-long", "warn", "", "Past 80 characters, lists and cards cut a title off.")
NO_SUMMARY = Check("missing-summary", "advice", "", "Lists, cards and excerpts show the summary, else the first words.")
LONG_SUMMARY = Check("summary-too-long", "warn", "", "Lists and cards cut a summary off at 160 characters.")
CHECKS = (
    NO_PREHEADER, PREHEADER_SIZE, PREHEADER_REPEATS, LONG_SUBJECT, LONG_TITLE, TOO_LONG_TITLE, NO_SUMMARY, LONG_SUMMARY,
)  # fmt: skip

LEAST_PREHEADER, MOST_PREHEADER = 40, 130
MOST_SUBJECT = 75
MOST_TITLE, CUT_TITLE = 60, 80
MOST_SUMMARY = 160
NO_SUMMARY_NEEDED = frozenset({"excerpt", "message", "notice"})


def check(proof: Proof) -> Iterator[Finding]:
    yield from _edition(proof.edition)
    for item in proof.items:
        yield from _title(item)
        yield from _summary(item)


def _edition(edition: Edition) -> Iterator[Finding]:
    source, preheader, size = edition.source, edition.preheader, len(edition.preheader)
    if len(edition.subject) > MOST_SUBJECT:
        yield LONG_SUBJECT.on(source, "subject", _too_long("subject", len(edition.subject), MOST_SUBJECT))
    if not preheader:
        yield NO_PREHEADER.at(source.file, 1, f'There is no preheader. Add a line "preheader: …", {_span()}.')
    elif not LEAST_PREHEADER <= size <= MOST_PREHEADER:
        yield PREHEADER_SIZE.on(source, "preheader", f"The preheader has {size} characters. Give it {_span()}.")
    if preheader and _same(preheader, edition.subject):
        yield PREHEADER_REPEATS.on(source, "preheader", "The preheader repeats the subject. Say what else is inside.")


def _span() -> str:
    return f"{LEAST_PREHEADER} to {MOST_PREHEADER}"


def _same(preheader: str, subject: str) -> bool:
    """The same words, or one at the head of the other with little added."""
    a, b = (re.sub(r"\W+", " ", text.casefold()).strip() for text in (preheader, subject))
    return bool(a and b) and (a == b or (a.startswith(b) and len(a) < len(b) + LEAST_PREHEADER) or b.startswith(a))


def _title(item: Item) -> Iterator[Finding]:
    size = len(item.title)
    if "title" not in item.source.lines:
        return
    if size > CUT_TITLE:
        yield TOO_LONG_TITLE.on(item.source, "title", _too_long("title", size, CUT_TITLE))
    elif size > MOST_TITLE:
        yield LONG_TITLE.on(item.source, "title", _too_long("title", size, MOST_TITLE))


def _summary(item: Item) -> Iterator[Finding]:
    if not item.summary and item.kind not in NO_SUMMARY_NEEDED:
        yield NO_SUMMARY.at(item.source.file, 1, 'There is no summary. Add a line "summary: …", one plain sentence.')
    elif len(item.summary) > MOST_SUMMARY:
        yield LONG_SUMMARY.on(item.source, "summary", _too_long("summary", len(item.summary), MOST_SUMMARY))


def _too_long(what: str, size: int, most: int) -> str:
    return f"The {what} has {size} characters. Shorten it to {most} or fewer."
