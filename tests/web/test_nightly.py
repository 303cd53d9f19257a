"""What must be forgotten is forgotten by the site itself, once a night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import db
from desk.readers.register import open_register
from desk.settings import load
from desk.starting import make_house
from desk.web.nightly import is_due, keep_house
from subscribers import retention

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2025, 7, 1, 11, tzinfo=UTC)
NIGHT = datetime(2025, 7, 2, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (None, NOON, True),
        (NOON, NOON + timedelta(hours=1), False),
        (NOON, NIGHT, True),
        (NIGHT, NIGHT + timedelta(minutes=30), False),
        (NIGHT, NIGHT + timedelta(hours=30), False),
        (NIGHT, NIGHT + timedelta(hours=48), True),
    ],
)
def test_it_is_due_once_a_night_and_at_once_when_a_night_was_missed(
    last: datetime | None, now: datetime, due: bool
) -> None:
    assert is_due(last, now, LONDON) is due


def test_the_house_is_kept_once_and_it_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    make_house(tmp_path / "house")
    register = open_register(load(tmp_path / "house", environ={}))
    assert [keep_house(register, NOON), keep_house(register, NOON), keep_house(register, NIGHT)] == [True, False, True]
    with db.reading(register.engine) as connection:
        assert retention.last_run(connection) == NIGHT
    register.engine.dispose()
