"""One file → one typed item, with every problem in it."""

from __future__ import annotations

import time as clock
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.headers import take_apart
from builder.items import COMMON_HEADERS, read_item, read_key
from builder.kinds import (
    KINDS,
    OWN_HEADERS,
    Action,
    Appointment,
    Consultation,
    Event,
    Excerpt,
    Feedback,
    GoodNews,
    Lines,
    Message,
    PhotoConsent,
    headers_of,
)
from builder.model import Finding, Item, ItemKey, Moment, Picture
from tests.builder.writing import DAY, HOUSE, RELEASED, WEEKLY

FILE = "content/weekly/2025-01-14/summit.md"
FEBRUARY = Moment(date(2025, 2, 14))


def read(headers: str, file: str = FILE, body: str = "Words.") -> tuple[Item, list[Finding]]:
    item, notes = read_item(HOUSE, WEEKLY, DAY, take_apart(f"---\n{headers}\n---\n{body}".encode(), file))
    assert item is not None
    return item, notes.findings


def fair(headers: str, file: str = FILE) -> Item:
    item, findings = read(f"title: Summit\n{headers}", file)
    assert findings == []
    return item


def faults(headers: str, file: str = FILE) -> list[tuple[str, int]]:
    return [(finding.code, finding.line) for finding in read(f"title: Summit\n{headers}", file)[1]]


def message(headers: str) -> str:
    (finding,) = read(f"title: Summit\n{headers}")[1]
    return finding.message


# --- what every item has ---------------------------------------------------------------------------------------------


def test_a_title_and_a_body_make_a_news_item() -> None:
    item = fair("")
    assert (item.kind, item.section, item.title, item.body) == ("news", "news", "Summit", "Words.")
    assert item.key == ItemKey("weekly", DAY, "summit")
    assert (item.visibility, item.weight, item.draft, item.audience) == ("public", 50, False, frozenset())


def test_common_headers_are_understood() -> None:
    item = fair(
        "section: events\naudience: Schools, head\nsummary: In\n  short.\nvisibility: subscribers\nexpires: 14 February 2025\n"
        "image: images/a.png\nalt: An oak.\ncredit: Oak Primary\ncontact: Jo, jo@council.example\nrelated: a, b\nweight: -5\n"
        "draft: yes\nalso: weekly/2025-01-21"
    )
    assert item.section == "events"
    assert item.audience == {"primary", "head"}
    assert item.summary == "In short."
    assert item.subscribers_only
    assert item.expires == datetime(2025, 2, 15, tzinfo=UTC)
    assert item.picture == Picture("content/weekly/2025-01-14/images/a.png", "An oak.", "Oak Primary")
    assert (item.related, item.weight, item.draft) == (("a", "b"), -5, True)
    assert item.also == (("weekly", date(2025, 1, 21)),)


def test_the_section_is_the_one_that_takes_the_kind() -> None:
    assert fair("kind: event\nstarts: 2025-02-14").section == "events"


def test_the_folder_of_good_news_makes_good_news() -> None:
    assert fair("school: Oak Primary", "content/weekly/2025-01-14/good-news/oak.md").kind == "good-news"


def test_a_release_is_a_moment_or_a_group() -> None:
    assert fair("release: 2025-06-10 09:00").release == datetime(2025, 6, 10, 8, tzinfo=UTC)
    grouped = fair("release: inclusion")
    assert (grouped.release, grouped.release_group) == (RELEASED, "inclusion")


# --- kinds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "details"),
    [
        ("kind: action\naction-by: 2025-02-14\nreturns-to: a@b.example\nreference: 1/25", Action(FEBRUARY, "a@b.example", "1/25")),
        ("kind: feedback\nrespond: https://x.example", Feedback("https://x.example")),
        (
            "kind: event\nstarts: 14 February 2025, 10am\nends: 14 February 2025, 4pm\nvenue: County Hall\ncost: Free",
            Event(Moment(date(2025, 2, 14), time(10)), Moment(date(2025, 2, 14), time(16)), "County Hall", "", "Free"),
        ),
        ("kind: consultation\ncloses: 2025-02-14\nrespond: a@b.example", Consultation(FEBRUARY, "a@b.example")),
        ("kind: message\nsigned: Sara Tough OBE\n  Executive Director\n  Norfolk", Message(Lines("Sara Tough OBE", ("Executive Director", "Norfolk")))),
        ("kind: appointment\nperson: Jane Hayman\npost: Service Director", Appointment("Jane Hayman", "Service Director")),
        ("kind: good-news\nschool: Oak Primary", GoodNews("Oak Primary")),
        (
            "kind: good-news\nschool: Oak\nphoto-consent: Email, web (Headteacher, 8 January 2025)",
            GoodNews("Oak", PhotoConsent(frozenset({"email", "web"}), "Headteacher, 8 January 2025")),
        ),
        ("kind: good-news\nschool: Oak\nphoto-consent: No people", GoodNews("Oak", PhotoConsent(frozenset({"email", "web", "social"})))),
        ("excerpt-of: send/2024-12-09/strategy", Excerpt("send/2024-12-09/strategy")),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_details(headers: str, details: object) -> None:
    assert fair(headers).details == details


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_without_its_headers_is_told_all_of_them(kind: str) -> None:
    required = [name for name, (_, needed) in headers_of(kind).items() if needed]
    _, findings = read(f"title: Summit\nkind: {kind}")
    assert [f.code for f in findings] == ["missing-header"] * len(required)
    assert all(any(f'"{name}:"' in f.message for f in findings) for name in required)


def test_no_header_has_two_meanings() -> None:
    assert not OWN_HEADERS & COMMON_HEADERS


# --- problems --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ("kind: evnt", "unknown-kind"),
        ("kind: event\nstarts: soon", "bad-date"),
        ("kind: event\nstarts: Monday 14 February 2025", "bad-date"),
        ("section: nwes", "unknown-section"),
        ("audience: primry", "unknown-audience"),
        ("visibility: members", "unknown-visibility"),
        ("release: inclusoin", "bad-release"),
        ("release: 2025-02-30", "bad-release"),
        ("expires: never", "bad-date"),
        ("weight: heavy", "bad-value"),
        ("weight: 5.5", "bad-value"),
        ("draft: perhaps", "bad-value"),
        ("also: weekly", "bad-value"),
        ("also: gone/2025-01-21", "bad-value"),
        ("also: weekly/2025-02-30", "bad-date"),
        ("venue: County Hall", "header-of-other-kind"),
        ("colour: red", "unknown-header"),
        ("kind: good-news\nschool: Oak\nphoto-consent: email", "bad-value"),
        ("kind: good-news\nschool: Oak\nphoto-consent: radio (Head)", "bad-value"),
    ],
)
def test_a_problem_is_told_in_the_line_of_its_header(headers: str, code: str) -> None:
    assert (code, headers.count("\n") + 3) in faults(headers)


