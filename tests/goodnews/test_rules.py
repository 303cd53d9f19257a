"""A story is taken once, whatever is renamed, repeated or reworded."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.items import SLUG
from goodnews.model import Story
from goodnews.rules import Taken, item_values, mark, slug, taken_of, waiting

STORY = Story(
    "Example School", "Year 4’s win", "Words.", "https://school.example/win", None, "https://school.example/?p=1"
)
OTHER = replace(STORY, title="Another", link="https://school.example/other", source="https://school.example/?p=2")


def flags(*stories: Story, taken: Taken) -> list[bool]:
    return [one.taken for one in waiting(stories, taken)]


def test_the_file_name_says_the_title_and_is_the_storys_own() -> None:
    assert slug(STORY) == f"year-4s-win-{mark(STORY)}"
    assert slug(replace(STORY, source="2")) != slug(STORY)
    assert slug(replace(STORY, school="Other School")) != slug(STORY)


def test_the_mark_stays_when_the_words_change() -> None:
    assert mark(replace(STORY, title="New", text="New", link="https://x.example", school="EXAMPLE SCHOOL")) == mark(
        STORY
    )


def test_the_mark_is_the_same_tomorrow() -> None:
    assert mark(STORY) == "295802c7fb"


@given(st.text(max_size=200))
def test_any_title_gives_a_file_name_that_the_builder_takes_and_no_path(title: str) -> None:
    name = slug(replace(STORY, title=title))
    assert SLUG.fullmatch(name)
    assert len(name) <= 100


def test_a_story_whose_file_is_there_is_taken() -> None:
    assert flags(STORY, OTHER, taken=taken_of([(slug(STORY), "")])) == [True, False]


def test_a_story_whose_file_was_renamed_is_still_taken_by_its_last_link() -> None:
    text = f"See [another]({OTHER.link}).\n\n[Read this]({STORY.link})\n"
    assert flags(STORY, OTHER, taken=taken_of([("our-own-name", text)])) == [True, False]


def test_a_link_to_a_front_page_or_to_a_page_of_several_stories_tells_nothing() -> None:
    front = replace(STORY, link="https://school.example/")
    shared = [replace(STORY, source="a"), replace(STORY, source="b")]
    held = Taken(links=frozenset({front.link, STORY.link}))
    assert flags(front, taken=held) == [False]
    assert flags(*shared, taken=held) == [False, False]


def test_a_story_in_two_feeds_waits_once() -> None:
    assert len(waiting([STORY, OTHER, replace(STORY, title="Again")], Taken())) == 2


@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x85", "\v"])
def test_a_story_from_any_door_cannot_add_a_header(end: str) -> None:
    evil = f"x{end}visibility: public"
    values = item_values(replace(STORY, title=evil, school=evil, summary=evil))
    assert all(len(values[name].splitlines()) == 1 for name in ("title", "school", "summary", "school_in_text"))


def test_a_schools_name_cannot_break_out_of_the_link() -> None:
    values = item_values(replace(STORY, school="X](javascript:alert(1)) [Y"))
    assert not re.search(r"(?<!\\)[\[\]]", values["school_in_text"])
