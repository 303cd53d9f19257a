"""Leaving: one press, for ever, from anywhere, and never by accident."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

import db
from delivery.ledger import books
from subscribers.tokens import signed_link
from tests.delivery.house import frozen
from tests.web.conftest import KEYS
from tests.web.place import Place

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def leave(place: Place) -> str:
    """The path of the link in a reader's letter."""
    return place.reader().subscribe("head@school.example.org").link("unsubscribe")


def _open(place: Place) -> list[str]:
    return [row[2] for row in place.everything()["subscription"] if row[10] is None]


def test_no_scanner_can_press_it(place: Place, leave: str) -> None:
    before = place.everything()
    client = place.app.test_client()
    for _ in range(100):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert client.open(leave, method=method).status_code == 200
    assert place.everything() == before


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"data": ONE_CLICK, "content_type": "multipart/form-data"},
        {"data": b"", "content_type": "text/plain"},
        {"data": b"\xff\x00nonsense", "content_type": "multipart/form-data; boundary=x"},
        {"data": b"List-Unsubscribe=One-Click" + b"x" * 200_000, "content_type": "application/x-www-form-urlencoded"},
        {},
    ],
)
def test_one_press_from_a_mail_programme_needs_no_cookie_and_no_form(
    place: Place, leave: str, body: dict[str, Any]
) -> None:
    answer = place.app.test_client(use_cookies=False).post(leave, **body)
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert _open(place) == []


def test_a_press_from_another_website_counts_too(place: Place, leave: str) -> None:
    """Webmail sends it from its own pages (RFC 8058 has no notion of an origin)."""
    far = {"Origin": "https://webmail.example", "Sec-Fetch-Site": "cross-site"}
    assert place.app.test_client().post(leave, data=ONE_CLICK, headers=far).status_code == 200
    assert _open(place) == []


def test_pressing_often_says_goodbye_once(place: Place, leave: str) -> None:
    pages = {re.sub(r'value="[^"]+"', "", place.app.test_client().post(leave, data=ONE_CLICK).text) for _ in range(5)}
    assert len(pages) == 1
    assert [mail.subject for mail in place.mail].count("You will not get Together: weekly update any more") == 1
    assert place.mail[-1].message["Auto-Submitted"] == "auto-generated"


def test_what_has_not_been_sent_yet_is_withdrawn_in_the_same_moment(place: Place, leave: str) -> None:
    mailing = frozen(place.engine, 3)  # reader number 1 is one of its three
    place.app.test_client().post(leave, data=ONE_CLICK)
    with db.reading(place.engine) as connection:
        counts = books.counts(connection, mailing)
        assert (counts.queued, counts.withdrawn) == (2, 1)


def test_erased_is_forgotten_by_the_mailings_too(place: Place) -> None:
    reader = place.reader()
    preferences = reader.subscribe("reader1@school1.example").link("preferences")
    frozen(place.engine, 3)
    reader.post(f"{preferences}/erase")
    assert "reader1@school1.example" not in str(place.everything())


def test_the_link_works_years_later(place: Place, leave: str) -> None:
    place.clock.at += timedelta(days=3650)
    assert place.app.test_client().post(leave).status_code == 200
    assert _open(place) == []


def test_a_reader_may_leave_one_bulletin_or_all(place: Place) -> None:
    reader = place.reader()
    reader.subscribe("head@school.example.org", bulletin=["weekly", "send"])
    weekly = f"/unsubscribe/{signed_link(KEYS, 'unsubscribe', 1, 'weekly')}"
    reader.client.post(weekly)
    assert _open(place) == ["send"]
    reader.client.post(weekly, data={"all": "1"})
    assert _open(place) == []


def test_a_slip_can_be_undone_with_the_choices_that_were(place: Place) -> None:
    reader = place.reader()
    leave = reader.subscribe("head@school.example.org", audience=["primary"]).link("unsubscribe")
    reader.client.post(leave)
    answer = reader.post(f"{leave}/undo", form="/subscribe")
    assert "You are back on the list" in answer.text
    preferences = place.mail[-1].link("preferences")
    assert "Primary, and what is for everyone" in reader.get(preferences).text
    assert "You were not put back" in reader.post(f"{leave}/undo", form="/subscribe").text or _open(place) == ["weekly"]


def test_the_goodbye_letter_leads_back_too(place: Place, leave: str) -> None:
    reader = place.reader()
    reader.client.post(leave)
    preferences = place.mail[-1].link("preferences")
    place.clock.at += timedelta(days=90)
    assert "Get it again" in reader.get(preferences).text
    assert reader.post(f"{preferences}/back/weekly", form=preferences).status_code == 303
    assert _open(place) == ["weekly"]


def test_a_reason_is_kept_and_none_is_needed(place: Place, leave: str) -> None:
    reader = place.reader()
    reader.client.post(leave)
    assert "Thank you" in reader.post(f"{leave}/why", {"why": "Zu lang\x00 \ud7ff" + "x" * 900}, form="/subscribe").text
    assert reader.post(f"{leave}/why", {"why": ""}, form="/subscribe").status_code == 200
    assert [row[2] for row in place.everything()["consent_event"]].count("said-why") == 1 or "said-why" in str(
        place.everything()["consent_event"]
    )


def test_the_pages_are_the_same_for_a_reader_who_is_known_and_one_who_is_gone(place: Place, leave: str) -> None:
    gone = f"/unsubscribe/{signed_link(KEYS, 'unsubscribe', 999_999, 'weekly')}"
    client = place.app.test_client()
    assert client.get(gone).data == client.get(leave).data

    def pressed(path: str) -> str:
        page = client.post(path).text.replace(path, "PATH")
        return re.sub(r'value="[^"]+"', "", page)

    assert pressed(gone) == pressed(leave)


@pytest.mark.parametrize("token", ["", "x", "%2e%2e", "A" * 40, "ü", "x" * 4000])
def test_a_link_that_was_cut_is_told_so_and_never_pretends(place: Place, leave: str, token: str) -> None:
    for path in (f"/unsubscribe/{token}", leave[:-1], f"{leave}A"):
        answer = place.app.test_client().post(path, data=ONE_CLICK)
        assert answer.status_code in (404, 405), path
        assert "off the list" not in answer.text
    assert _open(place) == ["weekly"]


def test_a_link_for_one_thing_is_none_for_another(place: Place) -> None:
    preferences = place.reader().subscribe("head@school.example.org").link("preferences")
    assert place.reader().get(preferences.replace("preferences", "unsubscribe")).status_code == 404
