"""The link in a confirmation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.web.place import Place


def _asked(place: Place) -> str:
    place.reader().sign_up("head@school.example.org")
    return place.mail[-1].link("confirm")


def test_looking_changes_nothing_however_often(place: Place) -> None:
    link = _asked(place)
    before = place.everything()
    client = place.app.test_client()
    for _ in range(100):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(link, method=method).status_code == 200
    assert place.everything() == before


def test_a_link_works_once(place: Place) -> None:
    link = _asked(place)
    reader = place.reader()
    assert reader.post(link).status_code == 200
    again = reader.client.post(link, data={"form": ""})
    assert again.status_code == 400  # without the form nothing happens at all
    assert "This link has done its work" in reader.get(link).text
    assert len(place.mail) == 2


def test_a_link_works_for_seven_days(place: Place) -> None:
    link = _asked(place)
    place.clock.at += timedelta(days=6, hours=23)
    assert place.reader().get(link).status_code == 200
    place.clock.at += timedelta(hours=2)
    assert "ask again" in place.reader().get(link).text


@pytest.mark.parametrize("token", ["x", "A" * 32, "%00", "ü", "a" * 5000])
def test_an_unknown_link_gets_the_same_kind_page_as_a_used_one(place: Place, token: str) -> None:
    answer = place.reader().get(f"/confirm/{token}")
    assert answer.status_code == 404
    assert "This link has done its work" in answer.text


def test_an_address_moves_when_both_mailboxes_have_said_yes(place: Place) -> None:
    reader = place.reader()
    preferences = reader.subscribe("old@school.example.org").link("preferences")
    assert "new@school.example.org" in reader.post(f"{preferences}/address", {"address": "new@school.example.org"}).text
    [new] = place.mail_to("new@school.example.org")
    old = place.mail_to("old@school.example.org")[-1]
    assert "One more press" in reader.post(new.link("confirm")).text
    assert "old@school.example.org" in reader.get(preferences).text
    assert "Your address has changed" in reader.post(old.link("confirm")).text
    assert "new@school.example.org" in reader.get(preferences).text
    assert place.mail_to("new@school.example.org")[-1].subject.startswith("Your choices have changed")
