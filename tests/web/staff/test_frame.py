"""Who comes in: every route of the desk with every role and with nobody, and forms that are not ours."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from desk.staff.model import ROLES
from desk.web.staff import session
from desk.web.staff.routes import ROUTES
from tests.web.place import Place, forms

CLOSED = [(route, method) for route in ROUTES if route.role for method in route.methods]


def filled(rule: str) -> str:
    """A path of this rule, with something in its places."""
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda place: "1" if place[1] == "int" else "weekly", rule)


def test_every_route_has_a_name_of_its_own() -> None:
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_nobody_is_led_to_sign_in_from_every_route_and_from_what_is_none(place: Place) -> None:
    stranger = place.reader()
    for route, method in CLOSED:
        answer = stranger.client.open(filled(route.rule), method=method)
        assert (answer.status_code, urlsplit(answer.location).path) == (303, "/desk/sign-in"), (route.rule, method)
    for path in ("/desk/nothing", "/desk/nothing/at/all", "/desk/"):
        assert urlsplit(stranger.get(path).location).path == "/desk/sign-in"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_comes_where_it_may_and_nowhere_else(place: Place, role: str) -> None:
    here = place.at_desk(role)  # type: ignore[arg-type]
    for route, method in CLOSED:
        answer = here.client.open(filled(route.rule), method=method)
        allowed = ROLES.index(role) >= ROLES.index(route.role)  # type: ignore[arg-type]
        assert "/desk/sign-in" not in (answer.location or ""), route.rule
        assert (answer.status_code == 403) is not allowed, (route.rule, method, role, answer.status_code)


def test_no_form_without_our_token_is_taken_and_none_from_elsewhere(place: Place) -> None:
    here = place.at_desk()
    for route, method in CLOSED:
        if method == "POST" and route.name != "nothing":
            assert here.client.post(filled(route.rule)).status_code == 400, route.rule
            foreign = here.client.post(filled(route.rule), headers={"Origin": "https://evil.example"})
            assert foreign.status_code == 403, route.rule


def test_a_page_of_the_desk_is_kept_by_nobody_and_runs_no_foreign_script(place: Place) -> None:
    headers = place.at_desk().get("/desk").headers
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy


def test_whoever_asked_for_a_page_is_led_back_to_it_and_never_elsewhere(place: Place) -> None:
    asked = place.reader().get("/desk/?x=1").location
    assert parse_qs(urlsplit(asked).query) == {"to": ["/desk/?x=1"]}
    place.at_desk("writer")
    for wanted, led in (
        ("/desk/?x=1", "/desk/?x=1"),
        ("https://evil.example/desk", "/desk"),
        ("//evil.example/desk", "/desk"),
        ("/desk/..//evil.example", "/desk"),
        ("/desk\\@evil.example", "/desk"),
        ("/subscribe", "/desk"),
        ("/desk\r\nLocation: https://evil.example", "/desk"),
    ):
        reader = place.reader()
        place.clock.at += timedelta(hours=4)  # one mailbox gets few letters
        reader.post("/desk/sign-in", {"address": "writer@norfolk.example", "to": wanted})
        found = reader.post(place.mail[-1].link("sign-in"))
        assert (found.status_code, found.location) == (303, led), wanted


def test_what_was_typed_survives_signing_out_and_a_page_that_is_too_old(place: Place) -> None:
    here = place.at_desk("writer")
    (token,) = set(forms(here.get("/desk/you").text))
    typed = {"form": token, "name": "Wren <Asher>\r\nof the first floor"}
    here.client.delete_cookie(session.COOKIE)
    held = here.client.post("/desk/you", data=typed)
    assert held.status_code == 403 and "Wren &lt;Asher&gt;" in held.text, (
        "signed out: all that was typed is in the page"
    )
    stranger = place.reader().client.post("/desk/you", data=typed)
    assert (stranger.status_code, "Wren" in stranger.text) == (303, False), (
        "made up elsewhere: not shown beside a button"
    )
    foreign = place.reader().client.post("/desk/you", data=typed, headers={"Sec-Fetch-Site": "cross-site"})
    assert "Wren" not in foreign.text

    place.clock.at += timedelta(hours=13)
    again = place.at_desk("writer").client.get_cookie(session.COOKIE)
    assert again is not None
    here.client.set_cookie(session.COOKIE, again.value)
    late = here.client.post("/desk/you", data=typed)
    assert late.status_code == 400 and "Wren &lt;Asher&gt;" in late.text
    assert here.client.post("/desk/you", data={**typed, "form": next(forms(late.text))}).status_code == 303
    assert "Wren &lt;Asher&gt;" in here.get("/desk/you").text


def test_a_fault_inside_the_desk_shows_the_desks_own_page_and_its_log_names_no_one(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret.name@school.example.org")

    here = place.at_desk("writer")
    monkeypatch.setattr("desk.web.staff.calendar.terms", broken)
    answer = here.get("/desk/calendar")
    assert answer.status_code == 500 and "Bulletin desk" in answer.text and ">Sign out<" in answer.text
    assert "Something went wrong on our side" in answer.text and "22 January 2025" in answer.text
    assert "RuntimeError in desk:calendar" in caplog.text and "secret" not in caplog.text + answer.text
    monkeypatch.setattr("desk.web.staff.desk.Desk.page", broken)  # nor can the desk say so: the public page does
    answer = here.get("/desk/calendar")
    assert answer.status_code == 500 and "Something went wrong" in answer.text and "Bulletin desk" not in answer.text


def test_what_is_not_at_the_desk_is_told_by_the_desk(place: Place) -> None:
    here = place.at_desk("writer")
    for path, code in {"/desk/nothing": 404, "/desk/send": 403, "/desk/static/nothing.css": 404}.items():
        answer = here.get(path)
        assert answer.status_code == code and "Bulletin desk" in answer.text, path
    answer = here.client.put("/desk/calendar")
    assert answer.status_code == 405 and "Bulletin desk" in answer.text and "GET" in answer.headers["Allow"]


def test_the_menu_marks_the_room_of_every_page(place: Place) -> None:
    marked = re.compile(r'href="/desk/?(\w*)" aria-current="(\w+)"')
    sender = place.at_desk("sender")
    assert marked.findall(sender.get("/desk/send").text) == [("send", "page")]
    assert marked.findall(sender.get("/desk/send/weekly/2025-01-21").text) == [("send", "true")]
    editor = place.at_desk("editor")  # has no room for sending, and approves one action of an edition there
    assert marked.findall(editor.get("/desk/send/weekly/2025-01-21/spring-census-queries").text) == [
        ("editions", "true")
    ]
