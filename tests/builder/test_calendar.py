"""Days, cut-offs, sending moments and numbers, over the awkward weeks of a school year."""

from __future__ import annotations

import os
import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from builder.calendar import (
    Note,
    cut_off,
    edition_days,
    is_bank_holiday,
    known_numbers,
    next_open_slot,
    next_slot,
    sending,
    slots,
    term_of,
)
from builder.model import Break, Bulletin, Calendar, Edition, Section, Source, Term

LONDON = ZoneInfo("Europe/London")
YEAR = Calendar(
    LONDON,
    (
        Term("Autumn 2024", date(2024, 9, 5), date(2024, 12, 20), (Break("Half-term", date(2024, 10, 28), date(2024, 11, 1)),)),
        Term("Spring 2025", date(2025, 1, 6), date(2025, 4, 4), (Break("Half-term", date(2025, 2, 17), date(2025, 2, 21)),)),
        Term("Summer 2025", date(2025, 4, 21), date(2025, 7, 22), (Break("Half-term", date(2025, 5, 26), date(2025, 5, 30)),)),
    ),
)  # fmt: skip
WEEKLY = Bulletin("weekly", "Weekly", "", "", (Section("news", "News"),), weekday=1, succeeds=("together",))
MONDAYS = replace(WEEKLY, weekday=0)


def days(bulletin: Bulletin, first: tuple[int, int, int], last: tuple[int, int, int]) -> list[str]:
    return [day.isoformat() for day in edition_days(bulletin, YEAR, date(*first), date(*last))]


def test_the_bulletin_comes_out_on_its_weekday_in_term() -> None:
    assert days(WEEKLY, (2025, 1, 1), (2025, 1, 31)) == ["2025-01-07", "2025-01-14", "2025-01-21", "2025-01-28"]


def test_there_is_no_edition_at_half_term_or_christmas() -> None:
    assert days(WEEKLY, (2025, 2, 10), (2025, 2, 28)) == ["2025-02-11", "2025-02-25"]
    assert days(WEEKLY, (2024, 12, 12), (2025, 1, 10)) == ["2024-12-17", "2025-01-07"]


def test_both_ends_of_the_span_count() -> None:
    assert days(WEEKLY, (2025, 1, 14), (2025, 1, 21)) == ["2025-01-14", "2025-01-21"]
    assert days(WEEKLY, (2025, 1, 21), (2025, 1, 14)) == []


def test_a_bank_holiday_moves_the_edition_to_the_next_working_day_of_its_week() -> None:
    assert days(MONDAYS, (2025, 4, 21), (2025, 5, 12)) == ["2025-04-22", "2025-04-28", "2025-05-06", "2025-05-12"]


def test_a_bank_holiday_at_the_end_of_the_week_leaves_no_edition() -> None:
    fridays = replace(WEEKLY, weekday=4)
    easter = Calendar(LONDON, (Term("All through", date(2025, 4, 1), date(2025, 5, 1)),))
    found = edition_days(fridays, easter, date(2025, 4, 7), date(2025, 4, 25))
    assert found == (date(2025, 4, 11), date(2025, 4, 25))


def test_a_moved_edition_stays_in_term() -> None:
    short = Calendar(LONDON, (Term("Ends on May Day", date(2025, 4, 21), date(2025, 5, 5)),))
    assert edition_days(MONDAYS, short, date(2025, 5, 1), date(2025, 5, 31)) == ()


def test_scotland_has_its_own_holidays() -> None:
    assert is_bank_holiday(YEAR, date(2025, 4, 21))
    assert not is_bank_holiday(replace(YEAR, subdivision="SCT"), date(2025, 4, 21))
    assert is_bank_holiday(replace(YEAR, subdivision="SCT"), date(2025, 12, 1))


def test_a_bulletin_without_a_weekday_has_no_days() -> None:
    assert days(replace(WEEKLY, weekday=None), (2025, 1, 1), (2025, 12, 31)) == []


