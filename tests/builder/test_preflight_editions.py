"""The proof-reader on whole editions: headlines, numbers, days, duplicates and release groups."""

from __future__ import annotations

import re
import time
from datetime import date, datetime
from pathlib import Path

import pytest

from builder import preflight
from builder.content import read_content
from builder.kinds import News
from builder.model import Content, Edition, Item, ItemKey, Source
from builder.preflight import CHECKS, blocks
from tests.builder.writing import EDITION, HOUSE, LONDON, NOW, edition_with, found, item, of_item, with_personas, write


def said(root: Path, files: dict[str, str | bytes], **more: object) -> list[tuple[str, str]]:
    """(code, file within its folder)."""
    return [(f.code, f.file.removeprefix("content/")) for f in found(root, files, **more)]  # type: ignore[arg-type]


# --- headlines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "preheader", "code"),
    [
        ("Summit places", "", "missing-preheader"),
        ("Summit places", "Too short.", "preheader-length"),
        ("Summit places", "Long. " * 30, "preheader-length"),
        ("Summit places, and two deadlines to keep this week", "Summit places and two deadlines, to keep this week!", "preheader-repeats"),
        ("A subject that goes on " * 4, "Also inside: a new service director, and good news.", "long-subject"),
    ],
)  # fmt: skip
def test_what_the_inbox_shows_is_read(tmp_path: Path, subject: str, preheader: str, code: str) -> None:
    edition = f"---\nsubject: {subject}\npreheader: {preheader}\n---\n"
    assert said(tmp_path, edition_with(edition=edition, summit=item())) == [(code, "weekly/2025-01-14/edition.md")]


def test_an_edition_without_a_subject_blocks(tmp_path: Path) -> None:
    edition = "---\npreheader: Also inside: a new service director, and good news.\n---\n"
    findings = found(tmp_path, edition_with(edition=edition, summit=item()))
    assert [f.code for f in findings] == ["missing-subject"]
    assert blocks(findings)


@pytest.mark.parametrize(
    ("length", "code"), [(60, []), (61, ["long-title"]), (80, ["long-title"]), (81, ["title-too-long"])]
)
def test_a_title_has_its_length(length: int, code: list[str]) -> None:
    assert [code for code, _ in of_item(item(title="t" * length))] == code


def test_a_summary_is_wanted_and_short() -> None:
    assert [code for code, _ in of_item("---\ntitle: A\n---\nWords.")] == ["missing-summary"]
    assert [code for code, _ in of_item(f"---\ntitle: A\nsummary: {'s' * 161}\n---\nWords.")] == ["summary-too-long"]


# --- days and numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2025-01-15", "2025-02-18", "2025-08-05"])
def test_a_day_off_the_calendar_is_told(tmp_path: Path, day: str) -> None:
    assert ("not-an-edition-day", f"weekly/{day}/edition.md") in said(tmp_path, edition_with(day, summit=item()))


def test_the_last_edition_of_a_term_is_told_unless_it_is_special(tmp_path: Path) -> None:
    assert [code for code, _ in said(tmp_path, edition_with("2025-04-01", summit=item()))] == ["end-of-term"]
    special = EDITION.replace("preheader", "special: End of term\npreheader")
    assert said(tmp_path, edition_with("2025-04-01", edition=special, summit=item())) == []


@pytest.mark.parametrize(
    ("number", "code"), [(12, []), (14, ["number-jumps"]), (11, ["number-again"]), (3, ["number-again"])]
)
def test_numbers_go_on_from_the_bulletin_before(tmp_path: Path, number: int, code: list[str]) -> None:
    before = {
        "together/2024-12-09/edition.md": EDITION.replace("subject", "number: 11\nsubject"),
        "together/2024-12-09/farewell.md": item("Goodbye to all.", title="Farewell"),
    }
    numbered = EDITION.replace("subject", f"number: {number}\nsubject")
    assert [c for c, _ in said(tmp_path, {**before, **edition_with(edition=numbered, summit=item())})] == code


def test_an_edition_with_nothing_to_send_blocks(tmp_path: Path) -> None:
    assert [code for code, _ in said(tmp_path, edition_with())] == ["no-items"]
    assert [code for code, _ in said(tmp_path, edition_with(summit=item(draft="yes")))] == ["no-items"]


# --- duplicates ------------------------------------------------------------------------------------------------------

