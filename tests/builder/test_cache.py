"""The cache costs only time when it is lost, damaged, locked or full."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.cache import Cache, fingerprint


def test_what_was_put_comes_back_in_the_next_process_only_when_saved(tmp_path: Path) -> None:
    first = Cache(tmp_path / "a" / "c.db")
    first.put("k", ["é", {"n": 1}])
    assert Cache(tmp_path / "a" / "c.db").get("k") is None
    first.close()
    assert Cache(tmp_path / "a" / "c.db").get("k") == ["é", {"n": 1}]


def test_a_value_is_made_once() -> None:
    made: list[int] = []
    cache = Cache()
    for _ in range(3):
        cache.or_make("k", lambda: made.append(1) or "value")
    assert made == [1]


@pytest.mark.parametrize("content", [b"", b"not a database at all " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_thrown_away(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "c.db"
    file.write_bytes(content)
    cache = Cache(file)
    cache.put("k", 1)
    cache.close()
    assert Cache(file).get("k") == 1


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_file_cut_short_never_raises(tmp_path: Path, cut: float) -> None:
    file = tmp_path / "c.db"
    cache = Cache(file)
    for n in range(500):
        cache.put(f"k{n}", "x" * 200)
    cache.close()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * cut)])
    again = Cache(file)
    assert {again.get(f"k{n}") for n in range(500)} <= {None, "x" * 200}
    again.put("new", 1)
    again.close()


def test_a_value_that_is_no_json_any_more_is_made_again(tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    opened = Cache(file)
    opened.put("other", 1)
    opened.close()
    with sqlite3.connect(file) as database:
        database.execute("INSERT INTO made VALUES ('k', '[1, 2')")
    database.close()
    assert Cache(file).or_make("k", lambda: "again") == "again"


def test_two_builders_share_a_file(tmp_path: Path) -> None:
    one, two = Cache(tmp_path / "c.db"), Cache(tmp_path / "c.db")
    one.put("a", 1)
    two.put("b", 2)
    one.save()
    two.save()
    assert (one.get("b"), two.get("a")) == (2, 1)


def test_where_nothing_can_be_written_it_works_from_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "c.db")
    cache.put("k", 1)
    cache.close()
    assert cache.get("k") == 1


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_different_parts_have_different_fingerprints(one: list[str], other: list[str]) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)
