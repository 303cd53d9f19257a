"""A reader's own pages."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.web.place import Place, Reader

ADDRESS = "head@school.example.org"


@pytest.fixture
def reader(place: Place) -> Reader:
    return place.reader()


@pytest.fixture
def preferences(reader: Reader) -> str:
    return reader.subscribe(ADDRESS, audience=["primary"]).link("preferences")


def test_choices_change_and_a_letter_says_so(place: Place, reader: Reader, preferences: str) -> None:
    page = f"{preferences}/choices/weekly"
    wanted = {"audience": ["primary", "senco"], "amount": "selection", "frequency": "actions-at-once"}
    assert reader.post(page, wanted).status_code == 303
    letter = place.mail[-1]
    assert letter.subject == "Your choices have changed: Together: weekly update"
    assert "Primary, SENCO, and what is for everyone; everything else left out." in letter.text
    assert "also come at once" in letter.text
    shown = reader.get(f"{preferences}?done=choices").text
    assert "Your choices are saved." in shown
    assert "Primary, SENCO" in shown


def test_the_same_choices_again_are_no_change(place: Place, reader: Reader, preferences: str) -> None:
    before, letters = place.everything(), len(place.mail)
    reader.post(f"{preferences}/choices/weekly", {"audience": "primary", "amount": "selection", "frequency": "weekly"})
    assert place.everything() == before
    assert len(place.mail) == letters


def test_many_changes_are_not_many_letters(place: Place, reader: Reader, preferences: str) -> None:
    place.clock.step = timedelta(milliseconds=1)
    for number in range(10):
        tag = ("secondary", "special")[number % 2]
        reader.post(f"{preferences}/choices/weekly", {"audience": tag, "amount": "selection"})
    assert [mail.subject[:12] for mail in place.mail].count("Your choices") == 3


@pytest.mark.parametrize("typed", ["2025-03-03", "3 March 2025", "3/3/2025"])
def test_a_break_lasts_until_its_day(place: Place, reader: Reader, preferences: str, typed: str) -> None:
    assert reader.post(f"{preferences}/pause/weekly", {"until": typed}).status_code == 303
    assert "Letters start again on Monday 3 March 2025" in reader.get(preferences).text
    assert "Nothing until Monday 3 March 2025" in place.mail[-1].text
    place.clock.at += timedelta(days=60)
    assert "taking a break" not in reader.get(preferences).text


def test_a_break_can_be_ended(reader: Reader, preferences: str) -> None:
    reader.post(f"{preferences}/pause/weekly", {"until": "2025-03-03"})
    reader.post(f"{preferences}/pause/weekly", {"resume": "yes"})
    assert "taking a break" not in reader.get(preferences).text


@pytest.mark.parametrize(
    "typed", ["", "soon", "2025-01-22", "1999-01-01", "2027-01-01", "31/2/2025", "9" * 400, "\x00"]
)
def test_a_day_that_cannot_be_is_told_and_changes_nothing(reader: Reader, preferences: str, typed: str) -> None:
    answer = reader.post(f"{preferences}/pause/weekly", {"until": typed})
    assert answer.status_code == 422
    assert 'href="#until-' in answer.text


def test_a_new_address_must_be_one_and_another_one(place: Place, reader: Reader, preferences: str) -> None:
    letters = len(place.mail)
    for typed in ("", "nobody", "HEAD@SCHOOL.example.org"):
        assert reader.post(f"{preferences}/address", {"address": typed}).status_code == 422
    assert len(place.mail) == letters


def test_the_answer_to_a_new_address_does_not_tell_who_has_it(place: Place, reader: Reader, preferences: str) -> None:
    place.reader().subscribe("known@school.example.org")
    pages = {
        reader.post(f"{preferences}/address", {"address": f"{who}@school.example.org"}).text.replace(who, "WHO")
        for who in ("known", "other")
    }
    assert len(pages) == 1


def test_everything_held_can_be_taken_along(reader: Reader, preferences: str) -> None:
    answer = reader.post(f"{preferences}/data", form=preferences)
    assert answer.mimetype == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    held = json.loads(answer.data)
    assert held["address"] == ADDRESS
    assert held["subscriptions"][0]["choices"]["audiences"] == ["primary"]


def test_erased_is_erased_in_the_database_and_in_the_mailbox(place: Place, reader: Reader, preferences: str) -> None:
    other = place.reader().subscribe("other@school.example.org")
    assert "Erase everything" in reader.get(f"{preferences}/erase").text
    assert "You are erased" in reader.post(f"{preferences}/erase").text
    held = str(place.everything()) + "".join(str(mail.raw) for mail in place.mail)
    assert ADDRESS not in held
    assert other.raw in [mail.raw for mail in place.mail]
    assert "nothing about its reader" in reader.get(preferences).text
    assert [row[2] for row in place.everything()["suppression"]] == ["erased"]


def test_no_look_at_any_page_changes_anything(place: Place, reader: Reader, preferences: str) -> None:
    before = place.everything()
    for page in ("", "/choices/weekly", "/pause/weekly", "/address", "/erase", "/data", "/back/weekly"):
        for method in ("GET", "HEAD", "OPTIONS"):
            reader.client.open(preferences + page, method=method)
    assert place.everything() == before


def test_what_a_reader_does_not_get_cannot_be_changed(reader: Reader, preferences: str) -> None:
    for page in ("/choices/send", "/pause/send", "/choices/nothing", "/choices/%00"):
        assert reader.get(preferences + page).status_code == 404


def test_a_letter_that_cannot_be_kept_does_not_undo_what_was_done(
    place: Place, reader: Reader, preferences: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    answer = reader.post(f"{preferences}/choices/weekly", {"audience": "special", "amount": "selection"})
    assert answer.status_code == 303
    assert "Special" in reader.get(preferences).text