LONG = "The summit is on Friday 14 February 2025 at County Hall, from ten to four, with speakers from near and far. It is free. "


@pytest.mark.parametrize(
    ("title", "body"), [("Inclusion summit!", "Other words."), ("Another title", f"{LONG}And one thing more.")]
)
def test_what_readers_had_in_the_last_four_editions_is_told(tmp_path: Path, title: str, body: str) -> None:
    before = edition_with("2025-01-14", summit=item(LONG))
    now = edition_with("2025-01-21", again=item(body, title=title))
    assert said(tmp_path, {**before, **now}) == [("duplicate", "weekly/2025-01-21/again.md")]


def test_two_of_a_kind_in_one_edition_are_told(tmp_path: Path) -> None:
    files = edition_with(a=item(LONG, title="First"), b=item(LONG, title="Second"))
    assert said(tmp_path, files) == [("duplicate", "weekly/2025-01-14/b.md")]


def test_what_ran_longer_ago_may_come_again(tmp_path: Path) -> None:
    days = ["2025-01-07", "2025-01-14", "2025-01-21", "2025-01-28", "2025-02-04"]
    files = {k: v for n, day in enumerate(days) for k, v in edition_with(day, **{f"item_{n}": item(f"News {n}.", title=f"News {n}")}).items()}  # fmt: skip
    files |= edition_with("2025-02-11", again=item("More.", title="News 0"))
    assert said(tmp_path, files) == []


def test_an_item_that_runs_twice_on_purpose_is_no_duplicate(tmp_path: Path) -> None:
    files = {**edition_with("2025-01-14", summit=item(LONG, also="weekly/2025-01-21")), **edition_with("2025-01-21")}
    assert said(tmp_path, files) == []


def test_an_excerpt_is_no_duplicate(tmp_path: Path) -> None:
    files = edition_with("2025-01-14", summit=item(LONG))
    files |= edition_with("2025-01-21", again="---\nexcerpt-of: weekly/2025-01-14/summit\n---\n")
    assert said(tmp_path, files) == []


# --- release ---------------------------------------------------------------------------------------------------------


def test_a_group_s_item_in_an_edition_that_goes_out_before_is_told(tmp_path: Path) -> None:
    files = {**edition_with("2025-01-07", a=item("A.", title="A", release="inclusion")), **edition_with("2025-01-14", b=item("B.", title="B"))}  # fmt: skip
    assert ("release-group-torn", "weekly/2025-01-07/a.md") in said(tmp_path, files)


def test_an_excerpt_of_a_group_s_item_is_held_with_it(tmp_path: Path) -> None:
    files = edition_with("2025-01-14", a=item("A.", title="A", release="inclusion"))
    files |= edition_with("2025-01-07", b="---\nexcerpt-of: weekly/2025-01-14/a\n---\n", c=item("C.", title="C"))
    assert said(tmp_path, files) == [("release-group-torn", "weekly/2025-01-07/b.md")]


def test_a_group_whose_items_go_out_together_is_left_alone(tmp_path: Path) -> None:
    files = edition_with(a=item("A.", title="A", release="inclusion"), b=item("B.", title="B", release="inclusion"))
    assert said(tmp_path, files) == []


def test_a_group_over_several_days_is_told(tmp_path: Path) -> None:
    files = {**edition_with("2025-01-14", a=item("A.", title="A", release="inclusion")), **edition_with("2025-01-21", b=item("B.", title="B", release="inclusion"))}  # fmt: skip
    assert said(tmp_path, files) == [("release-group-spread", "weekly/2025-01-21/b.md")]


def test_a_group_that_is_half_public_is_told(tmp_path: Path) -> None:
    secret = item("B.", title="B", release="inclusion", visibility="subscribers")
    files = edition_with(a=item("A.", title="A", release="inclusion"), b=secret)
    assert said(tmp_path, files) == [("release-group-mixed", "weekly/2025-01-14/a.md")]


def test_an_item_released_after_its_letter_is_told(tmp_path: Path) -> None:
    files = edition_with(a=item("A.", title="A", release="2025-01-14 09:01"), b=item("B.", title="B"))
    assert said(tmp_path, files) == [("held-back", "weekly/2025-01-14/a.md")]
    assert said(tmp_path, edition_with(a=item("A.", title="A", release="2025-01-14 09:00"))) == []


