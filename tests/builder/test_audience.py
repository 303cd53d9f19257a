"""Who an item is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.audience import did_you_mean, expand, in_order, reaches
from tests.builder.writing import HOUSE
from tests.editions import ROOT, STARTER, open_press

AXES = HOUSE.audiences.axes
TAGS = st.frozensets(st.sampled_from([tag.id for tag in HOUSE.audiences.tags]))


@pytest.mark.parametrize(
    ("item", "reader", "reached"),
    [
        ("", "", True),
        ("", "primary head", True),
        ("primary", "", True),
        ("primary", "primary", True),
        ("primary", "early-years", False),
        ("primary", "head", True),
        ("primary head", "primary", True),
        ("primary head", "primary head", True),
        ("primary head", "primary office", False),
        ("primary early-years", "early-years", True),
    ],
)
def test_an_item_reaches_whom_it_names_on_every_axis(item: str, reader: str, reached: bool) -> None:
    assert reaches(frozenset(item.split()), frozenset(reader.split()), AXES) is reached


@given(TAGS, TAGS, TAGS)
def test_a_reader_who_says_less_receives_no_less(
    item: frozenset[str], reader: frozenset[str], more: frozenset[str]
) -> None:
    on_new_axes = frozenset(t for axis in AXES if not reader & axis.tag_ids for t in more & axis.tag_ids)
    if reaches(item, reader | on_new_axes, AXES):
        assert reaches(item, reader, AXES)


@given(TAGS, TAGS)
def test_an_item_for_everyone_reaches_everyone(reader: frozenset[str], item: frozenset[str]) -> None:
    assert reaches(frozenset(), reader, AXES)
    assert reaches(item, frozenset(), AXES)


def test_a_group_stands_for_its_tags() -> None:
    assert expand(["schools", "head"], HOUSE.audiences) == (frozenset({"primary", "head"}), ())


def test_names_that_nobody_knows_are_told_in_order() -> None:
    assert expand(["primry", "head", "x"], HOUSE.audiences) == (frozenset({"head"}), ("primry", "x"))


def test_a_near_name_is_proposed_and_a_far_one_is_not() -> None:
    assert did_you_mean("Primry", HOUSE.audiences.names) == ' Did you mean "primary"?'
    assert did_you_mean("zebra", HOUSE.audiences.names) == ""


def test_tags_are_told_in_the_house_s_order() -> None:
    assert in_order({"office", "primary", "early-years", "gone"}, HOUSE.audiences) == (
        "early-years",
        "primary",
        "office",
    )


@pytest.mark.parametrize("root", [ROOT, STARTER], ids=["the shipped house", "a new house"])
def test_a_parent_gets_what_is_for_families_or_for_everyone_and_nothing_that_only_staff_need(
    root: Path, tmp_path: Path
) -> None:
    press = open_press(root, tmp_path)
    audiences = press.house.audiences
    staff = audiences.groups["education-staff"]
    items = [item for edition in press.content.editions for item in press.items(edition)]
    theirs = [item for item in items if reaches(item.audience, frozenset({"parents-carers"}), audiences.axes)]
    assert any("parents-carers" in item.audience for item in theirs)
    assert any(not item.audience for item in theirs)
    assert [item.slug for item in theirs if item.audience & staff and "parents-carers" not in item.audience] == []
    assert [item.slug for item in items if item.audience & staff and item not in theirs]