def test_a_bulletin_begins_and_ends_on_its_own_dates() -> None:
    bounded = replace(WEEKLY, first=date(2025, 1, 14), last=date(2025, 1, 27))
    assert days(bounded, (2024, 12, 1), (2025, 3, 1)) == ["2025-01-14", "2025-01-21"]
    found = slots(bounded, YEAR, date(2025, 1, 1), date(2025, 3, 1))
    assert Note.FIRST in found[0].notes and Note.LAST in found[1].notes
    assert Note.FIRST not in found[1].notes and Note.LAST not in found[0].notes


def test_a_day_knows_its_term() -> None:
    inside = term_of(YEAR, date(2025, 1, 6))
    assert inside is not None and inside.name == "Spring 2025"
    assert term_of(YEAR, date(2025, 2, 17)) is None
    assert term_of(YEAR, date(2025, 1, 5)) is None


def test_the_29th_of_february_is_a_day_like_others() -> None:
    leap = Calendar(LONDON, (Term("Spring 2028", date(2028, 1, 4), date(2028, 3, 31)),))
    found = edition_days(WEEKLY, leap, date(2028, 2, 23), date(2028, 3, 7))
    assert found == (date(2028, 2, 29), date(2028, 3, 7))
    assert cut_off(WEEKLY, leap, date(2028, 3, 5)).date() == date(2028, 2, 29)


# --- moments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "utc"), [(date(2025, 3, 25), 9), (date(2025, 4, 1), 8), (date(2025, 10, 21), 8), (date(2025, 10, 28), 9)]
)
def test_nine_o_clock_is_nine_o_clock_on_both_sides_of_a_clock_change(day: date, utc: int) -> None:
    moment = sending(WEEKLY, YEAR, day)
    assert (moment.hour, moment.astimezone(UTC).hour) == (9, utc)


def test_a_cut_off_before_a_clock_change_keeps_its_own_clock() -> None:
    closes = cut_off(WEEKLY, YEAR, date(2025, 4, 1))
    assert closes == datetime(2025, 3, 27, 12, tzinfo=UTC)
    assert sending(WEEKLY, YEAR, date(2025, 4, 1)) - closes == timedelta(
        days=4, hours=21
    )  # clock time, as it is spoken


def test_copy_closes_on_the_thursday_before() -> None:
    assert cut_off(WEEKLY, YEAR, date(2025, 1, 14)) == datetime(2025, 1, 9, 12, tzinfo=LONDON)


def test_a_moved_edition_keeps_the_cut_off_of_its_week() -> None:
    assert cut_off(MONDAYS, YEAR, date(2025, 5, 6)) == cut_off(MONDAYS, YEAR, date(2025, 5, 5))


def test_copy_closes_earlier_when_the_cut_off_is_a_bank_holiday() -> None:
    january = Calendar(LONDON, (Term("Spring 2026", date(2026, 1, 5), date(2026, 3, 27)),))
    assert cut_off(WEEKLY, january, date(2026, 1, 6)).date() == date(2025, 12, 31)
    assert Note.CUT_OFF_EARLIER in slots(WEEKLY, january, date(2026, 1, 6), date(2026, 1, 6))[0].notes
    after_easter = replace(WEEKLY, cut_off_days=1)
    assert cut_off(after_easter, YEAR, date(2025, 4, 22)).date() == date(2025, 4, 17)


