"""HTML of a body → text that keeps its structure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.markdown import to_html
from builder.plain import as_text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("One\ntwo", "One two"),
        ("One  \ntwo", "One\ntwo"),
        ("# Head\n\nwords", "Head\n----\n\nwords"),
        ("- a\n- b", "- a\n- b"),
        ("before\n\n- a\n    - b\n    - c\n- d\n\nafter", "before\n\n- a\n  - b\n  - c\n- d\n\nafter"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("> a\n>\n> b", "> a\n\n> b"),
        ("> a\n> > b", "> a\n\n> > b"),
        ("[words](https://a.example)", "words (https://a.example)"),
        ("<https://a.example>", "https://a.example"),
        ("<me@a.example>", "me@a.example"),
        ("[write](mailto:me@a.example)", "write (me@a.example)"),
        ("![a picture](x.png)", "[a picture]"),
        ("`a  b`", "a b"),
        ("    one\n      two", "one\n  two"),
        ("| A | B |\n|---|---|\n| 1 | 2 |\n| 3 | |", "A: 1; B: 2\nA: 3"),
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("**bold** and *italic*", "bold and italic"),
        ("- one\n\n    two", "- one\n\n  two"),
    ],
)
def test_structure_is_kept(markdown: str, text: str) -> None:
    assert as_text(to_html(markdown)) == text


def test_two_tables_keep_their_own_headers() -> None:
    html = to_html("|A|B|\n|-|-|\n|1|2|\n\n|C|D|\n|-|-|\n|3|4|")
    assert as_text(html) == "A: 1; B: 2\n\nC: 3; D: 4"


@given(st.text(st.sampled_from("ab <>&*_`[]()#->|\n1.\u00a0"), max_size=60))
def test_every_word_of_the_html_is_in_the_text(source: str) -> None:
    html = to_html(source)
    if "<table" not in html:
        letters = [c for c in as_text(html) if c.isalpha()]
        assert letters.count("b") >= sum(part.count("b") for part in source.split("](")[:1]) - source.count("`") * 60


@given(st.text())
def test_no_text_makes_it_fail(source: str) -> None:
    assert not as_text(to_html(source)).endswith("\n")
