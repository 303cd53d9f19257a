"""Markdown bodies: safe, quick, and the same as Python-Markdown alone would make them."""

from __future__ import annotations

from time import perf_counter

import markdown as python_markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown.inlinepatterns import LinkInlineProcessor
from markdown.treeprocessors import InlineProcessor

from builder import markdown
from builder.inlines import Brackets, QuickInlines
from builder.markdown import as_written, inline, read_styles, render, to_html
from tests.editions import ROOT

PIECES = [
    "*", "**", "_", "__", "`", "``", "[", "]", "(", ")", "![", "](", "[a]", "[a]: https://a.example", "<", ">", "&", "&amp;", "&#60;", "\\", "\\*",
    "  \n", "\n", "\n\n", "- ", "1. ", "> ", "# ", "    ", "|", "\n---|---\n", "https://a.example/b_c*d", "<https://b.example>", "me@c.example", "<me@c.example>",
    "word", " ", "café", "“", "!", "'", '"', "Table: ", "<b>", "</b>", "<script>", "{{ 7 }}", "[[unsubscribe]]", ".", ",",
]  # fmt: skip


def stock() -> python_markdown.Markdown:
    """The same engine with Python-Markdown's own steps."""
    engine = markdown._engine.__wrapped__()
    engine.parser.blockprocessors.deregister("plain")
    engine.set_output_format("html")
    engine.treeprocessors.register(InlineProcessor(engine), "inline", 20)
    for pattern in engine.inlinePatterns:
        vars(pattern).pop("getText", None)
    return engine


STOCK = stock()


def shipped_bodies() -> list[str]:
    return [file.read_text("utf-8").rpartition("\n---\n")[2] for file in sorted(ROOT.glob("content/**/*.md"))]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_skipping_patterns_that_cannot_match_changes_no_output(source: str) -> None:
    assert markdown._engine().reset().convert(source) == STOCK.reset().convert(source)


SIMPLE = [
    "**two** ", "*One* a", " (*o ne*)", "[a b](https://a.example/b)", "!", "c-d@e.example.org", ". ", "\nWords", "“A", "*", ">", "  ", "é", "10/2",
    "Table:", "\u2028", "\xa0", "\n\n- a\n- b", "\n\n> c\n> d", "\n\nE\n\n",
]  # fmt: skip


@given(st.lists(st.sampled_from([*PIECES, *SIMPLE * 2]), max_size=20).map("".join), st.sampled_from(["", "\n"]))
def test_paragraphs_that_go_another_way_come_out_the_same(source: str, more: str) -> None:
    """But for blanks alone at the very beginning: the library makes an empty piece of code of them."""
    source = source.lstrip(" ") if not source.partition("\n")[0].strip() else source
    for text in (source, f"Before > it.\n\n{more}{source}", f"{source}\n\n{more}After\nit.", f"A\n\n{source}\n\nZ"):
        assert markdown._convert(text) == STOCK.reset().convert(text)


def test_the_short_ways_change_no_output_on_the_shipped_content() -> None:
    for body in shipped_bodies():
        assert markdown._engine().reset().convert(body) == STOCK.reset().convert(body) == markdown._convert(body)


@given(st.text("[]a", max_size=60))
def test_a_bracket_is_closed_where_the_library_closes_it(data: str) -> None:
    brackets = Brackets()
    for start in (place for place, letter in enumerate(data, 1) if letter == "["):
        text, end, is_closed = LinkInlineProcessor.getText(STOCK.inlinePatterns["link"], data, start)
        assert brackets.text(data, start) == (text, end, is_closed)
        assert brackets._far(data, start) == (end - 1 if is_closed else -1)


def test_the_quick_inline_step_is_the_one_that_is_called() -> None:
    """It stands in for a private method; an upgrade that renames it must not go unnoticed."""
    own, theirs = "_InlineProcessor__handleInline", InlineProcessor
    assert isinstance(markdown._engine().treeprocessors["inline"], QuickInlines)
    assert hasattr(theirs, own) and hasattr(theirs, "_InlineProcessor__applyPattern")


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_email_html_holds_the_same_words_and_only_allowed_tags(source: str) -> None:
    body = render(source, {"p": "margin:0", "a": "color:#0b5563"})
    assert "<script" not in body.html + body.email
    assert body.email.count("<p ") == body.html.count("<p>")


def test_headings_start_at_two_and_skip_none_and_go_two_deeper_in_email() -> None:
    body = render("# A\n\n#### B\n\n# C", {})
    assert body.html.split("\n") == ["<h2>A</h2>", "<h3>B</h3>", "<h2>C</h2>"]
    assert body.email.split("\n") == ["<h4>A</h4>", "<h5>B</h5>", "<h4>C</h4>"]