def test_an_edition_that_is_late_on_its_day_is_judged_as_it_goes_out(tmp_path: Path) -> None:
    noon = datetime(2025, 1, 14, 12, tzinfo=LONDON)
    files = edition_with(a=item("A.", title="A", kind="action", action_by="2025-01-14 10:00"))
    assert said(tmp_path, files) == []
    assert said(tmp_path, files, now=noon) == [("deadline-past", "weekly/2025-01-14/a.md")]


# --- readers ---------------------------------------------------------------------------------------------------------


def test_an_item_that_no_subscriber_receives_is_told(tmp_path: Path) -> None:
    files = edition_with(a=item("A.", title="A", audience="early-years"))
    heads = {frozenset({"primary", "head"}): 10, frozenset({"early-years"}): 0}
    assert said(tmp_path, files, readers=heads) == [("nobody-receives", "weekly/2025-01-14/a.md")]
    assert said(tmp_path, files, readers={frozenset({"head"}): 1}) == []


def test_an_item_that_no_persona_receives_is_told(tmp_path: Path) -> None:
    files = edition_with(a=item("A.", title="A", audience="early-years"))
    house = with_personas({"A head": frozenset({"primary", "head"})})
    assert said(tmp_path, files, house=house) == [("no-persona-receives", "weekly/2025-01-14/a.md")]
    assert said(tmp_path, files, house=with_personas({"A reader": frozenset()})) == []


# --- all of it -------------------------------------------------------------------------------------------------------


def test_one_edition_can_be_read_by_itself(tmp_path: Path) -> None:
    write(tmp_path, {**edition_with("2025-01-14", a=item("", title="A")), **edition_with("2025-01-21", b=item("[here](x.md)", kind="nwes"))})  # fmt: skip
    content = read_content(tmp_path, HOUSE)
    only = preflight.check(content, HOUSE, now=NOW, root=tmp_path, only={"weekly/2025-01-21"})
    assert {f.file for f in only} == {"content/weekly/2025-01-21/b.md"}
    assert {f.code for f in only} == {"unknown-kind", "generic-link", "dead-link"}


def test_documents_and_pages_are_read_too(tmp_path: Path) -> None:
    document = "---\ntitle: Vision\n---\nSee [here](gone.md) and the SEND plan.\n"
    files = {**edition_with(summit=item()), "documents/vision.md": document}
    assert {code for code, _ in said(tmp_path, files)} == {"generic-link", "dead-link", "acronym"}


def test_ten_thousand_items_are_read_in_seconds() -> None:
    def made(n: int) -> Item:
        return Item(
            key=ItemKey("weekly", date(2025, 1, 14), f"item-{n}"),
            source=Source(f"content/weekly/2025-01-14/item-{n}.md"),
            kind="news",
            title=f"News {n}",
            body=f"Item {n} is about the summit at County Hall, which {n} people attend in the coming weeks.",
            details=News(),
            section="news",
            summary="One plain sentence.",
        )

    edition = Edition(
        bulletin="weekly",
        day=date(2025, 1, 14),
        source=Source("content/weekly/2025-01-14/edition.md"),
        subject="Summit places",
        preheader="Also inside: a new service director, and good news from Oak Primary.",
        items=tuple(map(made, range(10_000))),
    )
    started = time.perf_counter()
    preflight.check(Content((edition,), (), (), ()), HOUSE, now=NOW, root=Path("/nowhere"))
    assert time.perf_counter() - started < 30  # 3 s as a rule; comparing each with each takes minutes


def test_every_code_says_why_and_is_written_alike() -> None:
    for code, check in CHECKS.items():
        assert code == check.code == code.lower().strip("-")
        assert check.why.endswith(".")


def test_every_code_that_reading_gives_is_in_the_table() -> None:
    """The sources are read for the codes they name, so that none is forgotten in docs/findings.md."""
    house = Path(__file__).parents[2]
    files = [
        file for room in ("builder", "desk") for file in (house / room).rglob("*.py") if file.parent.name != "preflight"
    ]
    source = "".join(file.read_text() for file in files)
    given = set(re.findall(r'(?:notes\.add|problem|_block)\(\s*(?:root, \w+, )?"([a-z0-9-]+)"', source))
    given |= set(
        re.findall(
            r'Finding\([^"()]*(?:"[^"]*\.(?:md|toml)"|f"[^"]*")?[^"()]*"([a-z0-9-]+)", "(?:block|warn|advice)"', source
        )
    )
    assert len(given) > 20
    assert given <= CHECKS.keys()
