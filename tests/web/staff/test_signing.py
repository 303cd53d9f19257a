"""Signing in by a link, staying signed in, and everything that ends it (W16, C4, W14)."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from flask import Response

import db
from desk.staff import entrance, store
from subscribers.address import parse
from tests.web.place import Mail, Place, Reader

ADDRESS = "writer@norfolk.example"


@pytest.fixture
def desk(place: Place) -> Place:
    """With one of staff, who is not signed in."""
    with db.writing(place.engine) as connection:
        store.add(connection, parse(ADDRESS), "writer", place.clock.at)
    return place


def ask(place: Place, address: str = ADDRESS, **more: str) -> Reader:
    reader = place.reader()
    assert reader.post("/desk/sign-in", {"address": address, **more}).status_code == 200
    return reader


def link(place: Place) -> str:
    return place.mail_to(ADDRESS)[-1].link("sign-in")


def signed_in(place: Place) -> Reader:
    reader = ask(place)
    assert reader.post(link(place)).status_code == 303
    return reader


def is_in(reader: Reader) -> bool:
    return reader.get("/desk/you").status_code == 200


def test_looking_at_the_link_signs_nobody_in_and_pressing_it_does_so_once(desk: Place) -> None:
    reader = ask(desk)
    for _ in range(20):  # mail scanners look at every link
        assert reader.get(link(desk)).status_code == 200
        assert reader.client.head(link(desk)).status_code == 200
    assert not is_in(reader)
    assert reader.post(link(desk)).status_code == 303 and is_in(reader)
    again = desk.reader()
    assert again.post(link(desk)).status_code in (400, 404) and not is_in(again)
    assert again.get(link(desk)).status_code == 404


def test_of_two_presses_at_once_one_gets_in(desk: Place) -> None:
    ask(desk)
    token = link(desk).rpartition("/")[2]
    with db.writing(desk.engine) as connection:
        assert entrance.use_link(connection, token, desk.clock.at)
        assert entrance.use_link(connection, token, desk.clock.at) is None


def test_a_link_is_good_for_a_quarter_of_an_hour(desk: Place) -> None:
    reader = ask(desk)
    desk.clock.at += timedelta(minutes=15)
    assert reader.get(link(desk)).status_code == 404
    with db.writing(desk.engine) as connection:
        token = link(desk).rpartition("/")[2]
        assert entrance.use_link(connection, token, desk.clock.at) is None


@pytest.mark.parametrize("token", ["x", "0" * 64, "..%2F", "%00", "a" * 5000])
def test_a_link_that_we_never_made_is_no_link(desk: Place, token: str) -> None:
    answer = desk.reader().get(f"/desk/sign-in/{token}")
    assert answer.status_code in (303, 400, 404) and "Set-Cookie" not in answer.headers


def test_the_answer_is_the_same_for_staff_for_strangers_and_for_who_has_left(desk: Place) -> None:
    """Bytes and headers but for what was typed and the form's own token; and the beat on which it comes (C4)."""
    with db.writing(desk.engine) as connection:
        gone = store.add(connection, parse("leaver@norfolk.example"), "writer", desk.clock.at)
        boss = store.add(connection, parse("boss@norfolk.example"), "administrator", desk.clock.at)
        store.disable(connection, gone, desk.clock.at)
    answers = {}
    for address in (ADDRESS, "stranger@norfolk.example", "leaver@norfolk.example"):
        reader, desk.clock.step = desk.reader(), timedelta()
        answer = reader.post("/desk/sign-in", {"address": address})
        answers[address] = (
            answer.status_code,
            answer.text.replace(address, "…"),
            sorted(name for name, _ in answer.headers if name != "Content-Length"),
        )
    assert len({str(answer) for answer in answers.values()}) == 1
    assert len(desk.paused) == 3 and all(0 <= pause <= 0.25 for pause in desk.paused)
    assert [mail.to for mail in desk.mail] == [ADDRESS], boss.address


def test_nobody_s_mailbox_is_flooded_and_no_client_asks_for_ever(desk: Place) -> None:
    desk.clock.step = timedelta()
    for _ in range(15):
        ask(desk)
    assert len(desk.mail_to(ADDRESS)) == 10
    answers = [desk.reader().post("/desk/sign-in", {"address": f"{n}@norfolk.example"}).status_code for n in range(40)]
    assert 429 in answers and answers[0] == 200


