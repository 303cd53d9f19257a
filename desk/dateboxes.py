"""A date in boxes as people fill them in (day, month, year, and a time apart) → a moment, or what is wrong with which box."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches

from builder.dates import DAYS, MONTHS, YEARS, read_clock, say_clock
from builder.headers import UNSEEN
from builder.model import Moment

PARTS = ("day", "month", "year", "time")
LONGEST = 60  # characters of a box; what is longer is no part of a date
CENTURY = 2000  # of a year of two digits: nobody announces anything in 1925
_SPACES = re.compile(r"\s+")
_WEEKDAY = re.compile(
    rf"(?P<weekday>{'|'.join(f'{day}|{day[:3]}s?' for day in DAYS)})\b\.?,?\s*(?:the\s+)?", re.IGNORECASE
)
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)\b(?:\s+of\b)?", re.IGNORECASE)
_ISO = re.compile(
    r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?:[T\s,]+(?P<time>\S.*))?", re.IGNORECASE
)
_DAY_FIRST = re.compile(
    r"(?P<day>\d{1,2})(?P<mark>[-/.\s]\s*)(?P<month>\d{1,2}|[^\W\d_]{3,9}\.?)[-/.,\s]\s*(?P<year>\d{4}|\d{2})(?:[,\s]+(?:at\s+)?(?P<time>\S.*))?"
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[^\W\d_]{3,9}\.?)\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})(?:[,\s]+(?:at\s+)?(?P<time>\S.*))?"
)
_NO_YEAR = re.compile(r"(?P<day>\d{1,2})[-/.\s]\s*(?P<month>\d{1,2}|[^\W\d_]{3,9}\.?)")


@dataclass(frozen=True, slots=True)
class Boxes:
    """What stands in the boxes, as it was typed."""

    day: str = ""
    month: str = ""
    year: str = ""
    time: str = ""

    def __bool__(self) -> bool:
        return any(self.named.values())

    @property
    def named(self) -> dict[str, str]:
        return {part: getattr(self, part) for part in PARTS}

    @property
    def is_wide(self) -> bool:
        """Whether its first box holds more than a day: something that could not be taken apart."""
        return len(self.day) > len("31")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing to mend. `part`: the box; `code`: its sentence in templates/dates.html; `found`: what stands there."""

    part: str
    code: str
    found: str = ""
    more: str = ""


EMPTY = Boxes()
MISSING = (Wrong("day", "missing-day-month-year"),)
Read = tuple[Moment | None, tuple[Wrong, ...]]


# --- between a page and a moment ---------------------------------------------------------------------------------------


def typed(form: Mapping[str, Iterable[str]], name: str) -> Boxes | None:
    """The boxes of a form: `name-day` and so on, or the whole date under `name`. None: they were not on it."""
    values = {part: one for part in PARTS if (one := _first(form, f"{name}-{part}")) is not None}
    if not values and (whole := _first(form, name)) is not None:
        values = {"day": whole}
    return Boxes(**{part: one_line(value) for part, value in values.items()}) if values else None


def _first(form: Mapping[str, Iterable[str]], name: str) -> str | None:
    """Of a form as Werkzeug or as a plain dict has it."""
    found = form.getlist(name) if hasattr(form, "getlist") else list(form.get(name, ()))
    return found[-1] if found else None


def one_line(text: str) -> str:
    return " ".join(UNSEEN.sub("", text).split())


def boxes_of(moment: Moment | date | None) -> Boxes:
    if moment is None:
        return Boxes()
    day, at = (moment.day, moment.at) if isinstance(moment, Moment) else (moment, None)
    return Boxes(str(day.day), str(day.month), str(day.year), say_clock(at) if at else "")


def read_day(boxes: Boxes) -> tuple[date | None, tuple[Wrong, ...]]:
    """A day alone. One that is wrong, and none at all, are None."""
    moment, wrong = read(Boxes(boxes.day, boxes.month, boxes.year))
    return (moment.day if moment else None), wrong


def read(boxes: Boxes) -> Read:
    """Empty boxes are no date, and nothing wrong. A whole date in the first box is taken apart."""
    if not boxes:
        return None, ()
    weekday = ""
    if boxes.day and not boxes.month and not boxes.year and not boxes.day.isdecimal():
        whole, weekday, wrong = _taken_apart(boxes.day)
        if wrong or whole is None:
            return None, wrong
        if whole.time and boxes.time:
            return None, (Wrong("time", "two-times", boxes.time, whole.time),)
        boxes = Boxes(whole.day, whole.month, whole.year, whole.time or boxes.time)
    return _read(boxes, weekday)


def _read(boxes: Boxes, weekday: str) -> Read:
    missing = tuple(part for part in PARTS[:3] if not getattr(boxes, part))
    year, of_year = _year(boxes.year)
    month, of_month = _month(boxes.month)
    day, of_day = _day(boxes.day, year, month)
    at, of_time = _time(boxes.time)
    wrong = (*of_day, *of_month, *of_year, *of_time)
    if missing:
        wrong = (Wrong(missing[0], f"missing-{'-'.join(missing)}"), *wrong)
    if wrong or not (day and month and year):
        return None, wrong
    on = date(year, month, day)
    if weekday and not DAYS[on.weekday()].lower().startswith(weekday.lower()[:3]):
        return None, (Wrong("day", "weekday", _full(weekday), DAYS[on.weekday()]),)
    return Moment(on, at), ()


