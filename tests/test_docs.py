"""What the documents say works: their examples are read and run."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from builder.headers import take_apart
from builder.items import read_item
from desk.cli import main
from desk.settings import load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]


def blocks(text: str) -> list[str]:
    """The indented examples of a document."""
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() for block in found]


def test_the_example_item_is_read_without_a_finding() -> None:
    example = next(block for block in blocks(README) if block.startswith("---"))
    house = load(ROOT, environ={}).house
    written = take_apart(example.encode(), "content/weekly/2025-01-14/summit.md")
    item, notes = read_item(house, house.bulletins["weekly"], date(2025, 1, 14), written)
    assert item is not None and not notes.findings


def commands() -> list[list[str]]:
    lines = (line for document in DOCUMENTS for block in blocks(document.read_text()) for line in block.split("\n"))
    return [shlex.split(line) for line in lines if line.startswith("bulletin ")]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_in_the_documents_exists(words: list[str]) -> None:
    result = CliRunner().invoke(main, [*[w for w in words[1:3] if w.isalpha()], "--help"])
    assert result.exit_code == 0, result.output


def test_the_ten_minutes_of_the_readme_work(tmp_path: Path) -> None:
    """Each `bulletin` line of the first edition, but the one that serves until it is ended."""
    steps = [words for words in commands() if words[1] in {"init", "new"}]
    assert [words[1] for words in steps][:2] == ["init", "new"]
    house = tmp_path / steps[0][2]
    assert CliRunner().invoke(main, ["init", str(house)]).exit_code == 0
    for words in (steps[1], ["bulletin", "check"], ["bulletin", "build"]):
        result = CliRunner().invoke(main, ["-C", str(house), *words[1:]])
        assert words[1] == "check" or result.exit_code == 0, result.output


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]+)", document.read_text())
    assert not [target for target in targets if not (document.parent / target).exists()]
