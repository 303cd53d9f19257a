"""What templates see: links absolute, pictures placed, dates spoken, nothing told that a reader must not know."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from builder.model import Item
from builder.view import ItemView
from tests.editions import Built

FILE = "content/weekly/2025-01-14/a.md"
SITE = "https://updates.council.example"


def view_of(built: Built, slug: str) -> ItemView:
    return next(item for item in built.view.items if item.slug == slug)


def item_of(built: Built, slug: str) -> Item:
    return next(item for item in built.edition.items if item.slug == slug)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("action-census.md", f"{SITE}/items/action-census/"),
        ("./action-census.md", f"{SITE}/items/action-census/"),
        ("good-news/den.md", f"{SITE}/items/den/"),
        ("action-census.md#what", f"{SITE}/items/action-census/#what"),
        ("../../send/2024-12-09/vision.md", f"{SITE}/send/items/vision/"),
        ("../../documents/the-vision.md", f"{SITE}/documents/the-vision/"),
        ("/privacy/", f"{SITE}/privacy/"),
        ("//evil.example/x", f"{SITE}//evil.example/x"),
        ("nowhere.md", "nowhere.md"),
        ("../../../../etc/passwd", "../../../../etc/passwd"),
    ],
)
def test_links_between_files_become_permalinks(everything: Built, written: str, address: str) -> None:
    viewer = everything.press.viewer
    assert viewer.resolve(written, FILE) == address
    assert f'href="{address}"' in viewer.body(f"[words]({written})", FILE).html


@pytest.mark.parametrize("written", ["https://a.example/x.md", "mailto:me@a.example", "tel:01632960001", "#part"])
def test_other_links_stay_as_they_are(everything: Built, written: str) -> None:
    assert f'href="{written}"' in everything.press.viewer.body(f"[words]({written})", FILE).html


def test_links_in_the_text_are_the_same_as_in_the_html(everything: Built) -> None:
    body = everything.press.viewer.body("[words](action-census.md)", FILE)
    assert body.text == f"words ({SITE}/items/action-census/)"


def test_a_picture_in_a_body_gets_its_address_and_size_and_one_from_elsewhere_goes(everything: Built) -> None:
    viewer = everything.press.viewer
    own = viewer.body("![A square](images/small.png)", "content/weekly/2025-01-14/a.md").email
    assert f'src="{SITE}/images/' in own and 'width="40" height="40"' in own and 'alt="A square"' in own
    for source in ("https://evil.example/x.png", "//evil.example/x.png", "../../../../x.png", "images/none.png"):
        assert "<img" not in viewer.body(f"![x]({source})", FILE).email


def test_an_excerpt_has_its_originals_words_facts_and_address(everything: Built) -> None:
    view = view_of(everything, "excerpt")
    assert view.title == "Alternative provision: what do you think?"
    assert view.label == "From “SEND bulletin”"
    assert view.body.text.split("\n\n")[0] == "Six weeks are left to answer."
    assert "Read the proposals" in view.body.text
    assert view.original and view.original.url == f"{SITE}/send/items/vision/"
    assert [fact.name for fact in view.facts] == ["opens", "closes", "respond", "document"]


def test_an_item_for_subscribers_has_no_public_address(everything: Built) -> None:
    assert view_of(everything, "notice-subscribers").url == ""


def test_a_photo_goes_only_where_its_consent_says(everything: Built) -> None:
    assert not view_of(everything, "web-only").picture_in_email
    assert view_of(everything, "den").picture_in_email


def test_dates_are_spoken_as_the_council_writes_them(everything: Built) -> None:
    facts = {fact.name: fact.text for fact in view_of(everything, "event-day").facts}
    assert facts["when"] == "Friday 14 February 2025, 10am to 4pm"
    assert view_of(everything, "action-census").deadline == "Friday 17 January 2025, noon"
    assert everything.view.day == "Tuesday 14 January 2025"


def test_an_unchanged_item_is_worked_out_once_and_a_changed_one_again(everything: Built) -> None:
    viewer, item = everything.press.viewer, item_of(everything, "message")
    assert viewer.item(item) is viewer.item(item)
    changed = viewer.item(replace(item, body="Other words."))
    assert changed.body.text == "Other words."
    assert viewer.item(item).body.text != "Other words."


def test_related_items_that_are_drafts_or_for_subscribers_are_not_named(everything: Built) -> None:
    viewer = everything.press.viewer
    item = replace(item_of(everything, "message"), related=("notice-draft", "notice-subscribers", "action-census", "x"))
    assert [link.text for link in viewer.item(item).related] == ["Census: check & return by Friday"]


def test_sections_follow_the_bulletins_order_and_empty_ones_are_left_out(everything: Built) -> None:
    order = [section.id for section in everything.press.house.bulletins["weekly"].sections]
    shown = [section.id for section in everything.view.sections]
    assert shown == [id_ for id_ in order if id_ in shown]
    assert all(section.items for section in everything.view.sections)
