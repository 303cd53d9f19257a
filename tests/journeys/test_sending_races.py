"""What happens at the very same moment: leaving during the freeze, late readers, pausing, on both databases."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import desk.mailing.freezing as freezing
from builder.model import Edition
from desk import rounds
from desk.building import chosen_editions
from desk.mailing.office import Office, open_office
from desk.settings import load
from subscribers import acts, requests
from subscribers.address import parse
from subscribers.model import Choices, Proof
from tests.desk.sending_house import DAY, NAME, NOW, READERS, Desk, Inbox, titles

SEND = ("send", "weekly", DAY, "--yes", "--now", NOW)
MOMENT = datetime(2025, 1, 14, 9, tzinfo=UTC)


@pytest.fixture
def office(desk: Desk) -> Iterator[Office]:
    desk.subscribe()
    with open_office(load(desk.house, None, desk.environ), MOMENT) as opened:
        yield opened


def signs_up(office: Office, address: str, *audience: str) -> None:
    """On the page, an hour after the morning of these tests; the letter's link is pressed at once."""
    later, keys = MOMENT + timedelta(hours=1), office.register.keys
    wish = requests.Wish(parse(address), {"weekly": Choices(frozenset(audience))}, wording="1")
    with office.engine.begin() as connection:
        token = requests.ask(connection, keys, wish, later, secrets.token_bytes)
        assert token
        requests.confirm(connection, keys, token, office.register.bases, Proof(later, "confirmation link"))


def edition(office: Office) -> Edition:
    return chosen_editions(office.press, "weekly", MOMENT.date())[0]


def number_of(office: Office, address: str) -> int:
    with office.engine.connect() as connection:
        return acts.found(connection, address).id


def leave(office: Office, address: str) -> None:
    proof = Proof(at=datetime.now(UTC), how="one-click")
    rounds.goodbye(office.engine, office.register.keys, number_of(office, address), "weekly", proof)


def test_who_leaves_while_the_edition_is_frozen_gets_nothing(
    desk: Desk, inbox: Inbox, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, real = threading.Event(), freezing.recipients_of

    def slowly(*given: Any) -> Iterator[Any]:
        yield from real(*given)  # all readers have been read; nothing is committed
        reading.set()
        time.sleep(0.5)

    monkeypatch.setattr(freezing, "recipients_of", slowly)

    def leave_meanwhile() -> None:
        assert reading.wait(20)
        leave(office, "governor@norfolk-schools.co.uk")

    reader = threading.Thread(target=leave_meanwhile)
    reader.start()
    rounds.freeze(office, edition(office))
    reader.join()
    desk.ok("resume", NAME)
    assert "governor@norfolk-schools.co.uk" not in inbox.addresses
    counts = desk.status(NAME)
    assert (counts["accepted"], counts["withdrawn"]) == (4, 1)


def test_a_late_reader_is_given_the_current_edition_once(desk: Desk, inbox: Inbox, office: Office) -> None:
    assert rounds.add_latecomers(office, "weekly") is None  # nothing was sent yet
    desk.ok(*SEND)
    desk.ok("subscribers", "add", "typed-in@home.co.uk", "--audience", "parents-carers")
    signs_up(office, "late@home.co.uk", "parents-carers")
    signs_up(office, "later@home.co.uk", "alternative-provision", "young-people")
    for _ in range(2):
        desk.ok("schedule", "run", "--now", "2025-01-14T11:00")
    assert inbox.addresses == sorted([*READERS, "late@home.co.uk", "later@home.co.uk"])
    assert titles(inbox.letter("late@home.co.uk")) == titles(inbox.letter("parent@home.co.uk"))
    assert rounds.add_latecomers(office, "weekly") is None  # they have it


def test_who_comes_late_is_left_alone_where_the_settings_say_so(desk: Desk, inbox: Inbox, office: Office) -> None:
    desk.ok(*SEND)
    signs_up(office, "late@home.co.uk", "parents-carers")
    desk.ok("schedule", "run", "--now", "2025-01-14T11:00", BULLETIN__DELIVERY__LATE="false")
    assert inbox.addresses == sorted(READERS)


def test_whoever_comes_a_week_later_waits_for_the_next_edition(desk: Desk, office: Office) -> None:
    desk.ok(*SEND)
    with open_office(load(desk.house, None, desk.environ), datetime(2025, 1, 22, tzinfo=UTC)) as later:
        signs_up(later, "late@home.co.uk", "parents-carers")
        assert rounds.add_latecomers(later, "weekly") is None


def test_pausing_in_mid_send_stops_and_resuming_ends_it(desk: Desk, inbox: Inbox) -> None:
    desk.import_list(120)
    sender = desk.start(*SEND, BULLETIN__DELIVERY__RATE="30")
    while len(inbox.letters) < 3:
        assert sender.poll() is None, sender.communicate()
        time.sleep(0.01)
    desk.ok("pause")
    assert sender.wait(10) == 1
    sender.communicate()
    counts = desk.status(NAME)
    assert 0 < counts["accepted"] < 120 and counts["in_doubt"] == 0
    desk.ok("resume")
    assert len(inbox.addresses) == len(set(inbox.addresses)) == 120


def test_a_second_sender_takes_over_when_the_first_one_dies(desk: Desk, inbox: Inbox) -> None:
    desk.import_list(120)
    first = desk.start(*SEND, BULLETIN__DELIVERY__RATE="30")
    while len(inbox.letters) < 3:
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    second = desk.start(*SEND)
    time.sleep(2)  # it watches
    assert second.poll() is None
    first.kill()
    first.communicate()
    second.communicate(timeout=30)
    counts = desk.status(NAME)
    assert counts["accepted"] + counts["in_doubt"] == 120
    assert len(inbox.addresses) == len(set(inbox.addresses))
