"""Who gets what: a variant for each distinct set of items, and nothing that is not yet, or no longer, to be sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from builder.select import ALL, in_letters, in_order_of, per_audience, receives, variants
from desk.settings import load
from tests.editions import ROOT, Built

HOUSE = load(ROOT, None, {}).house
TAGS = [tag.id for tag in HOUSE.audiences.tags]
some_tags = st.frozensets(st.sampled_from(TAGS), max_size=4)


def items_of(built: Built):
    return built.press.items(built.edition)


def test_the_variant_with_every_item_comes_first_and_is_called_all(each: Built) -> None:
    first = each.press.variants(each.edition)[0]
    assert first.id == ALL
    assert first.items == tuple(item.slug for item in items_of(each))


def test_variants_are_distinct_in_items_and_in_names(each: Built) -> None:
    found = each.press.variants(each.edition)
    assert len({v.items for v in found}) == len({v.id for v in found}) == len(found)


def test_every_choice_of_one_or_two_tags_leads_to_a_variant(everything: Built) -> None:
    choices = [frozenset(c) for c in chain(combinations(TAGS, 1), combinations(TAGS, 2))]
    found = {v.items for v in everything.press.variants(everything.edition, choices)}
    for tags in choices:
        chosen = receives(items_of(everything), tags, everything.press.house.audiences)
        assert chosen in found


def test_a_variants_readers_receive_just_its_items(each: Built) -> None:
    for variant in each.press.variants(each.edition)[1:]:
        audiences = each.press.house.audiences
        assert receives(items_of(each), frozenset(variant.readers), audiences) == variant.items


def test_a_reader_without_choices_gets_everything(each: Built) -> None:
    every = tuple(item.slug for item in items_of(each))
    assert receives(items_of(each), frozenset(), each.press.house.audiences) == every


@given(some_tags, some_tags)
def test_a_second_answer_on_the_same_axis_never_takes_an_item_away(
    built_tags: frozenset[str], more: frozenset[str]
) -> None:
    audiences = HOUSE.audiences
    chosen_axes = {a.id for a in audiences.axes if a.tag_ids & built_tags}
    more = frozenset(t for a in audiences.axes if a.id in chosen_axes for t in a.tag_ids & more)
    from builder.audience import reaches

    for wanted in (frozenset({"primary", "head"}), frozenset({"senco"}), frozenset({"primary", "secondary"})):
        assert not reaches(wanted, built_tags, audiences.axes) or reaches(wanted, built_tags | more, audiences.axes)


def test_drafts_held_and_expired_items_are_in_no_letter(everything: Built) -> None:
    slugs = {item.slug for item in items_of(everything)}
    assert not slugs & {"notice-draft", "notice-later"}
    assert "news-second" in slugs  # its group was released before


def test_an_item_that_expires_before_the_sending_is_left_out(everything: Built) -> None:
    zone = HOUSE.calendar.zone
    sends = datetime(2025, 1, 14, 9, tzinfo=zone)
    item = everything.edition.items[0]

    def left(expires: datetime) -> bool:
        edition = replace(everything.edition, items=(replace(item, expires=expires),))
        return not in_letters(edition, now=sends, sends=sends)

    assert left(sends)
    assert left(sends - timedelta(days=1))
    assert not left(sends + timedelta(seconds=1))


def test_order_is_by_section_then_weight_then_date_then_name(everything: Built) -> None:
    bulletin = everything.press.house.bulletins["weekly"]
    ordered = in_order_of(bulletin, reversed(everything.edition.items))
    assert ordered == in_order_of(bulletin, everything.edition.items)
    places = [[s.id for s in bulletin.sections].index(item.section) for item in ordered]
    assert places == sorted(places)
    events = [item.slug for item in ordered if item.kind == "event"]
    assert events == ["event-day", "event-second"]
    news = [item.slug for item in ordered if item.section == "news"]
    assert news[0] == "news-with-everything"


def test_each_audience_is_told_how_many_items_it_gets(everything: Built) -> None:
    items, audiences = items_of(everything), everything.press.house.audiences
    found = per_audience(items, audiences)
    assert set(found) == {tag.id for tag in audiences.tags}
    for tag, number in found.items():
        assert number == len(receives(items, frozenset({tag}), audiences))
    assert found["governor"] < len(items)


def test_an_empty_selection_is_no_letter(built: Callable[[str], Built]) -> None:
    one = built("everything")
    item = replace(items_of(one)[0], audience=frozenset({"senco"}))
    found = variants((item,), [frozenset({"governor"})], one.press.house.audiences)
    assert [v.id for v in found] == [ALL]
