"""The form: what is missing, too long or contradictory is told in one pass; what was typed shows exactly as it was typed."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.markdown import to_html
from goodnews import form, typed
from goodnews.model import Consent, Story
from goodnews.rules import alike, photo_consent, shown_photos
from tests.goodnews.conftest import photo
from tests.goodnews.payloads import SCRIPTS

TODAY = date(2025, 1, 14)
GOOD = {
    "school": ["Example Primary School"],
    "title": ["A garden of our own"],
    "summary": ["Year 4 grow beans."],
    "text": ["We dug.\r\n\r\nThen we planted."],
    "name": ["Example Person"],
    "role": ["Office manager"],
    "address": ["office@example-primary.example"],
}
OF_PHOTO = {
    "alt-1": ["Children plant beans."],
    "people-1": ["people"],
    "channels-1": ["email", "web"],
    "by-1": ["Headteacher"],
    "on-1": ["2025-01-08"],
}


def read(more: dict[str, list[str]] | None = None, photos: int = 0, without: str = "") -> form.Filled:
    fields = {**GOOD, **(more or {})}
    fields.pop(without, None)

    def read_day(name: str) -> tuple[date | None, list[form.Fault]]:
        typed = fields.get(name, [""])[0]
        try:
            return date.fromisoformat(typed) if typed else None, []
        except ValueError:
            return None, [form.Fault(f"{name}-day", "on-wrong")]

    return form.read(fields, [photo(n + 1, Consent(), "") for n in range(photos)], TODAY, read_day)


def codes(filled: form.Filled) -> set[str]:
    return {fault.code for fault in (*filled.faults, *filled.photo_faults)}


def test_a_whole_form_is_a_story() -> None:
    filled = read(OF_PHOTO, photos=1)
    assert codes(filled) == set()
    received = filled.received("form", "form:1")
    assert (received.story.school, received.story.source) == ("Example Primary School", "form:1")
    assert received.story.text == "We dug.\n\nThen we planted."
    consent = Consent("people", frozenset({"email", "web"}), "Headteacher", date(2025, 1, 8))
    assert received.photos[0].consent == consent
    assert photo_consent(received.photos[0]) == "email, web (Headteacher, 8 January 2025)"


@pytest.mark.parametrize("field", ["school", "title", "summary", "text", "name", "role"])
def test_each_missing_word_is_told_at_its_field_and_the_rest_is_kept(field: str) -> None:
    filled = read(without=field)
    assert [(fault.field, fault.code) for fault in filled.faults] == [(field, f"{field}-missing")]
    assert read({field: [" \u200b\u202e "]}).faults == filled.faults
    assert filled.address == GOOD["address"][0]


@pytest.mark.parametrize(("field", "most"), [("title", form.HEADLINE), ("summary", form.SUMMARY), ("text", form.TEXT)])
def test_what_is_too_long_is_told_and_shown_back_to_be_shortened(field: str, most: int) -> None:
    assert codes(read({field: ["x" * most]})) == set()
    filled = read({field: ["x" * (most + 1)]})
    assert codes(filled) == {f"{field}-long"}
    assert len(getattr(filled, field)) == most + 1
    assert len(getattr(read({field: ["x " * 500_000]}), field)) <= most * 2 + 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"alt-1": [""]}, {"alt-missing"}),
        ({"alt-1": ["x" * 251]}, {"alt-long"}),
        ({"people-1": []}, {"people-missing"}),
        ({"people-1": ["sometimes"]}, {"people-missing"}),
        ({"channels-1": []}, {"channels-missing"}),
        ({"channels-1": ["everywhere"]}, {"channels-missing"}),
        ({"by-1": [""]}, {"by-missing"}),
        ({"on-1": [""]}, {"on-missing"}),
        ({"on-1": ["yesterday"]}, {"on-wrong"}),
        ({"on-1": ["2025-01-15"]}, {"on-future"}),
        ({"people-1": ["nobody"], "channels-1": [], "by-1": [], "on-1": []}, set()),
    ],
)
def test_a_photo_without_words_or_whole_consent_is_not_taken(changes: dict[str, list[str]], expected: set[str]) -> None:
    filled = read({**OF_PHOTO, **changes}, photos=1)
    assert codes(filled) == expected
    assert all(fault.field.removesuffix("-day").endswith("-1") for fault in filled.photo_faults)


def test_only_photos_with_consent_are_shown_and_more_than_one_only_if_it_may_go_everywhere() -> None:
    nowhere, social = photo(1, Consent("people")), photo(2, Consent("people", frozenset({"social"}), "Head", TODAY))
    web = photo(3, Consent("people", frozenset({"web"}), "Head", TODAY))
    everywhere, nobody = photo(4), photo(5, Consent("nobody"))
    assert shown_photos([nowhere, social]) == (None, ())
    assert shown_photos([nowhere, nobody, web, everywhere]) == (nobody, (everywhere,))
    assert shown_photos([web, nobody]) == (web, (nobody,))
    assert photo_consent(nowhere) == ""
    assert photo_consent(nobody) == "no people"


def test_a_role_cannot_break_out_of_the_consent_header() -> None:
    sly = photo(1, Consent("people", frozenset({"web"}), "Head)\ndraft: no (x", TODAY))
    assert photo_consent(sly) == "web (Head draft: no x, 14 January 2025)"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("One.\nTwo.", "One.\n\nTwo."),
        ("- beans\n* peas\n• kale\n\nThen soup.", "- beans\n- peas\n- kale\n\nThen soup."),
        ("1. dig\n2) plant", "1. dig\n1. plant"),
        ("2 * 3 * 4 = _24_", r"2 \* 3 \* 4 = \_24\_"),
        ("# not a heading", r"\# not a heading"),
        ("See https://example.org/a_b?utm_source=x now", "See <https://example.org/a_b> now"),
        ("Write to us@example.org.", "Write to <us@example.org>."),
        ("![x](https://tracker.example/p.png)", r"!\[x\](<https://tracker.example/p.png>)"),
    ],
)
def test_typed_text_becomes_markdown_that_shows_it(text: str, markdown: str) -> None:
    assert typed.to_markdown(text, 6_000) == markdown


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_typed_into_the_story_is_more_than_text(script: str) -> None:
    shown = to_html(typed.to_markdown(script, 6_000)).lower()
    tags = set(re.findall(r"<([a-z]+)", shown))
    assert tags <= {"p", "a", "ul", "ol", "li"}, shown
    assert not re.search(r'<a href="(?!https?:|mailto:|tel:)', shown)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab \n*_-#>[]()<>&;`\\1.+!:/@é\u202e"), max_size=120))
def test_what_was_typed_comes_back_and_is_then_the_same_story(text: str) -> None:
    markdown = typed.to_markdown(text, 6_000)
    assert typed.to_markdown(typed.from_markdown(markdown), 6_000) == markdown


def test_the_same_story_sent_twice_is_noticed_and_another_one_is_not() -> None:
    def story(school: str, title: str, text: str) -> Story:
        return Story(school, title, text, "", None, "x")

    first = story("Example Primary", "A garden of our own at last", "We dug and planted beans in the spring term.")
    assert alike(first, story("example primary", "A garden of our own", "Other words entirely here."))
    assert alike(first, story("Example Primary", "News", "We dug and planted beans in the spring term, too."))
    assert not alike(first, story("Other Primary", "A garden of our own at last", first.text))
    assert not alike(first, story("Example Primary", "Choir wins a prize", "Sixty voices sang in December."))
