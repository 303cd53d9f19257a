"""Dates as people write them in, and as we say them back: "Tuesday 14 January 2025", "10am to 4pm"."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from builder.model import Moment

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NAMED_TIMES = {"noon": time(12), "midday": time(12), "midnight": time(0)}

_DAY = "|".join(f"{name}|{name[:3]}" for name in DAYS)
_MONTH = "|".join(f"{name}|{name[:3]}" for name in MONTHS)
_CLOCK = r"(?P<clock>\d{1,2}(?:[:.]\d{2})?\s*(?:am|pm)?|noon|midday|midnight)"
_SPOKEN = re.compile(
    rf"(?:(?P<weekday>{_DAY})\s*,?\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month>{_MONTH})\s+(?P<year>\d{{4}})"
    rf"(?:\s*,?\s+(?:at\s+)?{_CLOCK})?",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})")
_CLOCK_PARTS = re.compile(r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>am|pm)?", re.IGNORECASE)
YEARS = range(1900, 2200)  # any other is a slip of the finger, and near 1 and 9999 time zones overflow
EXAMPLES = "2025-01-14, 2025-01-14 10:00, or Tuesday 14 January 2025, 10am"


def read_moment(text: str, zone: ZoneInfo) -> Moment:
    """A written date, with or without a time. Raises ValueError, which says what is wrong with it."""
    moment = _read(text, zone)
    if moment.day.year not in YEARS:
        raise ValueError(f'"{text}": {moment.day.year} cannot be the year.')
    return moment


def _read(text: str, zone: ZoneInfo) -> Moment:
    if match := _SPOKEN.fullmatch(text):
        return _spoken(match)
    if match := _SLASHED.fullmatch(text):
        return Moment(_day(match["year"], match["month"], match["day"]))
    if re.match(r"\d{4}-\d{2}-\d{2}", text):
        return _iso(text, zone)
    raise ValueError(f'"{text}" is not a date. Write it like {EXAMPLES}.')


def _iso(text: str, zone: ZoneInfo) -> Moment:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f'"{text}" is not a date on the calendar: {error}.') from error
    if len(text) == len("2025-01-14"):
        return Moment(moment.date())
    local = moment.astimezone(zone) if moment.tzinfo and moment.year in YEARS else moment
    return Moment(local.date(), local.time())


def _spoken(match: re.Match[str]) -> Moment:
    month = next(n for n, name in enumerate(MONTHS, 1) if name.lower().startswith(match["month"].lower()))
    day = _day(match["year"], str(month), match["day"])
    weekday = match["weekday"]
    if weekday and not DAYS[day.weekday()].lower().startswith(weekday.lower()):
        raise ValueError(f"{say_short(day)} is a {DAYS[day.weekday()]}, not a {weekday}.")
    return Moment(day, read_clock(match["clock"]) if match["clock"] else None)


def _day(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise ValueError(f"{day}/{month}/{year} is not on the calendar: {error}.") from error


def read_clock(text: str) -> time:
    """10am, 10.30am, 14:00, noon. Raises ValueError."""
    if text.lower() in NAMED_TIMES:
        return NAMED_TIMES[text.lower()]
    match = _CLOCK_PARTS.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is not a time. Write it like 10am, 2.30pm or 14:30.')
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), (match["half"] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValueError(f'"{text}" is not a time: with am or pm the hour is 1 to 12.')
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    try:
        return time(hour, minute)
    except ValueError as error:
        raise ValueError(f'"{text}" is not a time: {error}.') from error


def say(day: date) -> str:
    """Tuesday 14 January 2025."""
    return f"{DAYS[day.weekday()]} {say_short(day)}"


def say_short(day: date) -> str:
    """14 January 2025."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def say_clock(at: time) -> str:
    """9am, 2.30pm, noon, midnight."""
    if (at.hour, at.minute) in {(12, 0), (0, 0)}:
        return "noon" if at.hour else "midnight"
    minutes = f".{at.minute:02}" if at.minute else ""
    return f"{(at.hour - 1) % 12 + 1}{minutes}{'am' if at.hour < 12 else 'pm'}"


def say_moment(moment: Moment) -> str:
    """Friday 14 February 2025, 10am."""
    return f"{say(moment.day)}, {say_clock(moment.at)}" if moment.at else say(moment.day)


def say_span(starts: Moment, ends: Moment | None) -> str:
    """Friday 14 February 2025, 10am to 4pm; over several days: both dates in full."""
    if ends is None or ends == starts:
        return say_moment(starts)
    if ends.day == starts.day and starts.at and ends.at:
        return f"{say(starts.day)}, {say_clock(starts.at)} to {say_clock(ends.at)}"
    return f"{say_moment(starts)} to {say_moment(ends)}"


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())
