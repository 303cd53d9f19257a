"""The proof-reader on acronyms, links, dates, sentences and structure, and on what it leaves alone."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model import Source
from builder.preflight import days, links, people, prose, sentences, structure
from builder.preflight.links import is_generic
from builder.preflight.passages import Passage
from tests.builder.writing import EDITION, HOUSE, codes, edition_with, found, item, of_item


def body(text: str) -> Passage:
    return Passage("body", prose.read("a.md", 1, text), Source("a.md"))


def test_a_fair_item_in_a_fair_edition_is_left_alone(tmp_path: Path) -> None:
    assert found(tmp_path, edition_with(summit=item())) == ()


# --- acronyms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Children with SEND can apply.",
        "The DfE has answered.",
        "EHCPs are reviewed each year.",
        "Jane Hayman (SEND) will speak.",
        "> Come to our ZIP meetings.",
        "**AP** strategy",
    ],
)
def test_an_acronym_that_is_not_explained_is_told(text: str) -> None:
    assert codes(text) == ["acronym"]


@pytest.mark.parametrize(
    "text",
    [
        "Special Educational Needs and Disabilities (SEND) come first. SEND is for all.",
        "SEND (special educational needs and disabilities) comes first.",
        "special educational needs co-ordinators (SENCOs)",
        "special educational needs coordinator (SENCo)",
        "Education, Health and Care Plans, known as EHCPs",
        "the Department for Education (DfE)",
        "Norfolk Area SEND (special educational needs and disabilities) and Alternative Provision Strategy (NASAPS)",
        "a Community of Practice (CoP)",
        "Social, Emotional and Mental Health (“SEMH”)",
        "Educational Psychology & Specialist Support (EPSS)",
        "multi-agency safeguarding hub (MASH)",
        "special educational\nneeds (**SEN**)",
        "The NHS in the UK, at 10AM. Elizabeth II, OBE, BSc.",
        "PLEASE NOTE: you MUST reply NOW.",
        "Each letter of FLOURISH counts; children flourish.",
        "Postcode areas NR1 and IP24; the A47 and B1145.",
        "See [the strategy](https://example.org/SEND/EHCP) or write to SEND@council.example.",
        "WiFi, GitHub, McArthur and iPhone.",
        "`EHCP`",
    ],
)
def test_what_is_explained_or_known_or_no_acronym_is_left_alone(text: str) -> None:
    assert codes(text) == []


def test_an_acronym_is_explained_once_for_the_whole_edition_in_reading_order(tmp_path: Path) -> None:
    first = item("Alternative provision (AP) grows.", title="Alternative provision", weight="1")
    then = item("More AP.", title="More places for AP", weight="2")
    assert found(tmp_path, edition_with(z_first=first, a_then=then)) == ()


def test_an_acronym_explained_too_late_is_told_where_it_is_first_used(tmp_path: Path) -> None:
    then = item("\nAlternative provision (AP) grows.", title="Alternative provision", weight="2")
    first = item("Words.\n\nMore AP.", title="More places", weight="1")
    (finding,) = found(tmp_path, edition_with(first=first, then=then))
    assert (finding.file, finding.line) == ("content/weekly/2025-01-14/first.md", 8)
    assert "then.md, line 7" in finding.message


def test_a_title_may_use_what_its_own_text_explains() -> None:
    assert of_item(item("Alternative provision (AP) grows.", title="AP grows")) == []


def test_the_opening_comes_first(tmp_path: Path) -> None:
    opening = f"{EDITION}\nThis week: alternative provision (AP).\n"
    assert found(tmp_path, edition_with(edition=opening, summit=item("More AP."))) == ()


# --- links -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "here", "Click here", "read more", "Find out more", "this link", "webpage here", "visit the webpage here",
        "the website", "More information", "Book your place here", "Learn more.", "**here**", "Download", "link",
    ],
)  # fmt: skip
def test_a_link_that_says_nothing_blocks(text: str) -> None:
    assert codes(f"Go: [{text}](https://example.org/a).") == ["generic-link"]


@pytest.mark.parametrize(
    "text",
    [
        "SEND newsletters", "The inclusion strategy", "Book a place", "Supported internships", "example.org",
        "How to find out if you are eligible", "We are here to help you and your family", "2025", "Norfolk’s page",
    ],
)  # fmt: skip
def test_a_link_that_names_its_page_is_left_alone(text: str) -> None:
    assert not is_generic(text)


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://example.org/", "link-not-https"),
        ("https://bit.ly/3abc", "shortened-link"),
        ("https://example.org/?utm_source=x&a=b", "tracked-link"),
        ("https://eur01.safelinks.protection.outlook.com/?url=x", "wrapped-link"),
        ("https://intranet/page", "internal-address"),
        ("https://10.0.0.1/page", "internal-address"),
        ("https://staff.local/", "internal-address"),
        ("https://", "bad-address"),
        ("https://exa mple.org", "bad-address"),
        ("https://me:secret@example.org/", "bad-address"),
        ("https://example.org:port/", "bad-address"),
        ("https://[::1", "bad-address"),
        ("javascript:alert(1)", "bad-address"),
        ("file:///C:/Users/x", "bad-address"),
        ("jo@council.example", "bad-address"),
        ("mailto:jo", "bad-address"),
        ("tel:ring us", "bad-address"),
        ("", "bad-address"),
        ("www.example.org", "broken-link"),
        ("elsewhere.md", "dead-link"),
        ("../2025-01-07/gone.md", "dead-link"),
        ("/items/gone/", "dead-link"),
        ("https://news.example/documents/gone", "dead-link"),
    ],
)
def test_an_address_that_leads_nowhere_good_is_told(address: str, code: str) -> None:
    assert code in {c for c, _ in of_item(item(f"See [the strategy]({address})."))} or " " in address


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a(b)c", "mailto:jo@council.example?subject=Hello", "tel:+44 1603 222 222", "#item-summit",
        "summit.md", "other.md#top", "/items/other/", "/feed.xml", "/subscribe", "https://news.example/items/summit/",
        "../../documents/vision.md", "/documents/vision/", "/editions/2025-01-14/", "<https://example.org/x>",
        'https://example.org/ "A title"', "https://xn--caf-dma.example/", "https://café.example/é",
    ],
)  # fmt: skip
def test_an_address_that_leads_somewhere_is_left_alone(tmp_path: Path, address: str) -> None:
    files = edition_with(summit=item(f"See [the strategy]({address})."), other=item("Other.", title="Other"))
    files["documents/vision.md"] = "---\ntitle: Vision\nsummary: A vision.\n---\nWords.\n"
    assert found(tmp_path, files) == ()


def test_a_link_to_a_document_that_is_still_held_is_told(tmp_path: Path) -> None:
    said = {"kind": "consultation", "closes": "2025-03-03", "respond": "x", "document": "vision"}
    files = edition_with(summit=item("Read [the vision](../../documents/vision.md).", **said))
    files["documents/vision.md"] = "---\ntitle: Vision\nsummary: A vision.\nrelease: 2025-03-01\n---\nWords.\n"
    assert [finding.code for finding in found(tmp_path, files)] == ["link-to-unseen", "link-to-unseen"]


def test_a_link_has_its_line() -> None:
    assert of_item(item("One.\n\nTwo [here](https://example.org).")) == [("generic-link", 7)]


@pytest.mark.parametrize(
    "text",
    ["See [the page] (https://example.org).", "See (the page)[https://example.org].", "See www.example.org."],
)
def test_a_link_that_markdown_does_not_see_is_told(text: str) -> None:
    assert codes(text) == ["broken-link"]


def test_bare_addresses_and_reference_links_are_read_too() -> None:
    text = "See http://example.org/a.\n\nAnd [here][1].\n\n[1]: https://bit.ly/x"
    assert sorted(codes(text)) == ["generic-link", "link-not-https", "shortened-link"]


def test_the_addresses_in_headers_are_read_too() -> None:
    text = item(kind="event", starts="2025-02-14", book="https://bit.ly/summit")
    assert of_item(text) == [("shortened-link", 6)]


def test_a_link_to_what_readers_cannot_see_is_told() -> None:
    hidden = item("Hidden.", title="Hidden", visibility="subscribers")
    later = item("Later.", title="Later", release="2025-03-01")
    draft = item("Draft.", title="Draft", draft="yes")
    text = item("[Hidden news](hidden.md), [later news](later.md), [a draft](draft.md)")
    assert [code for code, _ in of_item(text, hidden=hidden, later=later, draft=draft)] == ["link-to-unseen"] * 3


def test_news_that_has_been_released_can_be_linked_to() -> None:
    other = item("Released.", title="Released", release="2025-01-07")
    assert of_item(item("[Earlier news](other.md)", related="other"), other=other) == []


@pytest.mark.parametrize("name", ["gone", "send/2024-12-09/gone"])
def test_related_items_must_be_there(name: str) -> None:
    assert codes("Words.", related=name) == ["dead-related"]


def test_a_consultation_s_document_must_be_there() -> None:
    text = item(kind="consultation", closes="2025-02-14", respond="a@council.example", document="vision")
    assert of_item(text) == [("dead-related", 7)]


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("on Monday 14 January 2025", "wrong-weekday"),
        ("on Mon 14 Jan 2025", "wrong-weekday"),
        ("on Wednesday 14 January", "weekday-unsure"),
        ("on 31 April 2025", "no-such-day"),
        ("on 29 February 2025", "no-such-day"),
        ("Monday 09 December", "leading-zero"),
        ("by 14th January", "ordinal-date"),
        ("on the 1st of February 2025", "ordinal-date"),
        ("on January 14th", "month-first"),
        ("by today (January 10)", "month-first"),
        ("on January 14, 2025", "month-first"),
        ("on Tues 15 Jan 2025", "wrong-weekday"),
        ("on Thurs. 14 January 2025", "wrong-weekday"),
        ("by 14/01/2025", "numeric-date"),
        ("by 14/1/25", "numeric-date"),
        ("by 2025-01-14", "numeric-date"),
    ],
)
def test_a_date_that_misleads_is_told(text: str, code: str) -> None:
    assert codes(f"Come {text}.") == [code]


@pytest.mark.parametrize(
    "text",
    [
        "Tuesday 14 January 2025", "Tuesday 14 January", "Friday, 14 February 2025", "14 to 17 January 2025",
        "Monday 13 to Friday 17 January 2025", "29 February 2024", "reference 1/25", "24/7 help", "half of 3/4",
        "may 10 people come", "Monday 9 December", "March 2025", "version 2.1/3", "> on Monday 14 January 2025",
        "He said “on Monday 14 January 2025”", "[minutes](https://example.org/2025-01-14)", "the 1st prize",
        "in May 10 minutes early", "in March 2025, as in May 2024", "Thurs 16 January 2025",
    ],
)  # fmt: skip
def test_a_date_in_house_style_is_left_alone(text: str) -> None:
    assert codes(f"Come {text}." if text[0] != ">" else text) == []


def test_a_wrong_weekday_says_the_right_one() -> None:
    (finding,) = days.check(body("One.\nMonday 14 January 2025"), date(2025, 1, 14))
    assert finding.line == 2
    assert finding.message == '"Monday 14 January 2025": 14 January 2025 is a Tuesday.'
    assert finding.severity == "block"


# --- sentences -------------------------------------------------------------------------------------------------------


def test_a_long_sentence_is_told_once_with_its_line() -> None:
    long = "Short one. " + "many words " * 25 + "here."
    assert of_item(item(f"Fine.\n\n{long}\n\n{long}"))[-1:] == [("long-sentence", 7)]


@pytest.mark.parametrize(
    "text",
    [
        "> " + "word " * 60,
        "She said: “" + "word " * 60 + "”",
        '"' + "word " * 30 + "\n\n" + '"' + "word " * 30 + '"',
        "- " + "\n- ".join(["word " * 9] * 9),
        "| a | b |\n|---|---|\n| " + "word " * 60 + "| x |",
        "Dr. Smith and e.g. Mr. Jones met. " * 9,
    ],
)
def test_quotations_lists_and_tables_are_no_long_sentences(text: str) -> None:
    assert "long-sentence" not in codes(text)


def test_sentences_end_where_they_end() -> None:
    found = [text for _, text in sentences.sentences(body("It is 10.30am. Dr. Who came! “Why?” He left…\n\nNo.").prose)]
    assert found == ["It is 10.30am.", "Dr. Who came!", "He left…", "No."]


def test_plain_words_have_a_low_grade_and_long_ones_a_high_one() -> None:
    plain = body("We went to the shop. The sun was out. We had a good day. " * 8)
    hard = body("Organisational considerations necessitate multidisciplinary collaboration opportunities. " * 20)
    assert sentences.reading_grade(plain) < 4
    assert sentences.reading_grade(hard) > 17
    assert sentences.reading_grade(body("Too short to tell.")) == 0


# --- structure -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We will:\n- meet\n- talk", "list-not-parted"),
        ("We will:\n1. meet\n2. talk", "list-not-parted"),
        ("- one\n  - two", "list-nesting"),
        ("- one\n\n  - two", "list-nesting"),
        ("• one\n• two", "pasted-bullet"),
        ("Look: <b>bold</b>", "raw-html"),
        ("<script>alert(1)</script>", "raw-html"),
        ("<!-- a note -->\n\nWords", "raw-html"),
        ("# One\n\n### Three", "heading-skipped"),
        ("Words.\n\n**What happens next**\n\nMore.", "bold-heading"),
        ("Lorem ipsum dolor.", "placeholder"),
        ("See [insert link].", "placeholder"),
        ("TODO: ask Jo.", "placeholder"),
    ],
)
def test_markdown_that_will_not_come_out_as_meant_is_told(text: str, code: str) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "We will:\n\n- meet\n- talk\n\n    - inside", "- one\n    - two\n- three\n\nWords.\n\n- four", "1. one\n2. two",
        "It was in the year\n2025. Then it ended.", "a - b\nc - d", "# One\n\n## Two\n\n# One", "5 < 6 and 7 > 6",
        "<https://example.org/>", "**Bold** words.", "**Note:**\n\nWords.", "- one\n  goes on\n- two", "`<b>`",
        "* one\n\n    words inside\n\n* two", "> - a\n> - b", "The [name of the link](https://example.org)",
        "[Name tags](https://example.org)",
    ],
)  # fmt: skip
def test_markdown_that_comes_out_as_meant_is_left_alone(text: str) -> None:
    assert codes(text) == []


def test_an_empty_item_blocks() -> None:
    text = "---\ntitle: Nothing\n---\n\n---\n"
    assert [code for code, _ in of_item(text)] == ["missing-summary", "empty-item"]


def test_an_event_may_be_nothing_but_its_headers() -> None:
    assert of_item(item("", kind="event", starts="2025-02-14")) == []


# --- prose -----------------------------------------------------------------------------------------------------------


@given(st.text(alphabet='ab >\n"“”[]()!`<*_#-.|:/@1w ', max_size=200))
def test_the_three_readings_of_a_text_have_one_length_and_the_same_lines(text: str) -> None:
    read = prose.read("a.md", 1, text)
    assert len(read.words) == len(read.own) == len(text)
    assert [n for n, c in enumerate(read.own) if c == "\n"] == [n for n, c in enumerate(text) if c == "\n"]
    list(sentences.sentences(read))


@given(st.text(max_size=200))
def test_no_body_makes_a_check_fall_over(text: str) -> None:
    passage = body(text)
    for part in (days.check(passage, date(2025, 1, 14)), links.check(passage), structure.check(passage)):
        list(part)
    list(people.check(passage, None, HOUSE.publisher))


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", "[", "](", "[a](b", "`", "<", "<a ", "“", '"', "> ", "- ", "*", "1 ", "0 ", "A ", "AB ", "@", "a@a.", "www.",
     "https://", "![", "[a]: b\n", "\n", "#\n", "|", "Monday ", "1 Jan ", "(", "](x](y)", "**a**\n\n", "A1 1", "  - a\n", "a."],
)  # fmt: skip
def test_no_repetition_makes_reading_slow(unit: str) -> None:
    text = (unit * 50_000)[:50_000]
    started = time.perf_counter()
    passage = body(text)
    for part in (
        days.check(passage, date(2025, 1, 14)),
        links.check(passage),
        structure.check(passage),
        sentences.check(passage),
    ):
        list(part)
    list(people.check(passage, None, HOUSE.publisher))
    assert time.perf_counter() - started < 1  # 0.1 s as a rule; a pattern that looks back and forth takes minutes
