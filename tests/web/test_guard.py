"""What every answer carries, and which forms are taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desk.settings import SettingsError
from tests.web.place import Place, make_house

PAGES = [
    *("/", "/subscribe", "/confirm/x", "/unsubscribe/x", "/preferences/x", "/nothing/here", "/style.css", "/feed.xml"),
    *("/editions", "/public.css", "/images/none.jpg", "/%00", "/..%2f..%2fetc/passwd"),
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "TRACE"])
def test_every_answer_is_dressed(place: Place, path: str, method: str) -> None:
    answer = place.app.test_client().open(path, method=method, buffered=True)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.status_code < 500
    assert "Traceback" not in answer.text


def test_personal_pages_are_kept_nowhere(place: Place) -> None:
    preferences = place.reader().subscribe("head@school.example.org").link("preferences")
    for path in (preferences, "/subscribe", "/unsubscribe/x"):
        assert place.reader().get(path).headers["Cache-Control"] == "no-store"


def test_https_is_for_ever_and_the_cookie_is_bound_to_the_host(place: Place) -> None:
    answer = place.app.test_client().get("/subscribe", base_url="https://together.norfolk.example")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-form=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
    assert "Domain" not in cookie


def test_pages_without_a_form_set_no_cookie(place: Place) -> None:
    for path in ("/", "/unsubscribe/x", "/confirm/x", "/nothing"):
        assert "Set-Cookie" not in place.app.test_client().get(path, buffered=True).headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://[broken"},
    ],
)
def test_a_form_from_elsewhere_is_refused(place: Place, headers: dict[str, str]) -> None:
    reader = place.reader()
    preferences = reader.subscribe("head@school.example.org").link("preferences")
    before = place.everything()
    for path in ("/subscribe", f"{preferences}/erase"):
        assert reader.post(path, {"address": "x@school.example.org"}, headers=headers).status_code == 403
    assert place.everything() == before


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "none"}]
)
def test_a_form_of_our_own_is_taken(place: Place, headers: dict[str, str]) -> None:
    answer = place.reader().post(
        "/subscribe", {"address": "x@school.example.org", "bulletin": "weekly"}, headers=headers
    )
    assert answer.status_code == 200


def test_a_form_without_its_token_changes_nothing(place: Place) -> None:
    reader = place.reader()
    welcome = reader.subscribe("head@school.example.org")
    preferences, leave = welcome.link("preferences"), welcome.link("unsubscribe")
    paths = ["choices/weekly", "pause/weekly", "address", "data", "erase", "back/weekly"]
    before = place.everything()
    stranger = place.reader()
    stranger.get("/subscribe")
    for path in [*(f"{preferences}/{path}" for path in paths), f"{leave}/undo", f"{leave}/why", "/confirm/x"]:
        for token in ("", "0.0", "zz.zz", reader.get("/subscribe").text.split('name="form" value="')[1].split('"')[0]):
            answer = stranger.client.post(path, data={"form": token, "address": "y@school.example.org"})
            assert answer.status_code == 400, path
    assert place.everything() == before


def test_a_form_is_good_for_twelve_hours(place: Place) -> None:
    from datetime import timedelta

    reader = place.reader()
    shown = reader.get("/subscribe").text.split('name="form" value="')[1].split('"')[0]
    place.clock.at += timedelta(hours=13)
    filled = {"form": shown, "address": "x@school.example.org", "bulletin": "weekly"}
    answer = reader.client.post("/subscribe", data=filled)
    assert answer.status_code == 422
    assert "x@school.example.org" in answer.text


def test_a_body_that_is_too_large_is_refused_calmly(place: Place) -> None:
    answer = place.app.test_client().post("/subscribe", data={"address": "x" * 100_000})
    assert answer.status_code == 413
    assert "That is too long" in answer.text


def test_only_a_trusted_proxy_says_who_is_asking(open_place: Callable[..., Place], house_folder: Path) -> None:
    forwarded = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    alone = open_place()
    assert "Strict-Transport-Security" not in alone.reader().get("/subscribe", headers=forwarded).headers
    behind = open_place(make_house(house_folder, more={"BULLETIN__DESK__TRUSTED_PROXIES": "1"}))
    assert "Strict-Transport-Security" in behind.reader().get("/subscribe", headers=forwarded).headers


def test_a_wrong_number_of_proxies_is_told(open_place: Callable[..., Place], house_folder: Path) -> None:
    with pytest.raises(SettingsError, match="trusted-proxies"):
        open_place(make_house(house_folder, more={"BULLETIN__DESK__TRUSTED_PROXIES": "many"}))
