"""Mistakes in [goodnews] are told, all at once."""

from __future__ import annotations

from typing import Any

import pytest

from goodnews.model import GoodNewsError
from goodnews.settings import OLDEST_DAYS, Settings, Source, read_settings

FEED = {"school": "Example Primary School", "url": "https://school.example/feed"}


def test_feeds_are_read() -> None:
    assert read_settings({"feeds": [FEED]}) == Settings((Source(FEED["school"], FEED["url"]),), OLDEST_DAYS)
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"feed": []}, '"feed" is not a setting. Known here: feeds, oldest-days, mailbox,'),
        ({"feeds": "https://school.example"}, "feeds must be a list"),
        ({"feeds": ["https://school.example"]}, "feeds, entry 1: must be like"),
        ({"feeds": [FEED, {"school": "X"}]}, "feeds, entry 2: url is missing"),
        ({"feeds": [{**FEED, "name": "x"}]}, 'feeds, entry 1: "name" is not a setting.'),
        ({"feeds": [{**FEED, "school": " "}]}, "feeds, entry 1: school is missing"),
        ({"feeds": [{**FEED, "url": "school.example"}]}, 'entry 1: "school.example" is not a web address'),
        ({"feeds": [{**FEED, "url": "ftp://school.example"}]}, "must begin with https://"),
        ({"feeds": [FEED, FEED]}, "is listed twice"),
        ({"oldest-days": "x"}, "oldest-days must be a whole number"),
        ({"oldest-days": True}, "oldest-days must be a whole number"),
        ({"oldest-days": 0}, "oldest-days must be a whole number"),
    ],
)
def test_a_mistake_is_told_with_its_place(table: dict[str, Any], told: str) -> None:
    with pytest.raises(GoodNewsError) as error:
        read_settings(table)
    assert told in str(error.value)


def test_all_mistakes_are_told_in_one_pass() -> None:
    with pytest.raises(GoodNewsError) as error:
        read_settings({"x": 1, "oldest-days": -1, "feeds": [1, {"school": 2}]})
    assert len(str(error.value).splitlines()) == 4
