"""Links that only their reader has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.keys import load_or_make_keys
from subscribers.model import SubscribersError
from subscribers.tokens import Keys, Link, address_hash, new_confirmation, read_link, signed_link
from tests.subscribers.conftest import KEYS


@given(st.sampled_from(["u", "p"]), st.integers(1, 2**62), st.sampled_from(["", "weekly", "send-bulletin.2"]))
def test_a_link_says_what_was_signed_and_is_safe_in_a_path(purpose: str, number: int, bulletin: str) -> None:
    token = signed_link(KEYS, purpose, number, bulletin)
    assert read_link(KEYS, token) == Link(purpose, number, bulletin)
    assert re.fullmatch(r"[A-Za-z0-9_-]{20,100}", token)


@given(st.integers(0, 200), st.sampled_from("ABCxyz059-_"))
def test_a_link_that_was_changed_anywhere_is_not_ours(place: int, letter: str) -> None:
    token = signed_link(KEYS, "u", 4711, "weekly")
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert read_link(KEYS, changed) in (None, Link("u", 4711, "weekly"))
    assert read_link(Keys(b"other" * 7, b"a" * 32), token) is None


@given(st.text(max_size=400))
def test_no_text_at_all_makes_reading_a_link_fail(text: str) -> None:
    assert read_link(KEYS, text) is None


def test_a_link_signed_with_a_former_key_still_works() -> None:
    token = signed_link(KEYS, "u", 1)
    assert read_link(Keys(b"n" * 32, b"a" * 32, former_links=(KEYS.links,)), token) == Link("u", 1, "")


def test_a_confirmation_has_192_bits() -> None:
    seen: list[int] = []
    new_confirmation(lambda count: seen.append(count) or bytes(count))  # type: ignore[func-returns-value]
    assert seen == [24]


def test_an_address_hash_needs_the_key_and_does_not_hold_the_address() -> None:
    assert address_hash(KEYS, "a@x.org") != address_hash(Keys(KEYS.links, b"b" * 32), "a@x.org")
    assert len(address_hash(KEYS, "a@x.org")) == 32


def test_keys_are_never_shown() -> None:
    assert repr(KEYS) == "Keys(…)"


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    first = load_or_make_keys(tmp_path / "keys")
    assert load_or_make_keys(tmp_path / "keys") == first
    assert first.links != first.addresses
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_two_processes_that_start_at_once_have_the_same_keys(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from subscribers.keys import *; print(load_or_make_keys(Path({str(tmp_path)!r})).links)"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate()[0] for process in running}) == 1


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31, "ü"])
def test_a_damaged_key_stops_everything_with_advice(tmp_path: Path, text: str) -> None:
    (tmp_path / "links.key").write_text(text, encoding="utf-8")
    with pytest.raises(SubscribersError, match="Restore it from the backup"):
        load_or_make_keys(tmp_path)
