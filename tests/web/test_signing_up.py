"""From the form to the welcome letter, and what the form says to whom."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest

import db
from desk.notes.outbox import Outbox
from desk.web import signup
from desk.web.app import create_app
from desk.web.signup import GRAIN_SECONDS
from subscribers import store
from subscribers.model import Proof
from tests.web.conftest import KEYS
from tests.web.place import MORNING, Place

PROOF = Proof(MORNING, "test")


def test_a_reader_signs_up_confirms_and_is_welcomed(place: Place) -> None:
    reader = place.reader()
    assert "Head@school.example.org" in reader.sign_up("Head@school.example.org", audience=["primary", "senco"]).text
    [letter] = place.mail
    assert letter.subject == "Please confirm: Together: weekly update"
    assert "Primary, SENCO, and what is for everyone; everything else left out." in letter.text
    assert "Yes, send it to me" in reader.get(letter.link("confirm")).text
    assert "You are on the list" in reader.post(letter.link("confirm")).text
    welcome = place.mail[-1]
    assert welcome.subject == "Welcome to Together: weekly update"
    assert "/editions/2025-01-21/" in welcome.text
    assert "Primary, SENCO" in reader.get(welcome.link("preferences")).text


def test_nothing_is_kept_of_a_subscriber_before_they_confirm(place: Place) -> None:
    place.reader().sign_up("head@school.example.org")
    assert place.everything()["subscriber"] == []


def test_a_subscriber_who_signs_up_again_is_told_so_in_a_letter(place: Place) -> None:
    place.reader().subscribe("head@school.example.org")
    place.reader().sign_up("HEAD@school.example.org")
    assert place.mail[-1].subject == "You already get Together: weekly update"
    assert place.mail[-1].link("preferences")


def test_the_consent_keeps_the_version_of_its_words(place: Place) -> None:
    place.reader().subscribe("head@school.example.org")
    wordings = {row[7] for row in place.everything()["consent_event"]}
    assert all(re.fullmatch(r"\d{4}-\d\d [0-9a-f]{8}", wording) for wording in wordings), wordings


def test_every_mistake_is_told_at_once_and_nothing_is_lost(place: Place) -> None:
    answer = place.reader().post("/subscribe", {"address": "no address", "audience": "primary", "amount": "selection"})
    assert answer.status_code == 422
    assert 'href="#address"' in answer.text
    assert 'href="#bulletin"' in answer.text
    assert 'value="no address"' in answer.text
    assert re.search(r'id="audience-primary"[^>]* checked', answer.text)
    assert "<title>Problem: " in answer.text
    assert place.mail == []


def test_a_look_at_the_last_edition_shows_what_these_choices_would_have_brought(place: Place) -> None:
    asked = {"bulletin": "weekly", "audience": ["parents-carers"], "address": "half writ", "show": "yes"}
    answer = place.reader().post("/subscribe", asked)
    assert answer.status_code == 200
    assert "Together: weekly update, Tuesday 21 January 2025" in answer.text
    assert 'value="half writ"' in answer.text
    everything = place.reader().post("/subscribe", {**asked, "amount": "everything"})
    assert everything.text.count("<li>") > answer.text.count("<li>")
    assert place.mail == []


def test_the_look_never_names_what_only_subscribers_get(place: Place) -> None:
    latest = place.app.test_client().get("/editions/2025-01-21/", buffered=True).text
    answer = place.reader().post("/subscribe", {"bulletin": "weekly", "amount": "everything", "show": "yes"})
    titles = re.findall(r"<li>([^<]+)</li>", answer.text.split('id="taste"')[1])
    assert titles
    assert [title for title in titles if title not in latest] == []


@pytest.mark.parametrize("filled", [{"website": "https://buy.example"}, {"form": "made-up"}])
def test_what_looks_like_a_robot_is_asked_kindly_to_press_again(place: Place, filled: dict[str, str]) -> None:
    answer = place.reader().sign_up("head@school.example.org", **filled)
    assert answer.status_code == 422
    assert "ress once more" in answer.text
    assert "head@school.example.org" in answer.text
    assert place.mail == []


def test_a_form_that_was_filled_in_within_a_second_is_shown_again(place: Place) -> None:
    place.clock.step = timedelta()
    assert place.reader().sign_up("head@school.example.org").status_code == 422


def _like(place: Place, address: str) -> str:
    return place.reader().sign_up(address).text.replace(address, "ADDRESS")


def _without_token(page: str) -> str:
    return re.sub(r'name="form" value="[^"]+"', "", page)


def test_the_answer_is_the_same_to_the_byte_whoever_the_address_belongs_to(place: Place) -> None:
    place.reader().subscribe("known@school.example.org")
    with db.writing(place.engine) as connection:
        store.suppress(connection, KEYS, "complained@school.example.org", "", "complained", PROOF)
        store.suppress(connection, KEYS, "left@school.example.org", "weekly", "unsubscribed", PROOF)
    for _ in range(6):
        _like(place, "often@school.example.org")
    before = len(place.mail)
    who = [f"{name}@school.example.org" for name in ("known", "complained", "left", "often", "unknown")]
    assert len({_without_token(_like(place, address)) for address in who}) == 1
    assert len(place.mail) == before + 3  # known, left and unknown; the other two get no letter


def _as_served(place: Place, pause: Callable[[float], None]) -> Place:
    """As `bulletin serve` does it: letters are kept with the act, and somebody else carries them."""
    sending = Outbox(place.settings.house.publisher, place.clock)
    app = create_app(
        place.settings, engine=place.engine, keys=KEYS, clock=place.clock, sending=sending, pause=pause
    )  # fmt: skip
    return replace(place, app=app)


class Stopwatch:
    """Stands for the module `time`: tells the time as it is, and remembers what it told and how much was done by then."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float]] = []

    def monotonic(self) -> float:
        self.told.append((time.monotonic(), time.thread_time()))
        return self.told[-1][0]