@pytest.mark.parametrize(
    ("headers", "hint"),
    [
        ("kind: evnt", 'Did you mean "event"?'),
        ("audience: Primry", '"Primry" is not an audience. Did you mean "primary"?'),
        ("audience: everyone", "Known: early-years, primary"),
        ("release: inclusoin", 'Did you mean "inclusion"?'),
        ("sumary: x", 'Did you mean "summary"?'),
        ("venue: x", "belongs to the kind event, and this is news"),
    ],
)
def test_a_problem_says_what_may_have_been_meant(headers: str, hint: str) -> None:
    assert hint in message(headers)


def test_a_missing_title_is_told_but_an_excerpt_takes_its_original_s() -> None:
    assert [f.code for f in read("kind: news")[1]] == ["missing-title"]
    assert read("excerpt-of: send/2024-12-09/strategy")[1] == []


@pytest.mark.parametrize("name", ["Summit.md", "the summit.md", "summit_1.md", "été.md", "-.md", "a" * 101 + ".md"])
def test_a_file_s_name_is_an_address(name: str) -> None:
    assert faults("", f"content/weekly/2025-01-14/{name}") == [("bad-file-name", 0)]


def test_all_problems_of_a_file_are_told_in_one_pass() -> None:
    found = faults("kind: event\naudience: primry, hed\nweight: x\ncolour: red\nexpires: never")
    assert sorted(code for code, _ in found) == [
        "bad-date", "bad-value", "missing-header", "unknown-audience", "unknown-audience", "unknown-header",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["send/2024-12-09", "send/2024-13-09/x", "Send/2024-12-09/x", "", "a/b/c", "../x"])
def test_what_names_no_item_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not on the calendar|does not name an item"):
        read_key(text)


def test_a_key_is_written_as_it_is_read() -> None:
    assert str(read_key("send/2024-12-09/strategy")) == "send/2024-12-09/strategy"


NAMES = st.sampled_from(sorted(COMMON_HEADERS | OWN_HEADERS))
VALUES = st.one_of(st.text(max_size=30), st.sampled_from(["event", "2025-02-14", "yes", "inclusion", "primary", "9999-12-31", "a (b)", "0001-01-01"]))  # fmt: skip


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_no_headers_raise(headers: dict[str, str]) -> None:
    block = "".join(f"{name}: {value}\n" for name, value in headers.items())
    item, _ = read_item(HOUSE, WEEKLY, DAY, take_apart(f"---\n{block}---\nWords.".encode("utf-8", "replace"), FILE))
    if item:
        item.released_by(RELEASED)
        item.expired_by(RELEASED)


@pytest.mark.parametrize(
    "name", ["audience", "related", "also", "kind", "release", "photo-consent", "signed", "excerpt-of"]
)
def test_a_value_of_the_largest_size_takes_no_time(name: str) -> None:
    started = clock.perf_counter()
    _, findings = read(f"title: A\n{name}: {'a,' * 95_000}")
    assert clock.perf_counter() - started < 2
    assert all(len(finding.message) < 700 for finding in findings)


# --- questions on items ----------------------------------------------------------------------------------------------


def test_an_item_is_held_until_its_release() -> None:
    item = fair("release: inclusion")
    assert not item.released_by(datetime(2025, 1, 14, 8, 59, tzinfo=UTC))
    assert item.released_by(datetime(2025, 1, 14, 9, 0, tzinfo=UTC))


def test_a_bare_day_of_expiry_is_the_last_day() -> None:
    item = fair("expires: 2025-01-14")
    assert not item.expired_by(datetime(2025, 1, 14, 23, 59, tzinfo=HOUSE.calendar.zone))
    assert item.expired_by(datetime(2025, 1, 15, 0, 0, tzinfo=HOUSE.calendar.zone))


def test_expiry_is_judged_alike_in_every_zone() -> None:
    assert fair("expires: 2025-01-14").expired_by(datetime(2025, 1, 15, 0, 0, tzinfo=UTC))
