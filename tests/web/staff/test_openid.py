"""Signing in by the council's own account, against a real provider on loopback; and every way in which it must not work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.test import TestResponse

import db
from desk.keeping import read_keeping
from desk.settings import Settings, SettingsError
from desk.staff import openid, store
from desk.staff.openid import OpenIdError
from tests.web.place import Clock, Place, Reader, make_house
from tests.web.staff.provider import CLIENT, SECRET, Provider, providing

clock = Clock()


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with providing(lambda: clock.at) as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    """As it should be; what the last test broke is mended."""
    running.who, running.break_it, running.sign = {"email": "writer@norfolk.example"}, {}, "RS256"
    running.says_issuer, running.refused = "", []
    return running


def settings_with(house: Path, issuer: str, **others: str) -> Settings:
    secret = house / "secret"
    secret.write_text(f"{SECRET}\n")
    more = {"ISSUER": issuer, "CLIENT_ID": CLIENT, "SECRET_FILE": str(secret), "NAME": "Norfolk", **others}
    return make_house(house, more={f"BULLETIN__DESK__OPENID__{name}": value for name, value in more.items()})


@pytest.fixture
def place(open_place: Callable[..., Place], house_folder: Path, provider: Provider) -> Place:
    found = open_place(settings_with(house_folder, provider.issuer), clock=clock)
    found.at_desk("writer")
    return found


def at_provider(location: str) -> str:
    """The browser there and back: the path with which it comes back to us."""
    answer = requests.get(location, allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def journey(reader: Reader, to: str = "") -> TestResponse:
    return reader.get(at_provider(reader.get(f"/desk/sign-in/openid{to}").location))


def test_whoever_the_council_knows_and_works_here_comes_in_where_they_wanted(place: Place) -> None:
    stranger = place.reader()
    page = stranger.get("/desk/calendar", follow_redirects=True).text
    assert 'href="/desk/sign-in/openid?to=/desk/calendar"' in page and "Sign in with Norfolk" in page
    answer = journey(stranger, "?to=/desk/calendar")
    assert (answer.status_code, answer.location) == (303, "/desk/calendar")
    assert stranger.get("/desk").status_code == 200
    assert [row[3] for row in place.everything()["act"]] == ["signed-in"]


def test_entra_s_user_name_serves_where_it_tells_no_address(place: Place, provider: Provider) -> None:
    provider.who = {"preferred_username": "Writer@Norfolk.example"}
    assert journey(place.reader()).status_code == 303


ENTRA = {"email": "writer@norfolk.example", "tid": "the-tenant", "oid": "the-first"}


def test_an_address_that_was_given_to_another_account_opens_nothing_and_a_renamed_account_does(
    place: Place, provider: Provider
) -> None:
    provider.who = ENTRA
    assert journey(place.reader()).status_code == 303
    provider.who = {**ENTRA, "oid": "the-second", "sub": "2"}
    assert refused(place)
    provider.who = {**ENTRA, "email": "married@norfolk.example"}
    assert journey(place.reader()).status_code == 303
    with db.writing(place.engine) as connection:
        who = next(one for one in store.listed(connection) if one.role == "writer")
        store.disable(connection, who, clock.at)
    assert refused(place)
    with db.writing(place.engine) as connection:
        store.enable(connection, who)
    provider.who = {**ENTRA, "oid": "the-second", "sub": "2"}
    assert journey(place.reader()).status_code == 303


def test_a_role_that_the_settings_ask_for_must_be_named(open_place: Callable[..., Place], house_folder: Path, provider: Provider) -> None:  # fmt: skip
    place = open_place(settings_with(house_folder, provider.issuer, ROLE="Bulletin.Desk"), clock=clock)
    place.at_desk("writer")
    for claims in ({}, {"roles": ["Other"]}, {"roles": "Bulletin"}):
        provider.who = {**ENTRA, **claims}
        assert refused(place), claims
    for claims in ({"roles": ["Other", "Bulletin.Desk"]}, {"groups": ["Bulletin.Desk"]}):
        provider.who = {**ENTRA, **claims}
        assert journey(place.reader()).status_code == 303


def test_clocks_may_differ_by_a_minute_and_no_more(provider: Provider) -> None:
    us, now = openid.Provider(provider.issuer, CLIENT, None, ""), clock.at
    said = {"iss": provider.issuer, "aud": CLIENT, "nonce": "n", "exp": now.timestamp() + 300}
    openid.check({**said, "iat": now.timestamp() + 55, "nbf": now.timestamp() + 55}, us, "n", now)
    openid.check({**said, "iat": now.timestamp(), "exp": now.timestamp() - 55}, us, "n", now)
    for wrong in (
        {"iat": now.timestamp() + 65},
        {"iat": 0, "nbf": now.timestamp() + 65},
        {"iat": 0, "exp": now.timestamp() - 65},
    ):
        with pytest.raises(OpenIdError):
            openid.check({**said, **wrong}, us, "n", now)


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", "{tenantid}"])
def test_an_issuer_of_every_tenant_is_none(house_folder: Path, tenant: str) -> None:
    settings = settings_with(house_folder, f"https://login.microsoftonline.com/{tenant}/v2.0")
    with pytest.raises(SettingsError, match="one tenant"):
        read_keeping(settings)


def refused(place: Place) -> bool:
    """Neither the journey nor anything after it leads in."""
    place.clock.at += timedelta(minutes=5)  # one machine may not try for ever
    stranger = place.reader()
    return journey(stranger).status_code == 403 and stranger.get("/desk").status_code == 303


def test_whoever_does_not_work_here_stays_out(place: Place, provider: Provider) -> None:
    for who in (
        {"email": "somebody@norfolk.example"},
        {"email": "writer@norfolk.example", "email_verified": False},
        {"email": "writer@norfolk.example", "xms_edov": False},
        {"email": "no address"},
        {},
        {"email": ["writer@norfolk.example"]},
        {"email": "writer@norfolk.example", "acct": 1},
        {"email": "writer@norfolk.example", "preferred_username": "w_gmail.com#EXT#@norfolk.onmicrosoft.com"},
        {"email": "writer@norfolk.example", "sub": None},
    ):
        provider.who = who
        assert refused(place), who
    assert "openid-unknown" in [row[3] for row in place.everything()["act"]]


BROKEN: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"iss": None},
    {"aud": "another client"},
    {"aud": [CLIENT, "another"]},
    {"aud": [CLIENT, "another"], "azp": "another"},
    {"azp": "another"},
    {"aud": None},
    {"exp": 1},
    {"exp": None},
    {"exp": "tomorrow"},
    {"iat": 9_999_999_999},
    {"iat": None},
    {"nbf": 9_999_999_999},
    {"nonce": "another"},
    {"nonce": None},
]


def test_a_token_that_is_not_for_us_now_lets_nobody_in(place: Place, provider: Provider) -> None:
    for broken in BROKEN:
        provider.break_it = broken
        assert refused(place), broken


def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(place: Place, provider: Provider) -> None:
    for sign in ("none", "HS256", "another key"):
        provider.sign = sign
        assert refused(place), sign


def test_a_key_that_the_provider_has_changed_is_asked_for_again(place: Place, provider: Provider) -> None:
    assert journey(place.reader()).status_code == 303
    provider.key = type(provider.key).generate_key(2048, {"kid": "two"})
    provider.key = type(provider.key).import_key({**provider.key.as_dict(private=True), "kid": "one"})
    assert journey(place.reader()).status_code == 303


def test_a_code_serves_one_browser_once(place: Place, provider: Provider) -> None:
    mine, theirs = place.reader(), place.reader()
    back = at_provider(mine.get("/desk/sign-in/openid").location)
    assert theirs.get(back).status_code == 403, "it was not sent there by us"
    theirs.get("/desk/sign-in/openid")
    assert theirs.get(back).status_code == 403, "its state is another one"
    assert mine.get(back).status_code == 303
    assert mine.get(back).status_code == 403, "used up"


def test_a_journey_that_takes_too_long_or_that_somebody_wrote_themselves_ends(place: Place) -> None:
    reader = place.reader()
    back = at_provider(reader.get("/desk/sign-in/openid").location)
    sealed = reader.client.get_cookie("__Host-openid")
    assert sealed
    reader.client.set_cookie("__Host-openid", f"{sealed.value[:-1]}{'0' if sealed.value[-1] != '0' else '1'}")
    assert reader.get(back).status_code == 403
    reader.client.set_cookie("__Host-openid", sealed.value)
    place.clock.at = place.clock.at.replace(hour=place.clock.at.hour + 1)
    assert reader.get(back).status_code == 403


def test_only_pages_of_the_desk_are_come_back_to(place: Place) -> None:
    for wanted in ("https://evil.example", "//evil.example/desk", "/desk/sign-in", "/subscribe"):
        assert journey(place.reader(), f"?to={wanted}").location == "/desk"


def test_what_is_asked_of_the_provider_is_bound_to_this_browser(place: Place) -> None:
    asked = [parse_qs(urlsplit(place.reader().get("/desk/sign-in/openid").location).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    assert asked[0]["redirect_uri"] == ["http://localhost/desk/sign-in/openid/back"]


def test_a_provider_that_refuses_that_is_another_or_that_is_gone_is_told_calmly(
    open_place: Callable[..., Place], house_folder: Path, place: Place, provider: Provider
) -> None:
    assert place.reader().get("/desk/sign-in/openid/back?error=access_denied").status_code == 403
    provider.says_issuer = "https://evil.example"
    for issuer in (provider.issuer, "http://127.0.0.1:9"):
        answer = open_place(settings_with(house_folder, issuer), clock=clock).reader().get("/desk/sign-in/openid")
        assert answer.status_code == 403 and "did not work" in answer.text


def test_without_the_setting_there_is_no_such_way(open_place: Callable[..., Place]) -> None:
    reader = open_place().reader()
    assert "openid" not in reader.get("/desk/sign-in").text
    assert reader.get("/desk/sign-in/openid").status_code == 404
    assert reader.get("/desk/sign-in/openid/back?code=1").status_code == 404


def test_an_issuer_that_could_be_listened_to_is_refused_with_its_line(house_folder: Path) -> None:
    with pytest.raises(SettingsError, match="issuer must begin with https"):
        read_keeping(settings_with(house_folder, "http://login.example"))
