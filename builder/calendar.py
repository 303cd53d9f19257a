"""When editions come out: term dates and bank holidays in; days, cut-offs, sending moments and numbers out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise

from msgspec import Struct

from builder.dates import week_of
from builder.model import Bulletin, Calendar, Edition, Term

DAY = timedelta(days=1)
FRIDAY = 4


class Note(StrEnum):
    """What is special about an edition's place in the year."""

    FIRST = "first-of-bulletin"
    LAST = "last-of-bulletin"
    FIRST_OF_TERM = "first-of-term"
    LAST_OF_TERM = "last-of-term"
    BEFORE_BREAK = "before-break"
    AFTER_BREAK = "after-break"
    MOVED = "moved"
    """Its own weekday is a bank holiday."""
    CUT_OFF_EARLIER = "cut-off-earlier"
    """The cut-off's own day is a bank holiday."""


class Slot(Struct, frozen=True):
    """An edition as the calendar foresees it. Moments are aware, on the publisher's clock."""

    day: date
    sends: datetime
    cut_off: datetime
    number: int | None
    """None when the bulletin's editions are not numbered."""
    term: str
    notes: frozenset[Note] = frozenset()


# --- days ------------------------------------------------------------------------------------------------------------


def term_of(calendar: Calendar, day: date) -> Term | None:
    """The term a day is in; None in the holidays and in a term's breaks."""
    for term in calendar.terms:
        if term.first <= day <= term.last:
            return None if any(pause.first <= day <= pause.last for pause in term.breaks) else term
    return None


def is_bank_holiday(calendar: Calendar, day: date) -> bool:
    return day in _bank_holidays(calendar.subdivision, day.year)


def is_working_day(calendar: Calendar, day: date) -> bool:
    return day.weekday() <= FRIDAY and not is_bank_holiday(calendar, day)


def edition_days(bulletin: Bulletin, calendar: Calendar, first: date, last: date) -> tuple[date, ...]:
    """The days from `first` to `last`, both included, on which the bulletin comes out.

    Its weekday in term; when that is a bank holiday, the next working day of the week that is still in term, and no
    edition when there is none. A bulletin without a weekday has no days of its own.
    """
    first, last = max(first, bulletin.first or first), min(last, bulletin.last or last)
    if bulletin.weekday is None or last < first:
        return ()
    days = (_day_in_week(bulletin.weekday, calendar, monday) for monday in _weeks(first, last))
    return tuple(day for day in days if day and first <= day <= last)


