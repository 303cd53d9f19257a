"""E14: the text part has every heading, item, date and link of the HTML, in order."""

from __future__ import annotations

import re
from collections import Counter

from lxml import html

from tests.editions import Built

# A word joiner keeps "[[" that an author typed from being a reader's token.
JOINER = "\u2060"


def shown(built: Built) -> html.HtmlElement:
    page = html.document_fromstring(re.sub(r"<!--.*?-->", "", built.letter.html, flags=re.DOTALL)).body
    page[0].drop_tree()  # the preheader is for the list of letters
    return page


def spoken(page: html.HtmlElement) -> str:
    for block in page.iter("p", "div", "td", "th", "li", "h1", "h2", "h3", "h4", "h5", "h6", "br", "caption", "pre"):
        block.tail = " " + (block.tail or "")
        block.text = " " + (block.text or "") if block.tag != "br" else None
    return page.text_content() + " " + " ".join(page.xpath("//img/@alt"))


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.replace(JOINER, "").lower()))


def addresses(text: str) -> list[str]:
    return [a.rstrip(".,") for a in re.findall(r"https?://[^\s()<>]+|\[\[[a-z]+\]\]", text)]


def test_word_recall_is_at_least_98_in_a_hundred(each: Built) -> None:
    expected, there = words(spoken(shown(each))), words(each.letter.text)
    back = words(each.press.renderer.words["letter"]["back"])  # "Back to contents": a letter of text has no way back
    for word in back:
        expected[word] -= len(each.view.sections)
    missing = expected - there
    assert missing.total() / expected.total() <= 0.02, missing


def test_the_text_adds_next_to_nothing(each: Built) -> None:
    """A table's row repeats the names of its columns, because text has no columns."""
    expected, there = words(spoken(shown(each))), words(re.sub(r"\(?https?://\S+|\[\[[a-z]+\]\]", "", each.letter.text))
    assert (there - expected).total() / there.total() <= 0.03, there - expected


def test_the_same_web_addresses_in_the_same_order(each: Built) -> None:
    in_html = [h for h in shown(each).xpath("//a/@href") if re.match(r"https?:|\[\[", h)]
    assert addresses(each.letter.text) == in_html


def test_every_mail_address_and_phone_number_is_written_out(each: Built) -> None:
    for href in shown(each).xpath("//a/@href"):
        if href.startswith("mailto:"):
            assert href.removeprefix("mailto:") in each.letter.text
        if href.startswith("tel:"):
            assert href.removeprefix("tel:") in re.sub(r"[ -]", "", each.letter.text)


def test_headings_and_items_come_in_the_same_order(each: Built) -> None:
    heads = [" ".join(h.text_content().split()) for h in shown(each).iter("h1", "h3")]
    place = each.letter.text.index("\n===")
    body = each.letter.text[place:].replace(JOINER, "")
    at = 0
    for head in heads[1:]:
        at = body.index(head, at) + 1
    assert heads[0] in each.letter.text[:place]


def test_sections_are_underlined_and_lines_end_clean(each: Built) -> None:
    text = each.letter.text
    for section in each.view.sections:
        assert f"{section.title.upper()}\n{'=' * len(section.title)}\n" in text
    assert not re.search(r"[ \t]\n|\n{4}|\r|\x00", text)
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_no_html_is_left(each: Built) -> None:
    own_words = r"<everything>|<with>|<b>this</b>|<script>alert\(1\)</script>|<and>|<i>italic</i>|&amp;"
    assert not re.search(r"</?[a-z]+[^>]*>|&[a-z]+;|&#\d+;", re.sub(own_words, "", each.letter.text))
