"""A view becomes a letter: cut when too long, tidy as text, quick, and whole whatever the content holds."""

from __future__ import annotations

import shutil
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.letter.eml import quoted
from builder.letter.render import ENCODED_LIMIT, cut_longest, encoded_size, tidy
from tests.editions import EVERYTHING, Built, build_edition, open_press


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=2_000))
def test_the_size_is_near_that_of_the_encoded_bytes(html: str) -> None:
    exact = len(quoted(html).replace(b"\n", b"\r\n"))
    assert abs(encoded_size(html) - exact) <= exact * 0.1 + 3 * html.count("\n") + 3 * html.count(" ") + 20


@given(st.text(st.sampled_from("a \n\t"), max_size=60))
def test_tidy_text_has_at_most_two_empty_lines_and_ends_in_one_break(text: str) -> None:
    done = tidy(text)
    assert "\n\n\n\n" not in done
    assert not any(line != line.rstrip() for line in done.split("\n"))
    assert done.split() == text.split()
    assert tidy(done) == done


def test_the_longest_item_is_cut_first_and_none_twice(everything: Built) -> None:
    view, order = everything.view, []
    while shorter := cut_longest(view, over=1):
        order += [n.slug for o, n in zip(view.items, shorter.items, strict=True) if n.cut != o.cut]
        view = shorter
    sizes = {item.slug: len(item.body.email) for item in everything.view.items}
    assert order == sorted(order, key=lambda slug: -sizes[slug])
    assert len(set(order)) == len(order)


def test_as_many_items_are_cut_at_once_as_are_needed(everything: Built) -> None:
    whole = sum(len(item.body.email) for item in everything.view.items)
    shorter = cut_longest(everything.view, over=whole // 2)
    assert shorter is not None
    cut = [item for item in shorter.items if item.cut]
    assert len(cut) > 1 and sum(len(item.body.email) for item in cut) >= whole // 2


def house_with(tmp_path: Path, **bodies: str) -> Path:
    house = shutil.copytree(EVERYTHING, tmp_path / "house")
    for name, body in bodies.items():
        text = (
            f"---\ntitle: {name}\nsummary: A summary.\ncontact: {body[:100_000].replace(chr(10), ' ')}\n---\n{body}\n"
        )
        (house / "content" / "weekly" / "2025-01-14" / f"{name}.md").write_text(text)
    return house


HOSTILE = {
    "quotes": "> " * 40_000 + "a",
    "brackets": "[" * 90_000,
    "stars": "*a" * 45_000,
    "mails": "a" * 90_000 + "@",
    "dots": "https://" + "." * 90_000,
    "braces": "{{" * 40_000,
    "tokens": "[[unsubscribe]]" * 6_000,
    "words": "word " * 18_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_r13_an_item_that_no_person_writes_still_gives_a_letter_in_seconds(
    tmp_path: Path, kept: Path, name: str
) -> None:
    began = process_time()
    built = build_edition(open_press(house_with(tmp_path, **{name: HOSTILE[name]}), kept))
    assert process_time() - began < 5
    assert built.letter.html.count("[[unsubscribe]]") == 1
    assert encoded_size(built.letter.html) > ENCODED_LIMIT or len(built.view.items) == 16


def test_r11_an_item_cut_at_any_byte_gives_findings_or_a_letter(tmp_path: Path, kept: Path) -> None:
    house = shutil.copytree(EVERYTHING, tmp_path / "house")
    file = house / "content" / "weekly" / "2025-01-14" / "action-census.md"
    whole = file.read_bytes()
    for cut in range(0, len(whole), 97):
        file.write_bytes(whole[:cut])
        built = build_edition(open_press(house, kept))
        assert built.press.content.findings or built.letter.html


def test_bytes_of_any_kind_in_an_item_never_fail(tmp_path: Path, kept: Path) -> None:
    house = shutil.copytree(EVERYTHING, tmp_path / "house")
    file = house / "content" / "weekly" / "2025-01-14" / "action-census.md"
    head = b"---\ntitle: T\nsummary: S\n---\n"
    for raw in (
        b"\xff\xfe\x00a",
        b"\xef\xbb\xbf" + head + b"\xef\xbb\xbfa",
        head + b"\xed\xa0\x80",
        head + b"a\x00b",
        head + "\u202eabc".encode(),
    ):
        file.write_bytes(raw)
        built = build_edition(open_press(house, kept))
        assert "\x00" not in built.letter.html + built.letter.text
        assert "\u202e" not in built.letter.html
        built.letter.html.encode("utf-8")