@pytest.fixture(params=["America/Los_Angeles", "Pacific/Kiritimati"])
def far_away(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    clock.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    clock.tzset()


@pytest.mark.usefixtures("far_away")
def test_the_machine_s_own_zone_changes_nothing() -> None:
    slot = next_slot(WEEKLY, YEAR, datetime(2025, 1, 13, 23, 30, tzinfo=UTC))
    assert slot is not None
    assert slot.sends.isoformat() == "2025-01-14T09:00:00+00:00"
    assert slot.cut_off.isoformat() == "2025-01-09T12:00:00+00:00"


# --- slots -----------------------------------------------------------------------------------------------------------


def notes_of(first: date, last: date) -> dict[str, set[str]]:
    return {slot.day.isoformat(): {str(note) for note in slot.notes} for slot in slots(WEEKLY, YEAR, first, last)}


def test_the_ends_of_terms_and_the_edges_of_breaks_are_marked() -> None:
    spring = notes_of(date(2025, 1, 1), date(2025, 4, 20))
    assert spring["2025-01-07"] == {"first-of-term"}
    assert spring["2025-01-14"] == set()
    assert spring["2025-02-11"] == {"before-break"}
    assert spring["2025-02-25"] == {"after-break"}
    assert spring["2025-04-01"] == {"last-of-term"}


def test_marks_do_not_depend_on_the_span_that_is_asked_for() -> None:
    assert notes_of(date(2025, 1, 14), date(2025, 1, 14)) == {"2025-01-14": set()}


def test_a_moved_edition_is_marked() -> None:
    (slot,) = slots(MONDAYS, YEAR, date(2025, 5, 5), date(2025, 5, 9))
    assert (slot.day, slot.notes) == (date(2025, 5, 6), {Note.MOVED})


def test_the_next_edition_is_the_first_that_goes_out_later() -> None:
    before = next_slot(WEEKLY, YEAR, datetime(2025, 1, 14, 8, 59, tzinfo=LONDON))
    at_once = next_slot(WEEKLY, YEAR, datetime(2025, 1, 14, 9, 0, tzinfo=LONDON))
    assert before is not None and before.day == date(2025, 1, 14)
    assert at_once is not None and at_once.day == date(2025, 1, 21)


def test_after_the_last_known_term_there_is_no_next_edition() -> None:
    assert next_slot(WEEKLY, YEAR, datetime(2025, 8, 1, tzinfo=UTC)) is None
    assert next_slot(WEEKLY, Calendar(LONDON), datetime(2025, 1, 1, tzinfo=UTC)) is None


def test_copy_handed_in_after_the_cut_off_waits_a_week() -> None:
    in_time = next_open_slot(WEEKLY, YEAR, datetime(2025, 1, 9, 11, 59, tzinfo=LONDON))
    too_late = next_open_slot(WEEKLY, YEAR, datetime(2025, 1, 9, 12, 0, tzinfo=LONDON))
    assert in_time is not None and in_time.day == date(2025, 1, 14)
    assert too_late is not None and too_late.day == date(2025, 1, 21)


def test_a_moment_in_the_hour_that_comes_twice_is_compared_in_utc() -> None:
    night = Calendar(LONDON, (Term("Autumn 2025", date(2025, 9, 1), date(2025, 12, 19)),))
    sundays = replace(WEEKLY, weekday=6, at=time(1, 30))  # 26 October 2025, 01:30 summer time, then again
    slot = next_slot(sundays, night, datetime(2025, 10, 26, 1, 15, tzinfo=LONDON, fold=1))
    assert slot is not None and slot.day == date(2025, 11, 2)


def edition(bulletin: str, day: date, number: int | None) -> Edition:
    return Edition(bulletin=bulletin, day=day, source=Source(""), subject="", preheader="", number=number)


def test_numbers_go_on_from_the_bulletins_it_succeeds() -> None:
    known = known_numbers([edition("together", date(2024, 12, 9), 11), edition("send", date(2024, 12, 9), 40)], WEEKLY)
    found = slots(WEEKLY, YEAR, date(2025, 1, 7), date(2025, 1, 21), known)
    assert [slot.number for slot in found] == [12, 13, 14]


def test_a_number_that_is_known_is_kept_and_the_next_go_on_from_it() -> None:
    known = {date(2025, 1, 7): 12, date(2025, 1, 16): 13, date(2025, 1, 28): 20}
    found = slots(WEEKLY, YEAR, date(2025, 1, 7), date(2025, 2, 4), known)
    assert [slot.number for slot in found] == [12, 13, 14, 20, 21]


def test_a_bulletin_that_is_not_numbered_has_no_numbers() -> None:
    found = slots(replace(WEEKLY, numbered=False), YEAR, date(2025, 1, 7), date(2025, 1, 7), {date(2024, 12, 9): 11})
    assert found[0].number is None


def test_a_slot_names_its_term() -> None:
    assert slots(WEEKLY, YEAR, date(2025, 1, 7), date(2025, 1, 7))[0].term == "Spring 2025"