def test_what_is_no_address_is_told(desk: Place) -> None:
    for typed in ("", "writer", "a@b", "x" * 400 + "@norfolk.example"):
        refused = desk.reader().post("/desk/sign-in", {"address": typed})
        assert refused.status_code == 422 and 'href="#address"' in refused.text
    assert desk.mail == []


def test_the_session_is_a_secret_of_the_browser_and_another_one_each_time(desk: Place) -> None:
    reader = ask(desk)
    reader.client.set_cookie("__Host-desk", "f" * 64)  # fixed by somebody else before
    answer = reader.post(link(desk))
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie" and value.startswith("__Host-desk"))
    token = cookie.partition("=")[2].partition(";")[0]
    assert token != "f" * 64
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert token not in str(desk.everything()) and link(desk).rpartition("/")[2] not in str(desk.everything()["act"])
    again = ask(desk)
    again.client.set_cookie("__Host-desk", token)
    assert again.post(link(desk)).status_code == 303
    assert not is_in(reader), "the browser's old session has ended with its new sign-in"


def test_a_session_ends_idle_and_ends_for_good_after_a_long_day(desk: Place) -> None:
    reader = signed_in(desk)
    desk.clock.at += entrance.IDLE - timedelta(minutes=1)
    assert is_in(reader), "and stays fresh by being used"
    desk.clock.at += entrance.IDLE - timedelta(minutes=1)
    assert is_in(reader)
    desk.clock.at += entrance.IDLE + timedelta(minutes=1)
    assert not is_in(reader)
    reader = signed_in(desk)
    for _ in range(5):
        desk.clock.at += timedelta(hours=2, minutes=20)
        assert is_in(reader)
    desk.clock.at += timedelta(minutes=30)
    assert not is_in(reader), "12 hours are the end, however busy"


def test_pages_are_shown_while_a_long_import_holds_the_database(desk: Place) -> None:
    reader = signed_in(desk)
    desk.clock.at += timedelta(minutes=5)
    began = time.monotonic()
    with db.writing(desk.engine):
        assert is_in(reader)
    assert time.monotonic() - began < 5
    assert is_in(reader), "and noted by the next page"
    desk.clock.at += entrance.IDLE - timedelta(minutes=1)
    assert is_in(reader)


def test_signing_out_ends_it_here_and_everywhere_ends_it_everywhere(desk: Place) -> None:
    here, there = signed_in(desk), signed_in(desk)
    answer = here.post("/desk/sign-out", form="/desk/you")
    assert answer.status_code == 303 and "Max-Age=0" in str(answer.headers.getlist("Set-Cookie"))
    assert not is_in(here) and is_in(there)
    here = signed_in(desk)
    ask(desk)
    here.post("/desk/sign-out", {"everywhere": "1"}, form="/desk/you")
    assert not is_in(here) and not is_in(there)
    assert desk.reader().get(link(desk)).status_code == 404, "links that were waiting end, too"


def test_whoever_is_disabled_is_out_at_once_and_gets_no_link(desk: Place) -> None:
    reader = signed_in(desk)
    ask(desk)
    with db.writing(desk.engine) as connection:
        who = store.needed(connection, parse(ADDRESS))
        store.disable(connection, who, desk.clock.at)
    letters = len(desk.mail)
    assert not is_in(reader) and reader.get(link(desk)).status_code == 404
    ask(desk)
    assert len(desk.mail) == letters


def test_over_a_line_that_others_can_read_nobody_signs_in(desk: Place) -> None:
    reader = desk.reader(HTTP_HOST="desk.norfolk.example")
    assert "begins with https" in reader.get("/desk/sign-in").text
    assert reader.get("/desk/sign-in/" + "0" * 64).status_code == 403
    assert desk.mail == []


def test_the_letter_says_what_it_is_and_leads_here(desk: Place) -> None:
    ask(desk)
    mail: Mail = desk.mail[-1]
    assert mail.subject == "Sign in to the desk" and mail.message["Auto-Submitted"] == "auto-generated"
    assert re.search(r"/desk/sign-in/[0-9a-f]{64}\b", mail.text)


def test_a_form_of_one_browser_is_worth_nothing_in_another(desk: Place) -> None:
    mine, theirs = signed_in(desk), signed_in(desk)
    token = re.search(r'name="form" value="([^"]+)"', theirs.get("/desk/you").text)
    assert token
    refused = mine.client.post("/desk/you", data={"form": token[1], "name": "Somebody"})
    assert refused.status_code == 400 and isinstance(refused, Response)
