"""The proof-reader on rendered letters: a fair one passes, and each way to break it is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder import preflight
from builder.model import Content, Edition, Letter, Source, Variant
from builder.preflight import page
from builder.preflight.letter_text import word_recall
from tests.builder.writing import HOUSE, NOW, item, read_one

FAIR = """<!doctype html>
<html lang="en" dir="auto"><head><title>Summit places, and two deadlines</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>.a { background: url(https://news.example/images/ground.png) } @media (max-width:480px){.a{width:100%!important}}</style>
<!--[if mso]><style>.b { width: 600px }</style><![endif]--></head>
<body><div lang="en" dir="auto" style="display:none">Also inside: a new service director, and good news from Oak Primary.</div>
<div lang="en" dir="auto">
<!--[if mso | IE]><table role="presentation"><tr><td><![endif]-->
<table role="presentation"><tr><td>
<img src="https://news.example/images/logo.png" alt="A council" width="120" height="40">
<h1>Weekly update</h1><p><a href="#item-summit">Inclusion summit</a></p>
<h2>News</h2><h3>Inclusion summit</h3>
<p>You can now <a href="https://example.org/book" style="color:#00f">book a place</a> or <a href="mailto:a@b.example?subject=Hi">write to us</a> or <a href="tel:01632960001">01632 960001</a>.</p>
<table><caption>Places</caption><tr><th scope="col">Day</th></tr><tr><td>Friday</td></tr></table>
<p><a href="[[unsubscribe]]">Stop these letters</a></p>
</td></tr></table>
<!--[if mso | IE]></td></tr></table><![endif]-->
<!--[if !mso]><!--><p>For all but Outlook</p><!--<![endif]-->
</div></body></html>"""
TEXT = """Weekly update
News
Inclusion summit
You can now book a place (https://example.org/book) or write to us (a@b.example) or 01632 960001.
A council
Places Day Friday
For all but Outlook
Stop these letters: [[unsubscribe]]
"""
EDITION = Edition(
    bulletin="weekly",
    day=date(2025, 1, 14),
    source=Source("content/weekly/2025-01-14/edition.md"),
    subject="Summit places, and two deadlines",
    preheader="Also inside: a new service director, and good news from Oak Primary.",
    items=(read_one(item()),),
)
LETTER = Letter(Variant("all", ("summit",)), EDITION.subject, FAIR, TEXT)


def codes(letter: Letter) -> set[str]:
    content = Content((EDITION,), (), (), ())
    letters = {EDITION.key: [letter]}
    return {f.code for f in preflight.check(content, HOUSE, now=NOW, root=Path("/nowhere"), letters=letters)}


def test_a_fair_letter_is_left_alone() -> None:
    assert codes(LETTER) == set()


@pytest.mark.parametrize(
    ("find", "put", "code"),
    [
        ('<html lang="en"', "<html", "letter-language"),
        ('<div lang="en" dir="auto">', '<div lang="en">', "letter-language"),
        ('<table role="presentation"><tr><td>\n<img', "<table><tr><td>\n<img", "letter-tables"),
        ("<caption>Places</caption>", "", "letter-tables"),
        ('<th scope="col">', "<th>", "letter-tables"),
        ("<h1>Weekly update</h1>", "<p>Weekly update</p>", "letter-headings"),
        ("<h2>News</h2>", "<h1>News</h1>", "letter-headings"),
        ("<h2>News</h2>", "<p>News</p>", "letter-headings"),
        ("<h2>News</h2>", "<h2>News</h2><h2> </h2>", "letter-headings"),
        ("book a place</a>", "</a> book a place", "letter-links"),
        ("book a place</a>", "here</a>", "letter-links"),
        ("color:#00f", "color:#00f; text-decoration: none", "letter-underline"),
        ('alt="A council" ', "", "letter-pictures"),
        ('width="120" ', "", "letter-pictures"),
        ('width="120"', 'width="50%"', "letter-pictures"),
        ('width="120"', 'width="1200"', "letter-pictures"),
        ("<title>Summit places, and", "<title>Summit and", "letter-title"),
        ("Also inside: a new service director", "Also inside", "letter-preheader"),
        ("<h2>News</h2>", f"<h2>News</h2><p>{EDITION.preheader}</p>", "letter-preheader"),
        ("initial-scale=1", "initial-scale=1, maximum-scale=1", "letter-zoom"),
        ("initial-scale=1", "user-scalable=no", "letter-zoom"),
        ("</style><![endif]-->", "</style>", "letter-conditionals"),
        ("<!--[if mso]><style>", "<style>", "letter-conditionals"),
        ("<!--<![endif]-->", "", "letter-conditionals"),
        ("<h2>News</h2>", "<h2>News</h2><mj-text>x</mj-text>", "letter-leftovers"),
        ("https://news.example/images/logo.png", "https://elsewhere.example/logo.png", "letter-foreign"),
        ("https://news.example/images/ground.png", "https://elsewhere.example/ground.png", "letter-foreign"),
        ("<style>.a", "<style>@import 'https://fonts.example/a.css'; .a", "letter-foreign"),
        ("<head>", '<head><link href="https://fonts.example/a.css">', "letter-foreign"),
        ("<h2>News</h2>", "<h2>News</h2><script>x</script>", "letter-foreign"),
        ("<h2>News</h2>", '<h2 onclick="x">News</h2>', "letter-foreign"),
        ('width="120" height="40"', 'width="1" height="1"', "letter-foreign"),
        ('<p><a href="#item', '<p style="background:url(https://elsewhere.example/a.gif)"><a href="#item', "letter-foreign"),
        ("https://example.org/book", "https://example.org/other", "text-lacks-link"),
        ("[[unsubscribe]]", "[[preferences]]", "text-lacks-link"),
    ],
)  # fmt: skip
def test_each_way_to_break_a_letter_is_told(find: str, put: str, code: str) -> None:
    assert find in FAIR
    assert code in codes(replace(LETTER, html=FAIR.replace(find, put, 1)))


def test_a_subject_that_is_not_the_title_is_told() -> None:
    assert codes(replace(LETTER, subject="Another")) == {"letter-title"}


@pytest.mark.parametrize(
    ("size", "expected"), [(79_999, set()), (80_000, {"letter-large"}), (100_000, {"letter-too-large"})]
)
def test_a_letter_has_its_size_in_bytes(size: int, expected: set[str]) -> None:
    filler = "é" * ((size - len(FAIR.encode()) - 7) // 2)
    html = FAIR.replace("</body>", f"<!--{filler}--></body>")
    html += " " * (size - len(html.encode()))
    assert codes(replace(LETTER, html=html)) == expected


def test_a_text_that_lacks_words_is_told_with_some_of_them() -> None:
    assert codes(replace(LETTER, text=TEXT.replace("For all but Outlook\n", ""))) == {"text-lacks-words"}


def test_a_text_whose_items_stand_in_another_order_is_told() -> None:
    swapped = TEXT.replace("Weekly update\nNews\n", "News\nWeekly update\n")
    assert codes(replace(LETTER, text=swapped)) == {"text-order"}


def test_a_text_with_an_address_of_its_own_is_told() -> None:
    assert codes(replace(LETTER, text=f"{TEXT}\nhttps://example.org/more.")) == {"text-adds-link"}


def test_recall_counts_words_as_often_as_they_stand() -> None:
    assert word_recall("one one two", "two one") == (pytest.approx(2 / 3), ["one"])
    assert word_recall("", "anything") == (1.0, [])


def test_a_link_that_looks_like_a_button_needs_no_underline() -> None:
    button = 'style="color:#fff;background:#00f;text-decoration:none"'
    assert codes(replace(LETTER, html=FAIR.replace('style="color:#00f"', button))) == set()


@pytest.mark.parametrize(
    "html", ["", "<", "<p", "</p></p>", "<p><b></p>", "<!--", "<![endif]-->", "<p>" * 5000, "\0", "&#xD800;"]
)
def test_no_html_makes_the_reader_fall_over(html: str) -> None:
    codes(replace(LETTER, html=html))


def test_words_are_parted_where_blocks_are() -> None:
    assert page.read("<td>one</td><td>t<b>w</b>o</td>").text() == "one two"