def _weeks(first: date, last: date) -> Iterator[date]:
    monday = week_of(first)
    return (monday + timedelta(weeks=n) for n in range((last - monday).days // 7 + 1))


def _day_in_week(weekday: int, calendar: Calendar, monday: date) -> date | None:
    planned = monday + timedelta(days=weekday)
    if not term_of(calendar, planned):
        return None
    if not is_bank_holiday(calendar, planned):
        return planned
    later = (monday + timedelta(days=n) for n in range(weekday + 1, FRIDAY + 1))
    return next((day for day in later if term_of(calendar, day) and not is_bank_holiday(calendar, day)), None)


@cache
def _bank_holidays(subdivision: str, year: int) -> frozenset[date]:
    from holidays import country_holidays  # 50 ms to import

    return frozenset(country_holidays("GB", subdiv=subdivision, years=year))


# --- moments ---------------------------------------------------------------------------------------------------------


def sending(bulletin: Bulletin, calendar: Calendar, day: date) -> datetime:
    """09:00 is 09:00 on the publisher's clock, summer and winter."""
    return datetime.combine(day, bulletin.at, calendar.zone)


def cut_off(bulletin: Bulletin, calendar: Calendar, day: date) -> datetime:
    """When copy closes for the edition of a day. An edition that had to move keeps the cut-off of its week.

    Nobody is in the office on a bank holiday, so then copy closes on the working day before.
    """
    closes = _planned(bulletin, calendar, day) - timedelta(days=bulletin.cut_off_days)
    if is_bank_holiday(calendar, closes):
        closes = next(day for n in range(1, 15) if is_working_day(calendar, day := closes - n * DAY))
    return datetime.combine(closes, bulletin.cut_off_at, calendar.zone)


def _planned(bulletin: Bulletin, calendar: Calendar, day: date) -> date:
    if bulletin.weekday is None:
        return day
    planned = week_of(day) + timedelta(days=bulletin.weekday)
    return planned if planned < day and is_bank_holiday(calendar, planned) else day


# --- slots -----------------------------------------------------------------------------------------------------------


def slots(
    bulletin: Bulletin, calendar: Calendar, first: date, last: date, known: Mapping[date, int] | None = None
) -> tuple[Slot, ...]:
    """The editions from `first` to `last`. Numbers go on from those in `known` (see `known_numbers`)."""
    days = edition_days(bulletin, calendar, first, last)
    notes = _notes(bulletin, calendar, days)
    numbers = _numbers(days, known or {}) if bulletin.numbered else {}
    return tuple(_slot(bulletin, calendar, day, numbers.get(day), notes[day]) for day in days)


def next_slot(
    bulletin: Bulletin, calendar: Calendar, moment: datetime, known: Mapping[date, int] | None = None
) -> Slot | None:
    """The first edition that goes out after a moment; None when no term that is known has one."""
    return next((slot for slot in _coming(bulletin, calendar, moment, known) if _after(slot.sends, moment)), None)


def next_open_slot(
    bulletin: Bulletin, calendar: Calendar, moment: datetime, known: Mapping[date, int] | None = None
) -> Slot | None:
    """The first edition for which copy can still be handed in at a moment."""
    return next((slot for slot in _coming(bulletin, calendar, moment, known) if _after(slot.cut_off, moment)), None)


def known_numbers(editions: Iterable[Edition], bulletin: Bulletin) -> dict[date, int]:
    """Day → number, of the editions there are of a bulletin and of those it succeeds. On a shared day, the highest."""
    numbers: dict[date, int] = {}
    for edition in editions:
        if edition.number is not None and edition.bulletin in (bulletin.id, *bulletin.succeeds):
            numbers[edition.day] = max(edition.number, numbers.get(edition.day, 0))
    return numbers


def _coming(
    bulletin: Bulletin, calendar: Calendar, moment: datetime, known: Mapping[date, int] | None
) -> tuple[Slot, ...]:
    today = moment.astimezone(calendar.zone).date()
    return (
        slots(bulletin, calendar, today, _last_day(calendar, today), known)
        if known
        else _from(bulletin, calendar, today)
    )


def _last_day(calendar: Calendar, today: date) -> date:
    return max((term.last for term in calendar.terms), default=today)


@lru_cache(maxsize=64)
def _from(bulletin: Bulletin, calendar: Calendar, today: date) -> tuple[Slot, ...]:
    """Without numbers that are known. Every page of the form for stories asks, and all day the answer is the same."""
    return slots(bulletin, calendar, today, _last_day(calendar, today))


def _after(moment: datetime, other: datetime) -> bool:
    """In UTC: two moments of one zone are compared by their clocks, which go back an hour in October."""
    return moment.astimezone(UTC) > other.astimezone(UTC)


def _slot(bulletin: Bulletin, calendar: Calendar, day: date, number: int | None, notes: frozenset[Note]) -> Slot:
    term = term_of(calendar, day)
    return Slot(
        day=day,
        sends=sending(bulletin, calendar, day),
        cut_off=cut_off(bulletin, calendar, day),
        number=number,
        term=term.name if term else "",
        notes=notes,
    )


def _numbers(days: Iterable[date], known: Mapping[date, int]) -> dict[date, int]:
    """Each day one more than the highest number before it, unless its own is known."""
    numbers: dict[date, int] = {}
    waiting = sorted(known.items(), reverse=True)
    last = 0
    for day in days:
        while waiting and waiting[-1][0] < day:
            last = max(last, waiting.pop()[1])
        last = max(last, numbers.setdefault(day, known.get(day, last + 1)))
    return numbers


def _notes(bulletin: Bulletin, calendar: Calendar, days: Iterable[date]) -> dict[date, frozenset[Note]]:
    found: dict[date, set[Note]] = {day: set() for day in days}
    for term in calendar.terms:
        for day, note in _notes_of_term(bulletin, calendar, term):
            if day in found:
                found[day].add(note)
    for day, notes in found.items():
        notes |= _notes_of_day(bulletin, calendar, day)
    _mark_ends(bulletin, calendar, found)
    return {day: frozenset(notes) for day, notes in found.items()}


def _notes_of_term(bulletin: Bulletin, calendar: Calendar, term: Term) -> Iterator[tuple[date, Note]]:
    days = edition_days(bulletin, calendar, term.first, term.last)
    if not days:
        return
    yield days[0], Note.FIRST_OF_TERM
    yield days[-1], Note.LAST_OF_TERM
    for before, after in pairwise(days):
        if any(before < pause.first and pause.last < after for pause in term.breaks):
            yield before, Note.BEFORE_BREAK
            yield after, Note.AFTER_BREAK


def _notes_of_day(bulletin: Bulletin, calendar: Calendar, day: date) -> set[Note]:
    planned = _planned(bulletin, calendar, day)
    closes = planned - timedelta(days=bulletin.cut_off_days)
    earlier = cut_off(bulletin, calendar, day).date() != closes
    return {note for note, holds in ((Note.MOVED, planned != day), (Note.CUT_OFF_EARLIER, earlier)) if holds}


def _mark_ends(bulletin: Bulletin, calendar: Calendar, found: dict[date, set[Note]]) -> None:
    """First and last are known only of a bulletin whose own dates are."""
    for day, notes in found.items():
        if bulletin.first and not edition_days(bulletin, calendar, bulletin.first, day - DAY):
            notes.add(Note.FIRST)
        if bulletin.last and not edition_days(bulletin, calendar, day + DAY, bulletin.last):
            notes.add(Note.LAST)
