"""F8: search finds known items, as well as SQLite's FTS5 ranks them; filters, beginnings of words and phrases work."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from builder.archive import build, finding
from builder.archive.search import index, tiers
from builder.archive.search.query import Asked, Engine, Found, distance, rank, search
from builder.archive.search.words import plain_words, stem
from builder.press import Press
from desk.settings import load
from tests.builder import searching
from tests.builder.written import TEMPLATES, ZONE, item, site_of, write_house

GOLDEN = Path(__file__).parents[1] / "golden" / "search.json"
EDITIONS = 60  # more than a year, so that more than one tier is asked


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = searching.write_years(tmp_path_factory.mktemp("years") / "house", EDITIONS)
    now = datetime(2025, 7, 20, 9, tzinfo=ZONE)
    build(Press(root, load(root, None, {}).house, (TEMPLATES,), now, root / "var" / "cache"), root / "site")
    return root / "site"


def test_known_items_are_found_as_well_as_fts5_finds_them(years: Path) -> None:
    items = searching.corpus(EDITIONS)
    asked = searching.questions(items, 150)
    ours, theirs = searching.recall(searching.ours(years), asked), searching.recall(searching.fts5(items), asked)
    assert ours >= 0.95
    assert ours >= theirs - 0.01
    first = searching.recall(searching.ours(years), asked, 1), searching.recall(searching.fts5(items), asked, 1)
    assert first[0] >= first[1] - 0.03, first


WEEK = "weekly/2025-01-14"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    files: dict[str, str | bytes] = {
        f"{WEEK}/census.md": item("Spring census", "Send the returns. Summer dates follow the term.", kind="action", action_by="31 January 2025"),
        f"{WEEK}/meals.md": item("School meals", "Funding of meals in the summer term. Children’s cafés.", audience="primary"),
        "weekly/2024-05-07/old.md": item("Older census", "An old summer term with census inside."),
        "weekly/1974-10-01/county.md": item("A county of its own", "The new council begins."),
        "send/2025-01-13/send.md": item("Inclusion summit", "Inclusive practice.", kind="event", starts="1 March 2025"),
        f"{WEEK}/secret.md": item("Zanzibar", "Zanzibar", visibility="subscribers"),
    }  # fmt: skip
    return site_of(write_house(tmp_path_factory.mktemp("small"), files))


def ask(site: dict[str, bytes], text: str, **more: object) -> list[str]:
    found: Found = search(site.__getitem__, Asked(text, **more))  # type: ignore[arg-type]
    assert found.total == len(found.results)
    return [path for path, *_ in found.results]


def test_the_past_may_be_long_ago(small: dict[str, bytes]) -> None:
    assert ask(small, "council ", until="1974-12-31") == ["items/county/"]


def test_words_are_found_in_any_form(small: dict[str, bytes]) -> None:
    assert ask(small, "fund ") == ask(small, "funding ") == ask(small, "FUNDED ") == ["items/meals/"]
    assert ask(small, "children's cafe ") == ["items/meals/"]
    assert set(ask(small, "census ")) == {"items/census/", "items/old/"}
    assert ask(small, "zanzibar ") == [] == ask(small, "")


def test_a_word_that_is_still_being_typed_finds_what_begins_like_it(small: dict[str, bytes]) -> None:
    assert ask(small, "inclu") == ["send/items/send/"] == ask(small, "summit inclu")
    assert ask(small, "inclu ") == []


def test_words_in_quotation_marks_stand_together(small: dict[str, bytes]) -> None:
    assert set(ask(small, '"summer term"')) == {"items/meals/", "items/old/"}
    assert "items/census/" in ask(small, "summer term")
    assert set(ask(small, '"dates follow the term"')) == {"items/census/"}


def test_filters_narrow_down_and_can_stand_alone(small: dict[str, bytes]) -> None:
    assert ask(small, "census ", filters=("!k:action",)) == ["items/census/"]
    assert ask(small, "", filters=("!a:primary",)) == ["items/meals/"]
    assert ask(small, "", filters=("!k:event",)) == ["send/items/send/"]
    assert ask(small, "census ", until="2024-12-31") == ["items/old/"]
    assert ask(small, "census ", since="2025-01-01") == ["items/census/"]
    assert ask(small, "summit ", bulletin=0) == [] and ask(small, "summit ", bulletin=1) == ["send/items/send/"]
    assert ask(small, "", filters=("!k:action", "!a:primary")) == []


def test_a_beginning_crosses_the_border_of_a_bucket() -> None:
    words = {
        f"inclu{n:03}": b"".join(
            index.varint(e) + index.varint(3) + bytes([n % 100, 9, 0]) for e in range(n + 99, n + 399)
        )
        for n in range(100)
    }
    pack = tiers.made(words)
    firsts = [bucket.first for bucket in pack.buckets]
    assert len(firsts) > 2 and sum(bucket.many for bucket in pack.buckets) == len(words)
    site = {tiers.pack_path("month-x"): pack.content}
    found = [
        {"name": "month", "f": [["month-x", 0, len(firsts)]], "b": firsts, "l": [len(b.packed) for b in pack.buckets]}
    ]
    site["search/index.bin"] = tiers.packed(json.dumps({"bulletins": ["w"], "n": 100, "tiers": found}).encode())
    border = firsts[1]
    engine = Engine(site.__getitem__)
    ranked, _ = rank(engine, engine.index(), Asked(border[:-1]))
    wanted = {doc for word, raw in words.items() if word.startswith(border[:-1]) for doc, _, _ in index.items(raw)}
    second = [word for word in words if border <= word < firsts[2]]
    assert set(ranked) == wanted and not wanted <= {d for w in second for d, _, _ in index.items(words[w])}


POSTINGS = some.dictionaries(some.integers(0, 120_000_000), some.binary(min_size=3, max_size=9), max_size=12)


@given(POSTINGS, some.integers(0, 120_000_000), some.binary(max_size=9))
def test_a_block_goes_in_and_out_without_touching_the_others(held: dict[int, bytes], number: int, told: bytes) -> None:
    def whole(parts: dict[int, bytes]) -> bytes:
        return b"".join(index.varint(n) + index.varint(len(part)) + part for n, part in sorted(parts.items()))

    block = index.varint(number) + index.varint(len(told)) + told if told else b""
    wanted = whole({**held, number: told} if told else {n: part for n, part in held.items() if n != number})
    assert index.with_block(whole(held), number, block) == wanted


@pytest.mark.parametrize("seed", range(3))
def test_a_file_that_is_kept_up_to_date_is_the_file_made_anew(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    vocabulary = [f"w{n}" for n in range(900)]

    def some_words(number: int) -> index.Words:
        return {
            word: index.varint(number) + index.varint(3) + bytes([0, chance.randrange(1, 255), 0])
            for word in chance.sample(vocabulary, 90)
        }

    parts = {number: some_words(number) for number in range(30)}
    kept, same = tiers.made(index.joined(sorted(parts.items()))), 0
    for round_ in range(24):
        before = dict(parts)
        for _ in range(chance.randrange(3)):
            number = chance.randrange(30)
            fresh_words = some_words(number)
            few = dict(list(fresh_words.items())[:2])
            parts[number] = fresh_words if chance.random() < 0.3 else {**parts.get(number, {}), **few}
        if round_ % 3 == 2:
            parts.pop(chance.choice(sorted(parts)))
        told = [(n, index.changed(before.get(n, {}), parts.get(n, {}))) for n in {*before, *parts}]
        later = some_words(40 + round_) if round_ % 5 == 4 else {}
        parts |= {40 + round_: later} if later else {}
        was = {bucket.packed for bucket in kept.buckets}
        tiers.update(kept, [(number, words) for number, words in told if words], later)
        same += len(was & {bucket.packed for bucket in kept.buckets})
        assert kept == tiers.made(index.joined(sorted(parts.items()))) and [*kept.words]
        tiers.save(kept, tmp_path / "file")
        assert tiers.load(tmp_path / "file") == kept
        (tmp_path / "file").write_bytes((tmp_path / "file").read_bytes()[:-9])
        assert tiers.load(tmp_path / "file") is None
    assert same > 20


@pytest.mark.parametrize("seed", range(2))
def test_no_week_changes_more_than_a_few_files_and_each_edition_is_in_one_or_two(seed: int) -> None:
    chance = random.Random(seed)
    day, keys, before, weeks = date(2015, 1, 6) + timedelta(days=seed), [], {}, []
    for _ in range(250):
        day += timedelta(weeks=1 if chance.random() < 0.93 else chance.randrange(1, 7))
        keys.insert(0, f"weekly/{day}")
        shares = finding.Shares(keys)
        after = {name: shares.of(name) for name in (*finding.TIERS, *finding.OLD)}
        known = {(), *before.values()}
        moved = [name for name, held in after.items() if held not in known]
        assert len([name for name in moved if not name.startswith("old")]) <= 2
        weeks.append(len([name for name in moved if name.startswith("old")]))
        for name in finding.OLD:
            there = [key for tier in (*finding.TIERS, name) for key in after[tier]]
            twice = after["last"] if int(name[-2:]) < shares.swept else ()
            assert sorted(there) == sorted([*keys, *twice])
        before = after
    assert max(weeks) <= 12 and sum(week > 3 for week in weeks) < 25


def test_the_words_are_those_of_the_golden_file() -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert {text: [stem(word) for word in plain_words(text)] for text in golden} == golden


def test_the_script_is_small_and_needs_no_permission_but_its_own_origin() -> None:
    script = (TEMPLATES / "web" / "search.js").read_text("utf-8")
    assert len(script.encode()) < 9_500 and "eval" not in script and "innerHTML" not in script
    assert "http:" not in script and "https:" not in script


def test_nothing_of_the_index_is_left_when_nothing_is_public(tmp_path: Path) -> None:
    root = write_house(tmp_path, {f"{WEEK}/secret.md": item("Zanzibar", "Zanzibar", visibility="subscribers")})
    site = site_of(root)
    assert [path for path in site if path.endswith(".bin") and "/items/" not in path] == ["search/index.bin"]
    assert ask(site, "zanzibar") == []


def test_a_slip_of_the_finger_is_forgiven_and_told() -> None:
    words = ["transport", "census", "consult", "governor"]
    for typed, meant in {
        "trnasport": "transport",
        "cencus": "census",
        "consutl": "consult",
        "governer": "governor",
    }.items():
        assert min(words, key=lambda word: distance(typed, word)) == meant
    assert [distance("a", ""), distance("ab", "ba"), distance("abc", "abc"), distance("ca", "abc")] == [1, 1, 0, 3]


def test_a_misspelt_word_finds_what_was_meant_and_each_result_tells_its_own_day(small: dict[str, bytes]) -> None:
    told = search(small.__getitem__, Asked("cencus "))
    assert told.near and {one.path for one in told.results} == {"items/census/", "items/old/"}
    assert {one.when for one in told.results if one.path == "items/census/"} == {"By Friday 31 January 2025"}
    assert not search(small.__getitem__, Asked("census ")).near and not search(small.__getitem__, Asked("cxnsxs ")).near
