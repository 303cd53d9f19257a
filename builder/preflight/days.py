"""Dates in running text: how they are written, and whether weekday and date belong together (Q3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice

from builder.dates import DAYS, MONTHS, say
from builder.model import Finding
from builder.preflight.checks import Check
from builder.preflight.passages import Passage

WRONG_WEEKDAY = Check("wrong-weekday", "block", "Q3", "Half the readers will come on the wrong day.", may_stand=True)
MAYBE_WEEKDAY = Check(
    "weekday-unsure", "warn", "Q3", "No year is given, and in the nearest one the weekday is another."
)
NO_SUCH_DAY = Check("no-such-day", "block", "Q3", "A date that is not on the calendar cannot be kept.", may_stand=True)
LEADING_ZERO = Check("leading-zero", "warn", "Q3", "House style is 9 December, as it is said.")
ORDINAL = Check("ordinal-date", "warn", "Q3", "House style is 14 January; ordinals are noise to screen readers.")
MONTH_FIRST = Check("month-first", "warn", "Q3", "House style is 10 January, the day before the month.")
FIGURES_ONLY = Check("numeric-date", "warn", "Q3", "03/04/2025 is two different days in two countries.")
CHECKS = (WRONG_WEEKDAY, MAYBE_WEEKDAY, NO_SUCH_DAY, LEADING_ZERO, ORDINAL, MONTH_FIRST, FIGURES_ONLY)

MOST = 20  # of one kind in one text; more would only repeat themselves
_MONTH = "|".join((*MONTHS, *(name[:3] for name in MONTHS), "Sept"))
_DAY = "|".join((*DAYS, *(name[:3] for name in DAYS), "Tues", "Weds", "Thurs"))
_SPOKEN = re.compile(
    rf"\b(?:(?P<weekday>{_DAY})\b\.?[,\s]\s*(?:the\s+)?)?"
    rf"(?P<day>\d{{1,2}})(?P<ordinal>st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?(?:,?\s+(?P<year>\d{{4}})\b)?"
)
# "Come in May 10 minutes early" has the same words, so without "th" something has to end the date.
_BACKWARDS = re.compile(
    rf"\b(?P<month>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)\b|"
    rf"\b(?P<month2>{_MONTH})\s+(?P<day2>\d{{1,2}})(?=,?\s+\d{{4}}\b|[).;,]|\s*$)"
)
_FIGURES = re.compile(r"(?<![\d/.])\d{1,2}/\d{1,2}/(?:20)?\d{2}(?![\d/])|(?<![\w-])20\d\d-[01]\d-[0-3]\d(?![\w-])")


def check(passage: Passage, near: date) -> Iterator[Finding]:
    """`near`: the edition's day; a date without a year is meant to be the one nearest to it."""
    words, place = passage.prose.own, passage.prose
    for match in islice(_SPOKEN.finditer(words), MOST):
        for kind, text in _faults(match, near):
            yield kind.at(place.file, place.line_at(match.start("day")), text)
    for match in islice(_BACKWARDS.finditer(words), MOST):
        better = f"{int(match['day'] or match['day2'])} {match['month'] or match['month2']}"
        yield MONTH_FIRST.at(place.file, place.line_at(match.start()), f'"{match[0]}": write {better}.')
    for match in islice(_FIGURES.finditer(words), MOST):
        text = f'"{match[0]}" is a date in figures. Write it like {say(near)}.'
        yield FIGURES_ONLY.at(place.file, place.line_at(match.start()), text)


def _faults(match: re.Match[str], near: date) -> Iterator[tuple[Check, str]]:
    shown = " ".join(match[0].split())
    better = f"{int(match['day'])} {match['month']}"
    if match["ordinal"]:
        yield ORDINAL, f'"{shown}": write {better}.'
    elif match["day"].startswith("0"):
        yield LEADING_ZERO, f'"{shown}": write {better}, without the zero.'
    day = _meant(match, near)
    if day is None:
        yield NO_SUCH_DAY, f'"{shown}" is not on the calendar.'
    elif match["weekday"] and not DAYS[day.weekday()].startswith(match["weekday"][:3]):
        kind = WRONG_WEEKDAY if match["year"] else MAYBE_WEEKDAY
        yield kind, f'"{shown}": {say(day).removeprefix(DAYS[day.weekday()]).strip()} is a {DAYS[day.weekday()]}.'


def _meant(match: re.Match[str], near: date) -> date | None:
    month = next(n for n, name in enumerate(MONTHS, 1) if name.startswith(match["month"][:3]))
    years = [int(match["year"])] if match["year"] else [near.year - 1, near.year, near.year + 1]
    days = [day for year in years if (day := _day(year, month, int(match["day"])))]
    return min(days, key=lambda day: abs(day - near), default=None)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
