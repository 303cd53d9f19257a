"""Stories in the database: once each, every change with its line of history, and people forgotten in time. Both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import db
from goodnews import arrivals, retention, store
from goodnews.life import ACTS, missing, new_reference, read_reference
from goodnews.model import Arrival, Changed, Consent, NotNow
from goodnews.retention import Keep
from tests.goodnews.conftest import NOON, OFFICE, YES, Desk, photo, received

PLACE = ("weekly", date(2025, 1, 21), "a-garden-0123456789")


def test_a_story_comes_back_as_it_was_received(desk: Desk) -> None:
    held = desk.receive(photos=(photo(1), photo(2, Consent("nobody"))), names_agreed="Headteacher")
    for found in (
        desk.look(store.by_reference, held.reference),
        desk.look(store.by_token, "token-1"),
        desk.look(store.by_id, held.id),
    ):
        assert found == held
    assert replace(found.story, published=None) == received().story
    assert (found.contact, found.photos, found.names_agreed) == (OFFICE, held.photos, "Headteacher")
    assert (found.state, found.version, found.received_at) == ("waiting", 1, NOON + timedelta(minutes=1))
    assert desk.events(found) == ["received"]


def test_the_same_origin_is_one_story_and_says_nothing_again(desk: Desk) -> None:
    first = desk.receive()
    with desk.writing() as connection:
        again, is_new = store.receive(
            connection,
            received(),
            reference="GN-999999",
            token="other",
            state="waiting",
            at=desk.now,
            letter="received",
        )
    assert (again.id, is_new) == (first.id, False)
    assert desk.events(first) == ["received"]


def test_the_token_is_not_in_the_database(desk: Desk) -> None:
    desk.receive()
    with db.reading(desk.engine) as connection:
        rows = connection.execute(text("SELECT * FROM story")).all()
    assert "token-1" not in str(rows)
    assert desk.look(store.by_token, "token-2") is None


def test_each_act_changes_the_story_and_adds_a_line(desk: Desk) -> None:
    held = desk.receive()
    held = desk.act(held, "asked", words="Who planted them?", letter="asked")
    held = desk.act(held, "answered", words="Year 4.")
    held = desk.act(held, "edited", story=replace(held.story, title="Beans"), photos=(photo(3),))
    held = desk.act(held, "accepted", place=PLACE, letter="accepted")
    assert (held.state, held.bulletin, held.edition, held.slug) == ("accepted", *PLACE)
    assert (held.story.title, [p.name for p in held.photos], held.version) == ("Beans", [photo(3).name], 5)
    assert held.is_placed and not held.is_open
    assert desk.events(held) == ["received", "asked", "answered", "edited", "accepted"]
    assert [(e.what, e.actor) for e in desk.look(store.history, held.id)][1] == ("asked", "staff:test")


def test_two_who_change_the_same_story_are_told(desk: Desk) -> None:
    held = desk.receive()
    desk.act(held, "edited")
    with pytest.raises(Changed, match="Look at it again"):
        desk.act(held, "declined")
    assert desk.look(store.by_id, held.id).state == "waiting"


@pytest.mark.parametrize("state", ["waiting", "published", "withdrawn", "declined"])
def test_what_a_state_does_not_allow_is_refused_and_changes_nothing(desk: Desk, state: str) -> None:
    held = desk.receive()
    if state == "published":
        held = desk.act(held, "accepted", place=PLACE)
    if state != "waiting":
        held = desk.act(held, state)
    for act, (allowed, _) in ACTS.items():
        if state not in allowed:
            with pytest.raises(NotNow, match=f"is {state}"):
                desk.act(held, act)
    assert desk.look(store.by_id, held.id) == held


def test_a_story_is_never_accepted_nowhere(desk: Desk) -> None:
    held = desk.receive()
    with pytest.raises(IntegrityError):
        desk.act(held, "accepted")


def test_a_channel_without_the_adult_who_recorded_consent_is_not_kept(desk: Desk) -> None:
    nobody_said = Consent("people", frozenset({"email"}), "", None)
    held = desk.receive(photos=(photo(consent=nobody_said),))
    (kept,) = desk.look(store.by_id, held.id).photos
    assert kept.consent.given == frozenset() and kept.consent.channels == frozenset()
    with pytest.raises(IntegrityError), db.writing(desk.engine) as connection:
        connection.execute(text("UPDATE story_photo SET channels = 'email'"))


def test_the_queue_begins_with_whoever_waits_longest(desk: Desk) -> None:
    stories = [desk.receive(number) for number in (1, 2, 3)]
    desk.act(stories[1], "declined")
    assert [held.id for held in desk.look(store.listed, "waiting")] == [stories[0].id, stories[2].id]
    assert desk.look(store.counts) == {"waiting": 2, "declined": 1}


def test_what_is_out_and_what_must_go_is_found(desk: Desk) -> None:
    accepted, gone = (desk.act(desk.receive(n), "accepted", place=(*PLACE[:2], f"slug-{n}")) for n in (1, 2))
    assert desk.look(store.to_publish, date(2025, 1, 20)) == []
    assert [held.id for held in desk.look(store.to_publish, date(2025, 1, 21))] == [accepted.id, gone.id]
    gone = desk.act(gone, "withdrawn")
    assert [held.id for held in desk.look(store.to_unpublish)] == [gone.id]
    assert [held.id for held in desk.look(store.placed, "weekly", PLACE[1])] == [accepted.id]
    with desk.writing() as connection:
        store.unplaced(connection, gone, "staff:test", desk.now)
    assert desk.look(store.to_unpublish) == []


def test_each_mail_arrives_once_and_what_is_set_aside_is_shown_with_its_reason(desk: Desk) -> None:
    held = desk.receive()
    arrived = [
        Arrival("mail:1", "mail", NOON, "story", sender="a@b.example", story_id=held.id),
        Arrival("mail:2", "mail", NOON, "set-aside", "automatic", "a@b.example", "Out of office" * 50),
        Arrival("mail:1", "mail", NOON, "set-aside", "loop"),
    ]
    with desk.writing() as connection:
        assert [arrivals.note(connection, each) for each in arrived] == [True, True, False]
    (aside,) = desk.look(arrivals.set_aside)
    assert (aside.reason, len(aside.title)) == ("automatic", 200)
    assert desk.look(arrivals.known, "mail:1") and not desk.look(arrivals.known, "mail:3")
    assert desk.look(arrivals.from_sender, "a@b.example", NOON - timedelta(days=1)) == 2


def test_contact_details_and_photos_go_when_their_time_is_over_and_what_waits_stays(desk: Desk) -> None:
    waiting, declined = desk.receive(1), desk.act(desk.receive(2), "declined", words="Dear Example Person", letter="no")
    published = desk.act(desk.act(desk.receive(3, photos=(photo(3),)), "accepted", place=PLACE), "published")
    keep = Keep(contact_days=180, declined_days=30, photo_days=90, arrival_days=5)

    def after(days: int) -> int:
        with desk.writing() as connection:
            return retention.run(connection, keep, desk.now + timedelta(days=days))

    assert after(29) == 0
    assert after(31) == 2  # a story's people and its photo
    assert after(31) == 0
    found = desk.look(store.by_id, declined.id)
    assert (found.contact.name, found.contact.role, found.contact.address, found.photos) == ("", "", "", ())
    assert "Dear" not in str(desk.look(store.history, declined.id))
    assert desk.look(store.by_id, published.id).contact == OFFICE
    files = desk.look(retention.photos_in_use, keep, desk.now + timedelta(days=91))
    assert files == {photo(1).name}  # the published item has its own
    assert after(181) == 1
    found = desk.look(store.by_id, published.id)
    assert found.contact.address == "" and found.photos[0].consent == YES  # the record of consent stays
    assert desk.look(store.by_id, waiting.id) == waiting


def test_a_person_is_forgotten_everywhere_and_their_story_stays(desk: Desk) -> None:
    held = desk.receive()
    with desk.writing() as connection:
        arrivals.note(connection, Arrival("m", "mail", NOON, "set-aside", "automatic", OFFICE.address, "Hello"))
        assert len(retention.everything(connection, OFFICE.address)) == 2
        assert retention.forget(connection, OFFICE.address, desk.now) == 2
        assert retention.everything(connection, OFFICE.address) == []
    assert desk.look(store.by_id, held.id).story == held.story
    with db.reading(desk.engine) as connection:
        everything = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in store.TABLES_WITH_PEOPLE]
    assert OFFICE.address not in str(everything) and OFFICE.name not in str(everything)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ()),
        ({"photos": (photo(alt=""),)}, ("alt",)),
        ({"photos": (photo(consent=Consent()),)}, ("consent",)),
        ({"photos": ()}, ()),
    ],
)
def test_what_only_the_school_can_say_is_told(desk: Desk, changes: Any, codes: tuple[str, ...]) -> None:
    assert missing(desk.receive(**changes)) == codes


def test_a_reference_can_be_said_and_is_found_again() -> None:
    made = new_reference()
    assert read_reference(f"about {made.lower().replace('gn-', 'gn')}, please") == made
    assert read_reference("no reference") == ""