def test_a_table_gets_scopes_and_the_paragraph_before_it_becomes_its_caption() -> None:
    html = to_html("Table: Dates\n\n| Group | Day |\n| --- | --: |\n| North | 3 |")
    assert "<caption>Dates</caption>" in html
    assert html.count('scope="col"') == 2
    assert "Table:" not in html


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("see https://a.example/b?c=1&d=2.", 'href="https://a.example/b?c=1&amp;d=2"'),
        ("write to me@a.example, please", 'href="mailto:me@a.example"'),
        ("(https://a.example/b)", 'href="https://a.example/b"'),
    ],
)
def test_bare_addresses_in_a_body_become_links(written: str, address: str) -> None:
    assert to_html(written).count("<a ") == 1
    assert address in to_html(written)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("Data Team, data@a.example", "mailto:data@a.example"),
        ("https://a.example/form", "https://a.example/form"),
        ("01632 960024", "tel:01632960024"),
        ("+44 1632 960024 until 5pm", "tel:+441632960024"),
    ],
)
def test_addresses_and_phone_numbers_in_a_header_become_links(written: str, address: str) -> None:
    assert f'<a href="{address}">' in inline(written)


@pytest.mark.parametrize(
    "written", ["1/25", "2024-12-09", "Room 0123", "£10.50 or 200 for 10", "Friday 14 February 2025"]
)
def test_other_numbers_in_a_header_become_no_links(written: str) -> None:
    assert inline(written) == written


def test_a_header_is_escaped_before_its_addresses_become_links() -> None:
    assert inline('<b>"x"</b> me@a.example').startswith("&lt;b&gt;&quot;x&quot;&lt;/b&gt; <a ")


def test_style_rules_are_read_by_tag_and_later_rules_add_to_earlier() -> None:
    assert read_styles("/* x */ p, li { margin: 0 } p { color : #111111; }") == {
        "p": "margin:0;color:#111111",
        "li": "margin:0",
    }


def test_words_whose_link_was_refused_do_not_look_like_a_link() -> None:
    body = render("[press](javascript:alert(1))", {"a": "color:#0b5563"})
    assert body.email == "<p><a>press</a></p>"
    assert body.text == "press"


# --- R13: what no person writes ---

N = 200_000
HOSTILE = {
    "one long word": "a" * N,
    "brackets": "[" * N,
    "brackets that close": "[" * (N // 2) + "]" * (N // 2),
    "links begun": "[a](b" * (N // 5),
    "links in angle brackets": "[a](<b" * (N // 6),
    "link titles begun": '[a](b "' * (N // 7),
    "pictures begun": "![" * (N // 2),
    "references": "[a]: b\n\n" + "[a][b" * (N // 5),
    "emphasis begun": "*a " * (N // 3),
    "emphasis in pairs": "*a* " * (N // 4),
    "emphasis of three kinds": "***a** b* " * (N // 10),
    "stars": "*" * N,
    "underscores": "_" * N,
    "ticks": "".join("`" * (n % 300) + "a" for n in range(1300)),
    "backslashes": "\\" * N,
    "angle brackets": "<http://a" * (N // 9),
    "entities": "&amp;" * (N // 5),
    "a long mail name": "a" * N + "@",
    "dots": "." * N + "@",
    "spaces": " " * N + "a",
    "breaks": "a  \n" * (N // 4),
    "quotes": "> " * 100_000 + "a",
    "lists in a line": "- " * (N // 2) + "a",
    "numbers in a line": "1. " * (N // 3) + "a",
    "lists in lists": "".join(" " * (4 * n) + "- a\n" for n in range(300)),
    "tabs": "".join("\t" * n + "- a\n" for n in range(500)),
    "headings": "# a\n" * (N // 4),
    "underlined headings": "a\n===\n" * (N // 6),
    "paragraphs": "a\n\n" * (N // 3),
    "a table of ticks": "a|b\n---|---\n" + "`|" * (N // 2),
    "a wide table": "|" * 30_000 + "\n" + "|-" * 30_000 + "|\n",
    "the converter's own marks": "\x02klzzwxh:0000\x03" * (N // 14),
    "lone surrogates": "\ud800" * 1000,
    "NUL": "\x00" * N,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_body_makes_the_converter_fail_or_take_long(name: str) -> None:
    began = perf_counter()
    body = render(HOSTILE[name], {})
    assert perf_counter() - began < 3
    assert body.text or not HOSTILE[name].strip(" *_\x00\x02\x03")


def test_what_is_too_much_is_shown_as_it_was_written() -> None:
    body = render("> " * 1000 + "<b>word</b>", {})
    assert body.html.startswith("<p>&gt; &gt;")
    assert "&lt;b&gt;word&lt;/b&gt;" in body.html


def test_after_what_is_too_much_the_next_body_is_as_always() -> None:
    render("*a " * 50_000, {})
    assert to_html("*a*") == "<p><em>a</em></p>"


@given(st.text())
def test_as_written_shows_every_word(source: str) -> None:
    assert "<script" not in as_written(source)
