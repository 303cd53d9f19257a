"""The header block, read literally, from any bytes that a file can hold."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.headers import MAX_FILE_BYTES, Notes, Written, take_apart


def apart(text: str) -> Written:
    return take_apart(text.encode(), "a.md")


def codes(written: Written) -> list[str]:
    return [finding.code for finding in written.findings]


def test_headers_and_body_come_apart() -> None:
    written = apart("---\ntitle: Inclusion Summit\nkind: event\n---\n\nCome along.\n")
    assert written.headers == {"title": "Inclusion Summit", "kind": "event"}
    assert written.body == "Come along."
    assert written.findings == ()


def test_every_header_and_the_body_know_their_line() -> None:
    written = apart("\n---\ntitle: A\n# a remark\nkind: news\n---\n\n\nCome along.")
    assert {name: written.source.line(name) for name in ("title", "kind", "body")} == {"title": 3, "kind": 5, "body": 9}
    assert written.body_line == 9


@pytest.mark.parametrize(
    "value",
    [
        "SEND: Element 3 funding",
        "010",
        "yes",
        "# not a remark",
        "'quoted' \"twice\"",
        "- a dash",
        "[x](y)",
        "{{ 7*7 }}",
        "&amp; <b>",
        "null",
    ],
)
def test_a_value_is_taken_literally(value: str) -> None:
    assert apart(f"---\ntitle: {value}\n---\n").headers["title"] == value


def test_a_value_goes_on_in_indented_lines() -> None:
    written = apart("---\nsigned: Sara Tough OBE\n  Executive Director\n\tNorfolk County Council\nkind: message\n---\n")
    assert written.headers["signed"] == "Sara Tough OBE\nExecutive Director\nNorfolk County Council"
    assert written.headers["kind"] == "message"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("publishDate", "release"), ("expiryDate", "expires"), ("description", "summary"), ("Action By", "action-by"),
        ("ACTION_BY", "action-by"), ("tags", "audience"), ("type", "kind"),
    ],
)  # fmt: skip
def test_other_spellings_are_understood(written: str, name: str) -> None:
    assert apart(f"---\n{written}: x\n---\n").headers == {name: "x"}


def test_a_line_that_is_no_header_is_told_and_takes_its_further_lines_with_it() -> None:
    written = apart("---\ntitle: A\nWe meet at noon\n  in the hall\n---\n")
    assert codes(written) == ["not-a-header"]
    assert written.findings[0].line == 3
    assert written.headers == {"title": "A"}


def test_a_header_given_twice_keeps_its_first_value() -> None:
    written = apart("---\ntitle: A\ntitle: B\n  more of B\n---\n")
    assert codes(written) == ["header-twice"]
    assert written.headers == {"title": "A"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty-file"),
        (" \n\n ", "empty-file"),
        ("Just words", "no-headers"),
        ("---\n---\nwords", "no-headers"),
        ("---\ntitle: A\nwords", "headers-not-closed"),
        ("---\ntitle: A\n---\n" + ">" * 9 + " words", "too-much-markup"),
    ],
)
def test_a_file_without_its_parts_is_told(text: str, code: str) -> None:
    assert code in codes(apart(text))


def test_the_findings_that_a_person_lets_stand_are_named_in_a_header() -> None:
    assert apart("---\ntitle: A\nchecked: Postcode, phone-number\n---\n").source.checked == {"postcode", "phone-number"}


def test_a_long_value_is_shown_by_its_beginning() -> None:
    notes = Notes("a.md")
    notes.add("x", 1, f'"{"a" * 5000}" is not a kind. Did you mean "news"?')
    assert len(notes.findings[0].message) < 150
    assert 'Did you mean "news"?' in notes.findings[0].message


# --- bytes -----------------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble() -> None:
    written = take_apart("\ufeff---\r\ntitle: A\r\n---\r\nWords\r\nmore".encode(), "a.md")
    assert (written.headers, written.body, written.findings) == ({"title": "A"}, "Words\nmore", ())


def test_bytes_that_are_not_utf_8_are_told_with_their_line() -> None:
    written = take_apart(b"---\ntitle: A\n---\n\xa3100 million", "a.md")
    assert [(f.code, f.line) for f in written.findings] == [("not-utf-8", 4)]
    assert "A3" in written.findings[0].message


@pytest.mark.parametrize("unseen", ["\0", "\x07", "\u202e", "\u2066", "\ufeff", "\x9f"])
def test_a_character_that_nobody_sees_is_told_and_made_visible(unseen: str) -> None:
    written = apart(f"---\ntitle: A{unseen}B\n---\nWords")
    assert [(f.code, f.line) for f in written.findings] == [("unseen-character", 2)]
    assert written.headers["title"] == "A\ufffdB"


def test_ten_megabytes_are_refused_in_a_moment() -> None:
    started = time.process_time()
    assert codes(take_apart(b"x" * 10_000_000, "a.md")) == ["file-too-large"]
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: A\n---\n" + ">" * 100_000,
        "---\ntitle: A\n---\n" + "> " * 90_000,
        "---\ntitle: A\n" + " x\n" * 60_000 + "---\n",
        "---\n" + "a: b\n" * 30_000 + "---\n",
        "---\n" + "a" * 190_000 + "\n---\n",
        "---\n" + "a " * 90_000 + ":\n---\n",
        "\n" * 190_000,
        "---\nt: a\n---\n" + "\n" * 190_000,
    ],
    ids=lambda text: text[14:24],
)
def test_a_file_of_the_largest_size_takes_no_time(text: str) -> None:
    assert len(text) < MAX_FILE_BYTES
    started = time.process_time()
    apart(text)
    assert time.process_time() - started < 3


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    take_apart(raw, "a.md")


@given(st.lists(st.sampled_from(["---", "title: A", " ", ">", "\t", "\r", "a", ":", "#", "\u2028", "\0"]), max_size=12))
def test_no_arrangement_of_the_marks_raises(lines: list[str]) -> None:
    apart("\n".join(lines))


NAMES = st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True).filter(lambda n: "-" not in n or len(n) < 30)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), max_size=30).map(str.strip)


@given(st.dictionaries(NAMES.map(lambda name: f"x{name}"), VALUES, min_size=1, max_size=5), VALUES)
def test_what_is_written_is_what_is_read(headers: dict[str, str], body: str) -> None:
    block = "".join(f"{name}: {value}\n" for name, value in headers.items())
    written = apart(f"---\n{block}---\n{body}\n")
    assert written.headers == headers
    assert written.body == body
    assert written.findings == ()


def test_a_file_cut_off_at_any_byte_still_comes_apart() -> None:
    raw = "---\ntitle: Café – “Summit”\nsigned: A\n  B\n---\n\n> A quotation\n\n- one\n- two\n".encode()
    for end in range(len(raw)):
        written = take_apart(raw[:end], "a.md")
        assert end > raw.index(b"\n---\n") + 3 or written.findings
