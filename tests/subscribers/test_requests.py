"""From a form on the web to a subscription: only by a link that reached the address, once, within a week."""

from __future__ import annotations

from datetime import timedelta

import pytest

from subscribers import requests, store
from subscribers.address import parse
from subscribers.model import Choices
from subscribers.tokens import LINK_CHARACTERS
from tests.subscribers.conftest import BASES, KEYS, Room


def asked(room: Room, address: str, bulletin: str = "weekly", choices: Choices | None = None) -> str | None:
    wish = requests.Wish(parse(address), {bulletin: choices or Choices()}, "Ann Bell", wording="2025-01")
    with room.writing() as connection:
        return requests.ask(connection, KEYS, wish, room.proof().at, room.random)


def confirmed(room: Room, token: str) -> requests.Confirmed:
    with room.writing() as connection:
        return requests.confirm(connection, KEYS, token, BASES, room.proof("confirmation link"))


def signed_up(room: Room, address: str, bulletin: str = "weekly") -> None:
    token = asked(room, address, bulletin)
    assert token is not None
    confirmed(room, token)


def test_asking_makes_nobody_a_subscriber(room: Room) -> None:
    assert asked(room, "a@x.org")
    assert room.person("a@x.org") is None


def test_confirming_begins_the_subscription_with_its_proof(room: Room) -> None:
    token = asked(room, "Ann@x.org", choices=Choices(frozenset({"head"}), "selection", "actions-at-once"))
    assert token is not None
    person = confirmed(room, token).person
    assert person is not None
    assert (person.address, person.name) == ("Ann@x.org", "Ann Bell")
    assert person.open[0].choices == Choices(frozenset({"head"}), "selection", "actions-at-once")
    assert (person.open[0].source, person.open[0].basis) == ("signed-up", "public-task")
    began = room.look(store.history, person.id)[0].proof
    assert (began.how, began.wording, began.actor) == ("confirmation link", "2025-01", "reader")
    assert "asked" in began.evidence


def test_looking_at_the_link_changes_nothing_however_often(room: Room) -> None:
    token = asked(room, "a@x.org")
    assert token is not None
    for _ in range(20):
        seen = room.look(requests.look, token, room.now)
        assert (seen.kind, seen.address, dict(seen.wanted)) == ("subscribe", "a@x.org", {"weekly": Choices()})
    confirmed(room, token)


def test_a_confirmation_works_once(room: Room) -> None:
    token = asked(room, "a@x.org")
    assert token is not None
    confirmed(room, token)
    with pytest.raises(requests.NotConfirmable):
        confirmed(room, token)


def test_a_confirmation_is_over_after_a_week(room: Room) -> None:
    token = asked(room, "a@x.org")
    assert token is not None
    room.now += timedelta(days=7)
    with pytest.raises(requests.NotConfirmable):
        confirmed(room, token)


@pytest.mark.parametrize(
    "token", ["", "x", "é", "\ud800", "a" * (LINK_CHARACTERS * 50), "../../etc/passwd", "'; --", "\0"]
)
def test_any_other_token_gets_the_same_answer(room: Room, token: str) -> None:
    with pytest.raises(requests.NotConfirmable):
        room.look(requests.look, token, room.now)


def test_an_address_gets_three_letters_a_day_and_no_more(room: Room) -> None:
    sent = [asked(room, "a@x.org") is not None for _ in range(5)]
    assert sent == [True, True, True, False, False]
    room.now += timedelta(days=1)
    assert asked(room, "a@x.org")


def test_who_complained_about_us_gets_no_letter_because_a_stranger_asked(room: Room) -> None:
    room.add("a@x.org")
    room.leave("a@x.org", None, "complained")
    assert asked(room, "a@x.org") is None


def test_signing_up_again_is_stronger_than_having_left(room: Room) -> None:
    signed_up(room, "a@x.org")
    room.leave("a@x.org")
    assert room.noes("a@x.org") == {"weekly": "unsubscribed"}
    signed_up(room, "a@x.org")
    assert room.reads("a@x.org")
    assert room.noes("a@x.org") == {}


def test_who_left_everything_and_signs_up_for_one_has_still_left_the_others(room: Room) -> None:
    signed_up(room, "a@x.org")
    room.leave("a@x.org", None)
    signed_up(room, "a@x.org")
    assert room.noes("a@x.org") == {"send": "unsubscribed"}
    assert room.take("Email\na@x.org\n", bulletin="send") == {"suppressed": 1}


def test_signing_up_twice_with_other_choices_changes_them(room: Room) -> None:
    signed_up(room, "a@x.org")
    token = asked(room, "a@x.org", choices=Choices(frozenset({"senco"})))
    assert token is not None
    person = confirmed(room, token).person
    assert person is not None
    assert [held.choices.audiences for held in person.open] == [{"senco"}]


def moving(room: Room, old: str, new: str) -> tuple[str, str]:
    person = room.person(old)
    assert person is not None
    with room.writing() as connection:
        tokens = requests.ask_new_address(connection, KEYS, person, parse(new), room.proof().at, room.random)
    assert tokens is not None
    return tokens


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_new_address_needs_both_links(room: Room, order: tuple[int, int]) -> None:
    number = room.add("old@x.org").id
    tokens = moving(room, "old@x.org", "new@x.org")
    assert confirmed(room, tokens[order[0]]).waiting
    assert room.reads("old@x.org")
    done = confirmed(room, tokens[order[1]])
    assert done.person is not None
    assert (done.person.id, done.person.address) == (number, "new@x.org")
    assert room.person("old@x.org") is None


def test_moving_to_an_address_that_reads_already_makes_two_people_one(room: Room) -> None:
    old = room.add("old@x.org", "send", audiences=frozenset({"head"}))
    new = room.add("new@x.org", "weekly")
    for token in moving(room, "old@x.org", "new@x.org"):
        done = confirmed(room, token)
    assert done.person is not None
    assert done.person.id == new.id
    assert {held.bulletin for held in done.person.open} == {"weekly", "send"}
    assert room.look(store.by_id, old.id).id == new.id  # links in letters to the old address go on working
    assert room.events("new@x.org").count("began") == 3


def test_what_was_refused_under_one_address_is_refused_under_the_other(room: Room) -> None:
    room.add("old@x.org", "send")
    room.add("old@x.org", "weekly")
    room.leave("old@x.org", "weekly")
    for token in moving(room, "old@x.org", "new@x.org"):
        confirmed(room, token)
    assert room.take("Email\nnew@x.org\n") == {"suppressed": 1}
