"""Readers in groups for the builder, and the numbers that staff plan with."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import db
from subscribers import acts, choices, counts
from subscribers.model import SubscribersError
from tests.subscribers.conftest import AXES, KEYS, TAGS, Room

TODAY = date(2025, 1, 14)


def reaches(item: frozenset[str], reader: frozenset[str]) -> bool:
    """The agreed rule: on every axis that the item names, the reader has one of its tags or chose nothing there."""
    return all(
        not (here := item & tags.keys()) or not (chosen := reader & tags.keys()) or bool(here & chosen)
        for tags in AXES.values()
    )


def test_a_tag_keeps_its_bit_for_ever(room: Room) -> None:
    before = room.look(choices.bits)
    with room.writing() as connection:
        after = choices.allot(connection, ["zoo-keepers", "head", "area-north"])
    assert {tag: after[tag] for tag in before} == before
    assert (after["area-north"], after["zoo-keepers"]) == (len(TAGS), len(TAGS) + 1)


def test_more_tags_than_bits_are_refused(room: Room) -> None:
    with pytest.raises(SubscribersError, match="There can be 62"), room.writing() as connection:
        choices.allot(connection, [f"tag-{number}" for number in range(60)])


def grouped(room: Room, used: set[str]) -> dict[tuple[frozenset[str], str], int]:
    found = room.look(choices.groups, "weekly", used, AXES, TODAY)
    return {(group.audiences, group.amount): group.readers for group in found}


def test_readers_who_differ_only_in_what_the_edition_does_not_ask_are_one_group(room: Room) -> None:
    room.add("a@x.org", audiences=frozenset({"head", "primary"}))
    room.add("b@x.org", audiences=frozenset({"head", "secondary"}))
    room.add("c@x.org")
    assert grouped(room, {"head"}) == {(frozenset({"head"}), "selection"): 2, (frozenset(), "selection"): 1}


def test_who_chose_something_else_on_an_axis_does_not_look_like_who_chose_nothing(room: Room) -> None:
    room.add("a@x.org", audiences=frozenset({"governor"}))
    room.add("b@x.org")
    found = grouped(room, {"head"})
    assert len(found) == 2
    assert sum(n for (audiences, _), n in found.items() if reaches(frozenset({"head"}), audiences)) == 1


def test_who_wants_everything_is_one_group(room: Room) -> None:
    room.add("a@x.org", audiences=frozenset({"head"}), amount="everything")
    room.add("b@x.org", amount="everything")
    assert grouped(room, {"head"}) == {(frozenset(), "everything"): 2}


def test_who_has_left_or_paused_is_in_no_group(room: Room) -> None:
    room.add("a@x.org")
    room.leave("a@x.org")
    person = room.add("b@x.org")
    with room.writing() as connection:
        acts.pause(connection, KEYS, person.id, None, date(2025, 2, 1), TODAY, room.proof())
    assert grouped(room, {"head"}) == {}


def test_every_reader_has_the_key_of_their_group(room: Room) -> None:
    room.add("a@x.org", audiences=frozenset({"head"}))
    room.add("b@x.org", audiences=frozenset({"governor"}))
    room.add("c@x.org", amount="everything")
    with db.reading(room.engine) as connection:
        groups = {group.key: group for group in choices.groups(connection, "weekly", {"head"}, AXES, TODAY)}
        rows = connection.execute(choices.readers_of(connection, "weekly", {"head"}, AXES, TODAY)).all()
    assert {row.address: groups[row.group_key].amount for row in rows} == {
        "a@x.org": "selection", "b@x.org": "selection", "c@x.org": "everything",
    }  # fmt: skip
    assert all(groups[row.group_key].readers == 1 for row in rows)


tags = st.frozensets(st.sampled_from(TAGS), max_size=4)


@given(readers=st.lists(tags, max_size=8), items=st.lists(tags, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_group_gets_exactly_what_each_of_its_readers_would(
    room: Room, readers: list[frozenset[str]], items: list[frozenset[str]]
) -> None:
    with room.writing() as connection:
        connection.execute(text("DELETE FROM subscriber"))
    for number, chosen in enumerate(readers):
        room.add(f"r{number}@x.org", audiences=chosen)
    used = frozenset[str]().union(*items)
    with db.reading(room.engine) as connection:
        keys = [
            row.group_key for row in connection.execute(choices.readers_of(connection, "weekly", used, AXES, TODAY))
        ]
        groups = choices.groups(connection, "weekly", used, AXES, TODAY)
    assert {group.key: group.readers for group in groups} == Counter(keys)
    found = room.look(counts.reach, "weekly", items, AXES, TODAY, reaches)
    assert list(found) == [sum(reaches(item, chosen) for chosen in readers) for item in items]


def test_counts_for_planning(room: Room) -> None:
    for number in range(6):
        room.add(f"h{number}@x.org", audiences=frozenset({"head"}))
    room.add("s@x.org", audiences=frozenset({"senco"}))
    room.add("e@x.org", audiences=frozenset({"senco"}), amount="everything")
    room.take("Email\ni@x.org\n")
    room.add("gone@x.org", "send")
    room.leave("gone@x.org", "send")
    assert room.look(counts.readers, TODAY) == {"weekly": 9}
    audiences = room.look(counts.per_audience, "weekly", AXES, TODAY)
    assert {tag: number for tag, number in audiences.items() if number} == {"head": 6, "senco": 1}
    assert room.look(counts.sources, "weekly") == {"staff": 8, "imported": 1}
    assert room.look(counts.lists, "weekly") == {"together": 1}
    since = datetime(2025, 1, 1, tzinfo=UTC)
    assert room.look(counts.growth, "send", since) == (counts.Month("2025-01", 1, 1),)
    assert counts.public(audiences)["head"] == 6


@pytest.mark.parametrize(("number", "shown"), [(0, 0), (1, None), (4, None), (5, 5), (400, 400)])
def test_small_counts_are_hidden_in_public(number: int, shown: int | None) -> None:
    assert counts.for_public(number) == shown
