"""09:00 on a Tuesday in London, once (R8, R9, R10)."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine

from delivery import schedule
from delivery.model import DeliveryError

NINE = time(9)
BEFORE = datetime(2025, 1, 10, 12, tzinfo=UTC)
AT = schedule.moment(date(2025, 1, 14), NINE)


def planned(database: Engine, at: datetime = AT, edition: str = "2025-01-14") -> None:
    with database.begin() as connection:
        schedule.plan(connection, "weekly", edition, at, by="Comms", now=BEFORE, fingerprint="f")


def due(database: Engine, now: datetime) -> list[str]:
    with database.begin() as connection:
        return [one.edition for one in schedule.due(connection, now)]


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2025, 1, 14), 9),
        (date(2025, 3, 25), 9),  # the last Tuesday before the clocks go forward
        (date(2025, 4, 1), 8),
        (date(2025, 10, 21), 8),
        (date(2025, 10, 28), 9),
        (date(2028, 2, 29), 9),
    ],
)
def test_nine_in_london_is_nine_on_the_wall_all_year(day: date, utc: int) -> None:
    assert schedule.moment(day, NINE) == datetime(day.year, day.month, day.day, utc, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_or_repeat_is_one_instant() -> None:
    assert schedule.moment(date(2025, 3, 30), time(1, 30)) == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert schedule.moment(date(2025, 10, 26), time(1, 30)) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_it_fires_once_and_a_clock_that_steps_back_changes_nothing(database: Engine) -> None:
    planned(database)
    assert due(database, AT - timedelta(seconds=1)) == []
    assert due(database, AT) == ["2025-01-14"]
    assert due(database, AT) == due(database, AT - timedelta(hours=1)) == due(database, AT + timedelta(minutes=1)) == []


def test_two_schedulers_at_the_same_moment_take_it_once(database: Engine) -> None:
    planned(database)
    taken: list[str] = []
    threads = [threading.Thread(target=lambda: taken.extend(due(database, AT))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == ["2025-01-14"]


def test_a_machine_that_was_down_for_an_hour_still_sends_and_after_a_day_asks(database: Engine) -> None:
    planned(database)
    planned(database, AT + timedelta(days=7), "2025-01-21")
    assert due(database, AT + timedelta(hours=1)) == ["2025-01-14"]
    assert due(database, AT + timedelta(days=8)) == []
    with database.connect() as connection:
        assert [one.edition for one in schedule.missed(connection)] == ["2025-01-21"]


def test_a_plan_can_be_moved_and_cancelled_until_it_is_taken(database: Engine) -> None:
    planned(database)
    planned(database, AT + timedelta(hours=1))
    assert due(database, AT) == []
    with database.begin() as connection:
        assert schedule.unplan(connection, "weekly", "2025-01-14")
    assert due(database, AT + timedelta(hours=1)) == []
    planned(database)
    assert due(database, AT) == ["2025-01-14"]
    with pytest.raises(DeliveryError, match="already left"):
        planned(database)


def test_the_past_cannot_be_planned(database: Engine) -> None:
    with pytest.raises(DeliveryError, match="is past"):
        planned(database, BEFORE)


def test_an_edit_voids_an_approval(database: Engine) -> None:
    with database.begin() as connection:
        schedule.approve(connection, "weekly", "2025-01-14", "as approved", by="Director", now=BEFORE)
        schedule.approve(connection, "weekly", "2025-01-14", "as approved", by="Somebody", now=BEFORE)
        assert schedule.approved_by(connection, "weekly", "2025-01-14", "as approved") == "Director"
        assert schedule.approved_by(connection, "weekly", "2025-01-14", "edited") is None
