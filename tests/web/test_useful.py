"""One question about an item: answered by pressing, never by looking, and nobody is remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import db
from delivery import useful as said
from tests.editions import ROOT
from tests.web.place import Clock, Place, make_house

ITEM = "/useful/weekly/2025-01-14/welcome-to-one-update"
HIDDEN = "/useful/ecourier/2024-12-10/element-3-funding"


def totals(place: Place, bulletin: str = "weekly", day: str = "2025-01-14") -> dict[str, tuple[int, int]]:
    with db.reading(place.engine) as connection:
        return said.totals(connection, bulletin, day)


def test_looking_counts_nothing_and_pressing_counts_once(place: Place) -> None:
    before, reader = place.everything(), place.reader()
    page = reader.get(ITEM)
    for method in ("get", "head", "options"):
        for _ in range(20):
            getattr(reader.client, method)(ITEM)
    assert place.everything() == before
    assert "Welcome to one update, every Tuesday in term" in page.text
    assert 'name="robots" content="noindex' in page.text
    assert "Your answer is counted" in reader.post(ITEM, {"answer": "yes"}).text
    reader.post(ITEM, {"answer": "no"})
    assert totals(place) == {"welcome-to-one-update": (1, 1)}


def test_an_answer_that_is_none_or_comes_from_elsewhere_counts_nothing(place: Place) -> None:
    reader = place.reader()
    assert reader.post(ITEM, {"answer": "maybe"}).status_code == 422
    assert reader.client.post(ITEM, data={"answer": "yes"}).status_code == 400
    headers = {"Origin": "https://elsewhere.example"}
    assert reader.post(ITEM, {"answer": "yes"}, headers=headers).status_code in (400, 403)
    assert totals(place) == {}


def test_an_item_for_subscribers_looks_like_one_that_does_not_exist_and_is_counted(place: Place) -> None:
    reader = place.reader()
    hidden, nothing = reader.get(HIDDEN), reader.get("/useful/ecourier/2024-12-10/no-such-item")
    assert hidden.status_code == nothing.status_code == 200
    assert "Element 3" not in hidden.text
    for page in ("element-3-funding", "no-such-item"):
        assert reader.post(f"/useful/ecourier/2024-12-10/{page}", {"answer": "yes"}).status_code == 200
    assert totals(place, "ecourier", "2024-12-10") == {"element-3-funding": (1, 0)}


def test_what_has_not_gone_out_or_was_never_ours_is_not_there(open_place: Callable[..., Place]) -> None:
    place = open_place(clock=Clock(datetime(2025, 1, 10, 9, tzinfo=UTC)))
    reader = place.reader()
    for path in (ITEM, "/useful/weekly/2025-01-07/x", "/useful/x/2025-01-14/x", f"{HIDDEN}%00", f"{HIDDEN}/.."):
        assert reader.get(path).status_code == 404, path


def test_a_bulletin_that_asks_nothing_has_no_such_page(open_place: Callable[..., Place], tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    said = (ROOT / "bulletin.toml").read_text().replace("[bulletins.weekly]", "[bulletins.weekly]\nasks = false", 1)
    (tmp_path / "house" / "bulletin.toml").write_text(said)
    place = open_place(make_house(tmp_path / "house"))
    assert place.reader().get(ITEM).status_code == 404
    assert place.reader().get(HIDDEN).status_code == 200


def test_one_person_pressing_all_day_is_not_a_crowd(place: Place) -> None:
    reader = place.reader()
    codes = [reader.post(ITEM, {"answer": "yes"}).status_code for _ in range(20)]
    assert codes.count(200) < 12 and codes[-1] == 429
    assert totals(place)["welcome-to-one-update"][0] == codes.count(200)
