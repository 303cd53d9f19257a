"""Dates as people write them in, and as they are said back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.dates import read_clock, read_moment, say, say_clock, say_moment, say_span, week_of
from builder.model import Moment

LONDON = ZoneInfo("Europe/London")
SUMMIT = date(2025, 2, 14)


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-14", "14 February 2025", "Friday 14 February 2025", "Friday, 14 February 2025", "14th Feb 2025",
        "fri 14 feb 2025", "14/02/2025", "14/2/2025",
    ],
)  # fmt: skip
def test_a_day_can_be_written_in_many_ways(text: str) -> None:
    assert read_moment(text, LONDON) == Moment(SUMMIT)


@pytest.mark.parametrize(
    "text",
    [
        "2025-02-14 10:00", "2025-02-14T10:00", "14 February 2025, 10am", "Friday 14 February 2025 at 10am",
        "14 February 2025 10.00am", "14 February 2025, 10:00", "2025-02-14T10:00:00+00:00", "2025-02-14T10:00Z",
    ],
)  # fmt: skip
def test_a_day_can_have_a_time(text: str) -> None:
    assert read_moment(text, LONDON) == Moment(SUMMIT, time(10))


def test_a_time_with_an_offset_is_put_on_the_publisher_s_clock() -> None:
    assert read_moment("2025-06-30T23:30Z", LONDON) == Moment(date(2025, 7, 1), time(0, 30))


def test_the_weekday_must_be_the_date_s() -> None:
    with pytest.raises(ValueError, match="14 January 2025 is a Tuesday, not a Monday"):
        read_moment("Monday 14 January 2025", LONDON)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2025-02-30", "30 February 2025", "32/01/2025", "01/13/2025", "14 Janvier 2025", "2025-1-4",
        "2025-02-14 25:00", "14 February 2025, 13pm", "14 February 2025, 10.75", "14 February", "tomorrow",
        "0001-01-01T00:00+14:00", "9999-12-31T23:59-05:00", "9999-12-31", "14 February 0205", "2025-02-14T",
    ],
)  # fmt: skip
def test_what_is_no_date_is_told_with_what_was_written(text: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        read_moment(text, LONDON)
    assert str(caught.value).endswith(".")


@given(st.text(max_size=40))
def test_no_text_raises_anything_but_a_value_error(text: str) -> None:
    try:
        read_moment(text, LONDON)
    except ValueError:
        return


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.none() | st.times())
def test_what_is_said_can_be_read_again(day: date, at: time | None) -> None:
    moment = Moment(day, at.replace(second=0, microsecond=0, fold=0) if at else None)
    assert read_moment(say_moment(moment), LONDON) == moment


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("10am", time(10)), ("2.30pm", time(14, 30)), ("14:30", time(14, 30)), ("12am", time(0)), ("12pm", time(12)),
        ("noon", time(12)), ("midday", time(12)), ("midnight", time(0)), ("9", time(9)),
    ],
)  # fmt: skip
def test_a_clock_is_read(text: str, at: time) -> None:
    assert read_clock(text) == at


@pytest.mark.parametrize("text", ["25:00", "13pm", "0am", "10:60", "ten", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        read_clock(text)


@pytest.mark.parametrize(
    ("at", "said"),
    [(time(9), "9am"), (time(14, 30), "2.30pm"), (time(12), "noon"), (time(0), "midnight"), (time(0, 5), "12.05am")],
)
def test_a_clock_is_said(at: time, said: str) -> None:
    assert say_clock(at) == said


def test_dates_are_said_without_a_leading_zero() -> None:
    assert say(date(2024, 12, 9)) == "Monday 9 December 2024"


def test_a_span_of_one_day_says_it_once() -> None:
    assert say_span(Moment(SUMMIT, time(10)), Moment(SUMMIT, time(16))) == "Friday 14 February 2025, 10am to 4pm"
    assert say_span(Moment(SUMMIT), None) == "Friday 14 February 2025"
    assert say_span(Moment(SUMMIT), Moment(SUMMIT)) == "Friday 14 February 2025"


def test_a_span_of_several_days_says_both() -> None:
    said = say_span(Moment(SUMMIT), Moment(date(2025, 2, 15)))
    assert said == "Friday 14 February 2025 to Saturday 15 February 2025"


def test_a_bare_day_lasts_until_its_midnight() -> None:
    assert Moment(SUMMIT).end(LONDON) == datetime(2025, 2, 15, tzinfo=UTC)
    assert Moment(SUMMIT, time(16)).end(LONDON) == datetime(2025, 2, 14, 16, tzinfo=UTC)


def test_a_day_that_is_an_hour_short_still_ends_at_midnight() -> None:
    assert Moment(date(2025, 3, 30)).end(LONDON).astimezone(UTC) == datetime(2025, 3, 30, 23, tzinfo=UTC)


def test_a_week_begins_on_monday() -> None:
    assert week_of(date(2024, 3, 3)) == date(2024, 2, 26)
