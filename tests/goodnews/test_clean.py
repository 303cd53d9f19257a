"""Words from strangers are shown, and do nothing else."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.headers import take_apart
from builder.markdown import to_html
from goodnews.clean import cut, first_sentence, line, seen, words
from goodnews.links import safe_link
from goodnews.markdown import TEXT, to_markdown
from tests.goodnews.payloads import SCRIPTS

PAGE = "https://school.example/news/garden"
SAFE_TAG = re.compile(
    r"</?(?:p|h2|ul|ol|li|blockquote|strong|em|a)>|<a href=\"(?:https?://|mailto:|tel:)[^\"<>\s]*\">|<ol start=\"\d+\">"
)
ANYTHING = st.text(st.characters(), max_size=80)


def shown(html: str) -> str:
    """What a reader sees of it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def joined(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- the whole way, from the feed's HTML to what a browser gets --------------------------------------------------------


@pytest.mark.parametrize("payload", SCRIPTS)
def test_a_payload_comes_out_inert(payload: str) -> None:
    markdown = to_markdown(payload, PAGE)
    html = to_html(markdown)
    assert not re.search("<", SAFE_TAG.sub("", html)), html
    assert "pass@" not in html
    assert "bcc" not in html


@given(ANYTHING)
def test_text_is_shown_exactly_as_it_was_written(text: str) -> None:
    """Nothing in it works as Markdown, as HTML or as an entity."""
    html = "<p>" + text.replace("&", "&amp;").replace("<", "&lt;") + "</p>"
    assert joined(shown(to_html(to_markdown(html)))) == joined(seen(text))


@given(st.text("\\`*_{}[]()<>#+-.!|&;:=~@/ \n\tab1http", max_size=60))
def test_the_marks_of_markdown_are_shown_as_they_were_written(text: str) -> None:
    html = "<p>" + text.replace("&", "&amp;").replace("<", "&lt;") + "</p>"
    out = to_html(to_markdown(html))
    assert joined(shown(out)) == joined(text)
    assert not re.search(r"<(?!/?p>|/?a\b)", out), out


@given(st.lists(st.sampled_from("<b> </b> <a href='https://a.example/x'> </a> <li> <ul> </ul> <h1> </h1> <blockquote> <p> <br> <td> x * _ ` [ ] ( ) < & # - 1. \\ http://b.example/ a_b@c.example".split(" ")), max_size=25))  # fmt: skip
def test_no_mixture_of_tags_and_marks_breaks_out(parts: list[str]) -> None:
    html = to_html(to_markdown("".join(parts), PAGE))
    assert "<" not in SAFE_TAG.sub("", html), html
    assert (
        set(re.findall(r'href="([^"]*)"', html)) <= {"https://a.example/x", "http://b.example/", "mailto:a_b@c.example"}
        or "href" in html
    )


@given(ANYTHING)
def test_a_headers_value_is_one_line_and_adds_no_header(text: str) -> None:
    written = take_apart(f"---\ntitle: {line(text, 150)}\nschool: x\n---\n\nbody\n".encode(), "x.md")
    assert not written.findings
    assert set(written.headers) == {"title", "school"}
    assert len(written.headers["title"]) <= 150


@pytest.mark.parametrize(
    "end", ["\r\n", "\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0\n"]
)
def test_no_line_end_gets_into_a_header(end: str) -> None:
    assert line(f"A title{end}visibility: public", 150) == "A title visibility: public"


# --- what the Markdown looks like --------------------------------------------------------------------------------------


def test_a_story_keeps_its_paragraphs_lists_quotations_headings_and_links() -> None:
    html = """<h3>Harvest</h3><p>Year 4 <b>grew</b> <em>lettuces</em><br>and a snail.</p><ol><li>Dig</li><li>Sow</li></ol>
    <ul><li>One</li></ul><blockquote><p>Ours fell over.</p><p>Twice.</p></blockquote><p><a href="/plan">The plan</a></p>"""
    assert to_markdown(html, PAGE) == "\n".join(
        [
            "## Harvest", "", "Year 4 **grew** *lettuces*", "", "and a snail.", "", "1. Dig", "1. Sow", "", "- One", "",
            "> Ours fell over.", ">", "> Twice.", "", "[The plan](https://school.example/plan)",
        ]
    )  # fmt: skip


def test_plain_text_keeps_its_paragraphs() -> None:
    assert to_markdown("One line.\n\nAnother, with 1 < 2.") == "One line.\n\nAnother, with 1 &lt; 2."


def test_pictures_and_their_captions_are_left_out() -> None:
    html = "<figure><img src=x.jpg alt='Sam'><figcaption>Sam Smith, Year 4</figcaption></figure><p>Text.</p>"
    assert to_markdown(html) == "Text."


def test_a_story_of_any_length_is_cut_after_a_whole_paragraph_or_word() -> None:
    paragraphs = to_markdown("<p>Ten words and then some more of them.</p>" * 2000)
    assert len(paragraphs) <= TEXT + 3
    assert paragraphs.endswith("of them.\n\n…")
    endless = to_markdown("<p>" + "<b>*word* &lt;b&gt;</b> " * 5000)
    assert len(endless) <= TEXT + 1
    assert "<" not in SAFE_TAG.sub("", to_html(endless))


@pytest.mark.parametrize(
    "piece",
    [
        "<blockquote>",
        "<div>",
        "<a href=x>",
        "<b>",
        "<table>",
        "<!--",
        "<",
        "&",
        "<li>",
        "[",
        "*",
        "`",
        "http://",
        "a@",
        "<a ",
    ],
)
def test_markup_repeated_without_end_is_read_in_a_moment(piece: str) -> None:
    started = time.process_time()
    to_html(to_markdown(piece * (1_000_000 // len(piece)), PAGE))
    assert time.process_time() - started < 3


def test_addresses_in_the_text_become_clean_links() -> None:
    text = "See https://a.example/x_y?utm_source=z&b=1, or write to the_office@school.example."
    assert to_markdown(text) == "See <https://a.example/x_y?b=1>, or write to <the_office@school.example>."


def test_an_address_cut_in_two_by_a_tag_is_found_and_cleaned_too() -> None:
    assert "utm" not in to_html(to_markdown("ht<i></i>tps://a.example/?utm_<span>source=x</span>"))


# --- links -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("https://a.example/x?utm_source=a&id=3&fbclid=b#top", "https://a.example/x?id=3#top"),
        ("https://a.example/x?a=1&b=%20&a=2", "https://a.example/x?a=1&b=%20&a=2"),
        ("/garden", "https://school.example/garden"),
        ("plan.pdf", "https://school.example/news/plan.pdf"),
        ("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2Fx%3Futm_id%3D1&data=05%7Coffice%40b.example", "https://a.example/x"),
        ("https://eur01.safelinks.protection.outlook.com/?url=javascript:alert(1)", ""),
        ("https://a.example/(x)[y]`z`*\"'<>\\", "https://a.example/%28x%29%5By%5D%60z%60%2A%22%27%3C%3E%5C"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"),
        ("HTTPS://A.example:8443/", "https://a.example:8443/"),
        ("mailto:office@school.example?bcc=x@y.example", "mailto:office@school.example"),
        ("tel:+44 1603 123456", "tel:+441603123456"),
        ("  java\tscript:alert(1)", ""), ("data:text/html,x", ""), ("mailto:", ""), ("mailto:a b", ""), ("tel:x", ""),
        ("https://user@a.example/", ""), ("https://localhost/", ""), ("https://[::1]/", ""), ("https://[x/", ""),
        ("https://a.example:x/", ""), ("https://a.example/" + "x" * 3000, ""), ("ftp://a.example/", ""), ("https://a..b/", ""),
    ],
)  # fmt: skip
def test_a_link_is_safe_and_watches_nobody(written: str, safe: str) -> None:
    assert safe_link(written, PAGE) == safe


def test_a_link_without_a_page_to_start_from_is_no_link() -> None:
    assert safe_link("/garden") == ""


@given(ANYTHING)
def test_no_text_makes_a_dangerous_link(text: str) -> None:
    for address in (text, f"https://{text}", f"https://a.example/{text}", f"mailto:{text}", f"tel:{text}"):
        link = safe_link(address, PAGE)
        assert not link or re.fullmatch(r"(?:https?://|mailto:|tel:)[^\s()<>\[\]`*\"'\\]*", link)


# --- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Year 4&#8217;s win", "Year 4’s win"), ("Fish &amp;amp; chips", "Fish & chips"), ("A <em>big</em> day", "A big day"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"), ("<p>One</p><p>Two</p>", "One Two"), ("&lt;b&gt;Bold&lt;/b&gt;", "Bold"),
        ("<script>x</script>", ""), ("  \n ", ""), ("SEND: places", "SEND: places"),
    ],
)  # fmt: skip
def test_titles_are_read_however_they_were_escaped(written: str, read: str) -> None:
    assert words(written, 150) == read


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."), ("Dr. Who? “Yes!” she said.", "Dr."), ("No end", "No end"), ("It cost £2.50 each. Cheap!", "It cost £2.50 each."),
        ("We won. And then […]", "We won."), ("We won and then [...]", "We won and then…"), ("", ""),
        ("word " * 60, "word " * 30 + "word word…"),
    ],
)  # fmt: skip
def test_a_summary_is_the_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text, 160) == sentence
    assert len(first_sentence(text, 160)) <= 160


@given(st.text(max_size=40), st.integers(2, 30))
def test_nothing_is_cut_longer_than_asked(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