def _full(weekday: str) -> str:
    return next(day for day in DAYS if day.lower().startswith(weekday.lower()[:3]))


# --- box by box ----------------------------------------------------------------------------------------------------------


def _year(text: str) -> tuple[int | None, tuple[Wrong, ...]]:
    if not text:
        return None, ()
    if not re.fullmatch(r"[0-9]{4}|[0-9]{2}", text):
        return None, (Wrong("year", "year", text),)
    year = int(text) if len(text) == len("2025") else CENTURY + int(text)
    return (year, ()) if year in YEARS else (None, (Wrong("year", "year-far", text),))


def _month(text: str) -> tuple[int | None, tuple[Wrong, ...]]:
    if not text:
        return None, ()
    if re.fullmatch(r"[0-9]{1,2}", text):
        number = int(text)
        return (number, ()) if number in range(1, 13) else (None, (Wrong("month", "month-number", text),))
    if found := month_named(text):
        return found, ()
    near = get_close_matches(text.capitalize(), MONTHS, 1)
    return None, (Wrong("month", "month-near" if near else "month", text, near[0] if near else ""),)


def month_named(text: str) -> int | None:
    """Jan, january, Sept. → its number."""
    word = text.rstrip(".").lower()
    return next((n for n, name in enumerate(MONTHS, 1) if len(word) > 2 and name.lower().startswith(word)), None)


def _day(text: str, year: int | None, month: int | None) -> tuple[int | None, tuple[Wrong, ...]]:
    if not text:
        return None, ()
    text = _ORDINAL.sub(r"\1", text)
    if not re.fullmatch(r"[0-9]{1,2}", text) or not 1 <= int(text) <= 31:
        return None, (Wrong("day", "day", text),)
    if month is None:
        return int(text), ()
    most = calendar.monthrange(year or 2024, month)[1]  # without a year, a leap one
    if int(text) <= most:
        return int(text), ()
    named = f"{MONTHS[month - 1]} {year}" if year and month == 2 else MONTHS[month - 1]
    return None, (Wrong("day", f"day-of-{most}", text, named),)


def _time(text: str) -> tuple[time | None, tuple[Wrong, ...]]:
    if not text:
        return None, ()
    try:
        return read_clock(re.sub(r"\b([ap])\.m\.?", r"\1m", text, flags=re.IGNORECASE)), ()
    except ValueError:
        return None, (Wrong("time", "time", text),)


# --- a whole date, pasted -------------------------------------------------------------------------------------------------


def _taken_apart(text: str) -> tuple[Boxes | None, str, tuple[Wrong, ...]]:
    """(its boxes, the weekday that it names, what is wrong)."""
    if len(text) > LONGEST:
        return None, "", (Wrong("day", "whole", f"{text[:LONGEST]}…"),)
    weekday, rest = "", text
    if found := _WEEKDAY.match(text):
        weekday, rest = found["weekday"], text[found.end() :]
    rest = _ORDINAL.sub(r"\1", _SPACES.sub(" ", rest)).strip()
    for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST):
        if found := pattern.fullmatch(rest):
            parts = found.groupdict()
            if wrong := _doubtful(rest, parts):
                return None, weekday, wrong
            return Boxes(parts["day"], parts["month"], parts["year"], parts["time"] or ""), weekday, ()
    if found := _NO_YEAR.fullmatch(rest):
        return Boxes(found["day"], found["month"]), weekday, ()
    only = _ORDINAL.sub(r"\1", text)
    if re.fullmatch(r"-?[0-9.,]+", only):
        return Boxes(only), "", ()
    return None, weekday, (Wrong("day", "whole", text),)


def _doubtful(text: str, parts: Mapping[str, str]) -> tuple[Wrong, ...]:
    """Dates that two people would read as two days."""
    day, month, year = parts["day"], parts["month"], parts["year"]
    if len(year) == len("25") and month.isdecimal() and parts.get("mark") == "-" and int(day) > 0 < int(year) < 32:
        return (Wrong("day", "two-ways", text, f"{CENTURY + int(year)}|{CENTURY + int(day)}"),)  # 25-01-14
    if month.isdecimal() and int(month) > 12 and 1 <= int(day) <= 12:
        return (Wrong("day", "month-first", text, f"{month}/{day}/{year}"),)  # as in America
    return ()


# --- a date in a line of text ----------------------------------------------------------------------------------------------


def shown(text: str) -> Boxes:
    """A written date in its boxes; what cannot be taken apart stands in the first one, whole."""
    text = one_line(text)
    moment, wrong = read(Boxes(text))
    if moment and not wrong:
        return boxes_of(moment)
    return Boxes(text)
