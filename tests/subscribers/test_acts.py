"""What a reader and the staff do to a subscription, and what the database itself refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

import db
from db.schema import subscribers as tables
from subscribers import acts, store
from subscribers.address import parse
from subscribers.model import Choices, SubscribersError
from subscribers.tokens import address_hash
from tests.subscribers.conftest import BASES, KEYS, Room


def test_leaving_ends_the_subscription_with_its_reason_and_keeps_the_no(room: Room) -> None:
    room.add("a@x.org")
    (ended,) = room.leave("a@x.org")
    person = room.person("a@x.org")
    assert person is not None
    assert (person.subscriptions[0].id, person.subscriptions[0].ended_reason) == (ended.id, "unsubscribed")
    assert person.subscriptions[0].ended_at == room.now
    assert room.noes("a@x.org") == {"weekly": "unsubscribed"}


def test_leaving_twice_and_leaving_after_everything_is_gone_are_no_errors(room: Room) -> None:
    room.add("a@x.org")
    room.leave("a@x.org")
    assert room.leave("a@x.org") == ()
    with room.writing() as connection:
        assert acts.leave(connection, KEYS, 4711, None, "unsubscribed", room.proof()) == ()


def test_leaving_one_bulletin_leaves_the_other(room: Room) -> None:
    room.add("a@x.org")
    room.add("a@x.org", "send")
    room.leave("a@x.org", "weekly")
    assert (room.reads("a@x.org", "weekly"), room.reads("a@x.org", "send")) == (False, True)


def test_leaving_all_leaves_all(room: Room) -> None:
    room.add("a@x.org")
    room.add("a@x.org", "send")
    assert len(room.leave("a@x.org", None)) == 2
    assert room.noes("a@x.org") == {"": "unsubscribed"}


def test_a_complaint_about_one_letter_ends_every_bulletin(room: Room) -> None:
    room.add("a@x.org")
    room.add("a@x.org", "send")
    assert len(room.leave("a@x.org", "weekly", "complained")) == 2


def test_undo_brings_back_what_was_left_with_the_same_choices(room: Room) -> None:
    person = room.add("a@x.org", audiences=frozenset({"head"}), amount="everything")
    room.add("a@x.org", "send")
    before = room.now
    room.leave("a@x.org", None)
    with room.writing() as connection:
        back = acts.come_back(connection, KEYS, person.id, None, before, BASES, room.proof())
    assert back is not None
    assert {held.bulletin: held.choices.audiences for held in back.open} == {"weekly": {"head"}, "send": set()}
    assert room.noes("a@x.org") == {}
    assert room.events("a@x.org").count("came-back") == 2


def test_undo_does_not_bring_back_what_was_left_long_ago(room: Room) -> None:
    person = room.add("a@x.org")
    room.leave("a@x.org")
    with room.writing() as connection:
        back = acts.come_back(connection, KEYS, person.id, None, room.now + timedelta(1), BASES, room.proof())
    assert back is not None
    assert back.open == ()


def test_a_reason_after_leaving_is_part_of_the_history(room: Room) -> None:
    person = room.add("a@x.org")
    with room.writing() as connection:
        acts.say_why(connection, person.id, "weekly", "too many letters" + "!" * 1000, room.proof())
    event = room.look(store.history, person.id)[-1]
    assert event.what == "said-why"
    assert len(event.proof.evidence) < 600


def test_changed_choices_are_in_force_and_in_the_history(room: Room) -> None:
    person = room.add("a@x.org")
    wanted = Choices(frozenset({"head", "primary"}), "everything", "actions-at-once")
    with room.writing() as connection:
        changed = acts.change(connection, KEYS, person.id, "weekly", wanted, room.proof())
        again = acts.change(connection, KEYS, person.id, "weekly", wanted, room.proof())
    assert changed.open[0].choices == again.open[0].choices == wanted
    assert room.events("a@x.org") == ["began", "changed"]


def test_an_audience_that_does_not_exist_is_refused(room: Room) -> None:
    person = room.add("a@x.org")
    with pytest.raises(SubscribersError, match='"pirate" is not an audience'), room.writing() as connection:
        acts.change(connection, KEYS, person.id, "weekly", Choices(frozenset({"pirate"})), room.proof())


def test_a_pause_ends_by_itself_or_when_asked(room: Room) -> None:
    person, today = room.add("a@x.org"), date(2025, 1, 14)
    with room.writing() as connection:
        paused = acts.pause(connection, KEYS, person.id, None, date(2025, 2, 1), today, room.proof()).open[0]
        assert paused.is_paused(date(2025, 1, 31))
        assert not paused.is_paused(date(2025, 2, 1))
        assert acts.pause(connection, KEYS, person.id, None, None, today, room.proof()).open[0].paused_until is None
        with pytest.raises(SubscribersError, match="a year at most"):
            acts.pause(connection, KEYS, person.id, None, date(2027, 1, 1), today, room.proof())
    assert room.events("a@x.org") == ["began", "paused", "resumed"]


def test_staff_cannot_add_whom_said_no_without_saying_that_they_asked(room: Room) -> None:
    room.add("a@x.org")
    room.leave("a@x.org", None)
    with pytest.raises(SubscribersError, match="has said no"):
        room.add("a@x.org")
    with room.writing() as connection:
        acts.add(
            connection,
            KEYS,
            parse("a@x.org"),
            "weekly",
            Choices(),
            BASES,
            room.proof("telephone", "office"),
            over_a_no=True,
        )
    assert room.reads("a@x.org")
    assert room.noes("a@x.org") == {"send": "unsubscribed"}


def test_staff_remove_by_address(room: Room) -> None:
    room.add("a@x.org")
    with room.writing() as connection:
        acts.remove(connection, KEYS, "A@x.org", None, room.proof("desk", "office"))
    person = room.person("a@x.org")
    assert person is not None
    assert person.subscriptions[0].ended_reason == "staff"
    with pytest.raises(acts.NoSuchSubscriber, match=r"b@x\.org"), room.writing() as connection:
        acts.remove(connection, KEYS, "b@x.org", None, room.proof("desk", "office"))


@pytest.mark.parametrize("accept", [True, False])
def test_a_held_row_waits_for_a_person_who_decides_once(room: Room, accept: bool) -> None:
    room.take("Email,Status,Role\na@x.org,perhaps,head\n", maps=("Role=role",))
    with db.reading(room.engine) as connection:
        number = connection.scalar(select(tables.held.c.id))
    assert number is not None
    with room.writing() as connection:
        acts.decide_held(connection, KEYS, number, BASES, room.proof("desk", "office"), accept=accept)
    assert room.reads("a@x.org") == accept
    assert room.noes("a@x.org") == ({} if accept else {"weekly": "staff"})
    with pytest.raises(SubscribersError, match="decided already"), room.writing() as connection:
        acts.decide_held(connection, KEYS, number, BASES, room.proof("desk", "office"), accept=True)
    assert room.take("Email\na@x.org\n") == ({"joined": 1} if accept else {"suppressed": 1})


def test_the_database_itself_forbids_two_people_with_one_address(room: Room) -> None:
    room.add("a@x.org")
    with pytest.raises(IntegrityError), room.writing() as connection:
        store.add_person(connection, parse("A@X.org"), "", room.now)


def test_the_database_itself_forbids_two_open_subscriptions_to_one_bulletin(room: Room) -> None:
    room.add("a@x.org")
    copied = {c.name: c for c in tables.subscription.c if c.name != "id"}
    with pytest.raises(IntegrityError), room.writing() as connection:
        connection.execute(insert(tables.subscription).from_select(list(copied), select(*copied.values())))


@pytest.mark.parametrize(
    "values",
    [
        {"ended_reason": "bored"},
        {"ended_reason": "unsubscribed"},
        {"source": "bought"},
        {"basis": ""},
        {"amount": "all"},
    ],
)
def test_the_database_itself_forbids_what_has_no_meaning(room: Room, values: dict[str, str]) -> None:
    room.add("a@x.org")
    with pytest.raises(IntegrityError), room.writing() as connection:
        connection.execute(update(tables.subscription).values(values))


@pytest.mark.parametrize("act", [update(tables.consent_event).values(what="confirmed"), delete(tables.consent_event)])
def test_the_database_itself_keeps_consent_events_as_they_were_written(room: Room, act: object) -> None:
    room.add("a@x.org")
    with pytest.raises(DBAPIError, match="consent events"), room.writing() as connection:
        connection.execute(act)  # type: ignore[call-overload]
    assert room.events("a@x.org") == ["began"]


def test_no_address_can_be_read_from_a_suppression(room: Room) -> None:
    room.add("a@x.org")
    room.leave("a@x.org")
    with db.reading(room.engine) as connection:
        rows = connection.execute(text("SELECT * FROM suppression")).all()
        (no,) = store.suppressions(connection)
    assert "x.org" not in repr(rows)
    assert no.address_hash == address_hash(KEYS, "a@x.org")
