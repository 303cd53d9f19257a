"""The merge's one rule, without a database: the strictest wins, in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from subscribers.merge import NOTHING_KNOWN, ONE_PLAIN_YES, Decision, Known, Said, decide
from subscribers.model import NO, UNKNOWN, YES

REASONS = ("unsubscribed", "bounced", "complained", "staff")
ROWS = st.lists(
    st.one_of(
        st.builds(Said, st.just(YES), choices=st.integers(0, 7), at_once=st.booleans()),
        st.builds(Said, st.just(UNKNOWN), st.just('status "?"'), choices=st.integers(0, 7)),
        st.builds(Said, st.just(NO), st.sampled_from(REASONS), st.sampled_from(["", "2024-01-01", "2026-01-01"])),
    ),
    min_size=1,
    max_size=5,
)
KNOWN = st.builds(
    Known, st.booleans(), st.booleans(), st.sampled_from(["", "2025-01-14"]), st.integers(0, 7), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


def test_the_decision_taken_in_bulk_is_the_one_taken_one_by_one() -> None:
    assert decide([ONE_PLAIN_YES], NOTHING_KNOWN) == Decision("new")


@given(ROWS, KNOWN, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[Said], known: Known, random: object) -> None:
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    first, second = decide(rows, known), decide(mixed, known)
    assert (first.outcome, first.suppress, first.choices, first.at_once) == (
        second.outcome, second.suppress, second.choices, second.at_once,
    )  # fmt: skip


@given(ROWS, KNOWN)
def test_a_row_that_is_repeated_changes_nothing(rows: list[Said], known: Known) -> None:
    assert decide(rows, known) == decide([*rows, *rows], known)


@given(ROWS, KNOWN)
def test_nobody_becomes_a_reader_against_a_no(rows: list[Said], known: Known) -> None:
    decision = decide(rows, known)
    if decision.outcome == "new":
        assert {row.says for row in rows} == {YES}
        assert not known.suppressed
        assert not known.held


@given(ROWS, KNOWN)
def test_a_no_ends_what_is_open_unless_the_reader_has_confirmed_it_since(rows: list[Said], known: Known) -> None:
    decision = decide(rows, known)
    if any(row.says == NO for row in rows) and not decision.suppress:
        assert known.confirmed_on and all(row.at and row.at < known.confirmed_on for row in rows if row.says == NO)
    elif any(row.says == NO for row in rows):
        assert decision.end == known.open


@given(ROWS, KNOWN)
def test_an_import_only_ever_adds_choices_that_some_list_holds(rows: list[Said], known: Known) -> None:
    asked = known.choices
    for row in rows:
        asked |= row.choices
    assert decide(rows, known).choices & ~asked == 0
