"""The letter's HTML against E1 to E10 and E15, read from its source; what a browser has to say is in test_email_browser."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from lxml import etree, html
from msgspec.structs import replace

from builder.letter import render
from builder.letter.mjml_checks import check_conditionals
from tests.editions import Built

GENERIC = {"here", "click here", "read more", "more", "link", "this link", "webpage", "read on"}


def page(built: Built) -> html.HtmlElement:
    return html.document_fromstring(built.letter.html)


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_e1_the_encoded_html_stays_under_what_gmail_clips(each: Built) -> None:
    assert render.encoded_size(each.letter.html) < 80_000


def test_e1_the_size_is_that_of_the_quoted_printable_as_sent(each: Built) -> None:
    from builder.letter.eml import quoted

    exact = len(quoted(each.letter.html).replace(b"\n", b"\r\n"))
    assert exact * 0.99 < render.encoded_size(each.letter.html) < exact * 1.03


def test_e1_an_edition_that_is_too_long_has_its_longest_items_cut_to_a_link(everything: Built) -> None:
    long = replace(everything.view.sections[2].items[0].body, email="<p>word</p>\n" * 9_000)
    item = replace(everything.view.sections[2].items[0], body=long)
    section = replace(everything.view.sections[2], items=(item, *everything.view.sections[2].items[1:]))
    view = replace(everything.view, sections=(*everything.view.sections[:2], section, *everything.view.sections[3:]))
    letter = everything.press.renderer.letter(view, everything.letter.variant)
    assert render.encoded_size(letter.html) < render.ENCODED_LIMIT
    assert item.url in letter.html and item.url in letter.text
    assert letter.html.count("<h3") == everything.letter.html.count("<h3")


def test_e2_language_and_direction_are_on_html_and_on_every_child_of_body(each: Built) -> None:
    whole = page(each)
    for element in [whole, *whole.body.iterchildren(tag=etree.Element)]:
        assert (element.get("lang"), element.get("dir")) == ("en-GB", "ltr"), element.tag


def test_e3_a_table_is_for_layout_and_says_so_or_holds_data_with_headers(each: Built) -> None:
    for table in page(each).iter("table"):
        if table.get("role") != "presentation":
            assert table.findall(".//th")
            assert all(cell.get("scope") == "col" for cell in table.iter("th"))


def test_e3_a_caption_that_the_author_wrote_stands_in_its_table(everything: Built) -> None:
    assert [words(c) for c in page(everything).iter("caption")] == ["What to send, and when"]


def test_e4_one_h1_an_h2_for_each_section_and_no_level_skipped(each: Built) -> None:
    headings = [e for e in page(each).iter() if isinstance(e.tag, str) and re.fullmatch(r"h[1-6]", e.tag)]
    levels = [int(e.tag[1]) for e in headings]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    titles = [words(e) for e in headings if e.tag == "h2"]
    assert [s.title for s in each.view.sections] == [t for t in titles if t in {s.title for s in each.view.sections}]
    assert all(words(e) for e in headings)


def test_e5_every_link_has_words_of_its_own_and_is_underlined(each: Built) -> None:
    for link in page(each).iter("a"):
        assert words(link), link.get("href")
        assert words(link).lower() not in GENERIC
        assert "text-decoration:underline" in (link.get("style") or ""), words(link)
        assert link.get("href"), words(link)


def test_e7_every_picture_has_alt_numeric_sizes_and_fits(each: Built) -> None:
    for picture in page(each).iter("img"):
        assert picture.get("alt") is not None
        assert 0 < int(picture.get("width")) <= 600
        assert int(picture.get("height")) > 0


def test_e7_a_photo_without_consent_for_email_is_not_in_the_letter(everything: Built) -> None:
    assert "CANARY-WEB-ONLY-PHOTO" not in everything.letter.html + everything.letter.text


def test_e8_the_title_is_the_subject_and_the_preheader_comes_first_and_once(each: Built) -> None:
    whole = page(each)
    assert words(whole.find(".//title")) == each.edition.subject == each.letter.subject
    assert 40 <= len(each.edition.preheader) <= 130
    assert words(whole.body).startswith(" ".join(each.edition.preheader.split()))
    assert words(whole).count(" ".join(each.edition.preheader.split())) == 1


def test_e17_no_words_are_white_on_white(each: Built) -> None:
    assert "color:#ffffff" not in (page(each).body[0].get("style") or "")


def test_e9_zooming_is_allowed_and_body_text_is_sixteen_pixels(each: Built) -> None:
    viewport = page(each).xpath("//meta[@name='viewport']/@content")
    assert len(viewport) == 1
    assert not re.search(r"maximum-scale|user-scalable|minimum-scale", viewport[0])
    sizes = [int(size) for size in re.findall(r"font-size:(\d+)px", each.letter.html)]
    assert not [size for size in sizes if 1 < size < 14]


def test_e10_outlook_conditionals_balance_in_the_finished_letter(each: Built) -> None:
    check_conditionals(each.letter.html)
    assert each.letter.html.count("<!--[if") == each.letter.html.count("<![endif]")


def test_e12_dark_mode_is_declared(each: Built) -> None:
    assert page(each).xpath("//meta[@name='color-scheme']/@content") == ["light dark"]
    assert "prefers-color-scheme:dark" in each.letter.html.replace(" ", "")


def test_e15_the_letter_asks_for_nothing_but_our_own_pictures(each: Built) -> None:
    own = each.press.house.publisher.url + "/images/"
    whole = page(each)
    assert all(source.startswith(own) for source in whole.xpath("//@src"))
    assert not whole.xpath("//script | //link | //iframe | //object | //embed | //form | //input | //svg | //video")
    assert not re.search(r"@import|@font-face|url\(|background=", each.letter.html)
    assert not [name for name in whole.xpath("//@*") if name.attrname.startswith("on")]
    assert all(int(p.get("width")) > 1 and int(p.get("height")) > 1 for p in whole.iter("img"))


def test_in_document_links_lead_somewhere_and_ids_are_unique(each: Built) -> None:
    whole = page(each)
    ids = whole.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = [href[1:] for href in whole.xpath("//a/@href") if href.startswith("#")]
    assert targets and set(targets) <= set(ids)
    assert {item.anchor for item in each.view.items} <= set(targets)


def test_every_other_link_is_absolute_or_a_readers_token(each: Built) -> None:
    for href in page(each).xpath("//a/@href"):
        assert re.match(r"https://|mailto:|tel:|#|\[\[(unsubscribe|preferences|browser)\]\]$", href), href


@pytest.mark.parametrize("token", ["[[unsubscribe]]", "[[preferences]]", "[[browser]]"])
def test_every_letter_has_the_readers_links(each: Built, token: str) -> None:
    assert token in each.letter.html
    assert token in each.letter.text


def test_no_template_tag_or_compiling_token_is_left(each: Built) -> None:
    rest = re.sub(r"\{\{ this \}\}|\{% that %\}", "", each.letter.html + each.letter.text)
    assert not re.search(r"\{\{|\{%|\{#|jJ\d|</?mj-", rest)


def test_drafts_and_what_is_held_are_in_no_letter(everything: Built) -> None:
    assert "CANARY" not in everything.letter.html + everything.letter.text


def test_the_same_content_gives_the_same_bytes(everything: Built) -> None:
    again = everything.press.renderer.letter(everything.view, everything.letter.variant)
    assert again == everything.letter
