"""What a file may hold is far above what a person writes, and below what hurts."""

from __future__ import annotations

import pytest

from builder.headers import take_apart
from builder.limits import MAX_LINES, excesses
from tests.editions import ROOT


def test_nothing_that_is_shipped_comes_near_a_limit() -> None:
    for file in ROOT.glob("content/**/*.md"):
        assert not list(excesses(file.read_text("utf-8") * 4)), file


@pytest.mark.parametrize(
    "body",
    [
        "- - - - - - - - - - - - - -",
        "* * * * * * * * * *",
        "-" * 300,
        "> > > > three replies deep",
        "- a\n    - b\n        - c\n            1. d",
        "| a | b |\n| - | - |\n" + "| [x](https://a.example) | me@b.example |\n" * 300,
        ("A long paragraph of **many** words. " * 50 + "\n\n") * 60,
    ],
)
def test_what_people_write_is_no_excess(body: str) -> None:
    assert not list(excesses(body))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("a\n\n" + "> " * 9 + "b", 2),
        ("- - - - - - - - - a", 0),
        (" " * 120 + "- a", 0),
        ("\t" * 30 + "a", 0),
        ("a\n\n" + "[" * 10_000, 2),
        ("- \t" * 200, 0),  # no rule: three spaces between
        ("1. \x02" * 200, 0),
        ("a\r\r" + "[\t" * 2_000, 2),
        ("a\n" * 1_001, 0),
        ("a\n\n" * MAX_LINES, MAX_LINES),
    ],
)
def test_an_excess_is_told_with_its_line(body: str, line: int) -> None:
    assert next(excesses(body))[0] == line


def test_an_excess_is_a_finding_with_the_line_of_the_file() -> None:
    written = take_apart(("---\ntitle: A\n---\nb\n\n" + "> " * 20).encode(), "x.md")
    assert [(f.code, f.line) for f in written.findings] == [("too-much-markup", 6)]