def test_the_answer_takes_the_same_time_whoever_the_address_belongs_to(
    open_place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is given on a beat, and no work is so long that it would miss the first: in processor time, which is the same
    on a machine with much to do.
    """
    place, watch, pauses = open_place(), Stopwatch(), list[float]()
    place.reader().subscribe("known@school.example.org")
    with db.writing(place.engine) as connection:
        store.suppress(connection, KEYS, "no@school.example.org", "", "complained", PROOF)
    place = _as_served(place, pauses.append)
    monkeypatch.setattr(signup, "time", watch)
    worked: dict[str, list[float]] = {"known": [], "no": [], "new": []}
    for turn in range(3):
        for who in worked:
            address = f"{who}{turn if who == 'new' else ''}@school.example.org"
            reader = place.reader()
            token = re.findall(r'name="form" value="([^"]+)"', reader.get("/subscribe").text)[0]
            filled = {"form": token, "address": address, "bulletin": "weekly"}
            watch.told.clear()
            pauses.clear()
            began = time.thread_time()
            assert reader.client.post("/subscribe", data=filled).status_code == 200
            worked[who].append(time.thread_time() - began)
            [(first, idle), (last, done)], [pause] = watch.told, pauses
            beats = (last - first + pause) / GRAIN_SECONDS
            assert abs(beats - round(beats)) < 1e-6 and 0 < pause <= GRAIN_SECONDS
            assert done - idle > worked[who][-1] / 3, "the work is done within the beat, not before it or after"
    assert max(median(seconds) for seconds in worked.values()) < GRAIN_SECONDS / 2, worked


def test_a_real_site_waits_for_the_beat() -> None:
    assert inspect.signature(create_app).parameters["pause"].default is time.sleep


def test_an_address_is_written_to_three_times_a_day_at_most(place: Place) -> None:
    for _ in range(8):
        place.reader().sign_up("victim@school.example.org")
    assert len(place.mail) == 3


def test_a_mailbox_cannot_be_flooded_by_way_of_its_many_names(place: Place) -> None:
    for number in range(12):
        place.reader().sign_up(f"victim+{number}@school.example.org")
    assert len(place.mail) == 5


def test_one_client_that_asks_all_day_is_told_to_wait_and_others_are_not(place: Place) -> None:
    reader = place.reader()
    token = re.findall(r'name="form" value="([^"]+)"', reader.get("/subscribe").text)[0]
    place.clock.at += timedelta(seconds=5)
    place.clock.step = timedelta()
    filled = {"form": token, "bulletin": "weekly"}
    asked = [{**filled, "address": f"reader{number}@school.example.org"} for number in range(31)]
    codes = [reader.client.post("/subscribe", data=each).status_code for each in asked]
    assert codes == [200] * 30 + [429]  # a whole staff room, and then a pause
    place.clock.step = timedelta(seconds=3)
    other = place.reader(REMOTE_ADDR="192.0.2.9")
    assert other.sign_up("somebody@school.example.org").status_code == 200


def test_a_reader_of_one_bulletin_may_ask_for_another(place: Place) -> None:
    place.reader().subscribe("head@school.example.org")
    place.reader().sign_up("head@school.example.org", bulletin=["weekly", "send"])
    assert place.mail[-1].subject == "Please confirm: Together: weekly update and SEND bulletin"


def test_a_no_is_over_when_its_owner_confirms(place: Place) -> None:
    reader = place.reader()
    welcome = reader.subscribe("head@school.example.org")
    reader.client.post(welcome.link("unsubscribe"))
    assert [row[1] for row in place.everything()["suppression"]] == ["weekly"]
    reader.subscribe("head@school.example.org")
    assert place.everything()["suppression"] == []
