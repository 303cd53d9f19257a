"""Dates as people type and paste them: understood where two people would agree, else told at the box that is wrong."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.dates import say_moment
from builder.model import Moment
from desk.dateboxes import Boxes, boxes_of, read, shown

TUESDAY = date(2025, 1, 14)


@pytest.mark.parametrize(
    "pasted",
    [
        "14 January 2025", "2025-01-14", "14/1/25", "14/01/2025", "14.1.2025", "14-1-2025", "14th January 2025", "14 Jan 2025",
        "Tuesday 14 January 2025", "Tue, 14 Jan 2025", "Tues 14th of January, 2025", "January 14, 2025", "14  jan.  2025",
        "14 1 2025", "2025/1/14",
    ],
)  # fmt: skip
def test_a_whole_date_in_the_first_box_is_understood(pasted: str) -> None:
    assert shown(pasted) == Boxes("14", "1", "2025")


@pytest.mark.parametrize(
    "pasted", ["14 January 2025, 2.30pm", "2025-01-14T14:30", "Tuesday 14 January 2025 at 2:30 p.m."]
)
def test_a_time_that_comes_along_goes_into_its_box(pasted: str) -> None:
    assert read(Boxes(pasted)) == (Moment(TUESDAY, time(14, 30)), ())


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        (Boxes("14", "", ""), {"month": "missing-month-year"}),
        (Boxes("14 January"), {"year": "missing-year"}),
        (Boxes(time="10am"), {"day": "missing-day-month-year"}),
        (Boxes("32", "1", "2025"), {"day": "day"}),
        (Boxes("0", "13", "25x"), {"day": "day", "month": "month-number", "year": "year"}),
        (Boxes("31", "6", "2025"), {"day": "day-of-30"}),
        (Boxes("29", "2", "2025"), {"day": "day-of-28"}),
        (Boxes("30", "2", "2024"), {"day": "day-of-29"}),
        (Boxes("1", "Febuary", "2025"), {"month": "month-near"}),
        (Boxes("1", "Xyz", "2025"), {"month": "month"}),
        (Boxes("1", "1", "1025"), {"year": "year-far"}),
        (Boxes("1", "1", "2025", "25:00"), {"time": "time"}),
        (Boxes("Monday 14 January 2025"), {"day": "weekday"}),
        (Boxes("1/14/2025"), {"day": "month-first"}),
        (Boxes("25-01-14"), {"day": "two-ways"}),
        (Boxes("next week"), {"day": "whole"}),
        (Boxes("14 January 2025, 10am", time="9am"), {"time": "two-times"}),
        (Boxes("9" * 400), {"day": "day", "month": "missing-month-year"}),
        (Boxes("١٤", "1", "2025"), {"day": "day"}),
    ],
)
def test_each_box_that_is_wrong_is_named(boxes: Boxes, expected: dict[str, str]) -> None:
    moment, wrong = read(boxes)
    assert moment is None
    assert {one.part: one.code for one in wrong} == expected


def test_nothing_is_no_date_and_a_leap_day_is_one() -> None:
    assert read(Boxes()) == (None, ())
    assert read(Boxes("29", "2", "2024"))[0] == Moment(date(2024, 2, 29))


@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0)),
)
def test_whatever_we_say_is_understood_again(day: date, at: time | None) -> None:
    moment = Moment(day, at)
    assert read(boxes_of(moment)) == (moment, ())
    assert read(Boxes(say_moment(moment))) == (moment, ())


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_whatever_is_typed_is_a_moment_or_told(day: str, month: str, year: str, at: str) -> None:
    boxes = Boxes(day, month, year, at)
    moment, wrong = read(boxes)
    assert bool(moment) != bool(wrong) or not boxes
