"""`bulletin staff`: who may work at the desk, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from desk.cli import main

TOML = """[publisher]
name = "County"
address = "County Hall"
url = "https://news.county.example"
email = "news@county.example"
[audiences]
[bulletins.weekly]
name = "Weekly"
sections = [{ id = "news", title = "News", kinds = ["news"] }]
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "bulletin.toml").write_text(TOML, "utf-8")
    return tmp_path


def run(house: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(house), "staff", *words])


def test_somebody_who_is_let_in_gets_a_link_and_is_listed(house: Path) -> None:
    added = run(house, "add", "Ann@County.Example", "--role", "editor", "--name", "Ann")
    assert added.output.startswith("https://news.county.example/desk/sign-in/"), added.output
    assert json.loads(run(house, "list", "--json").output)["staff"] == [
        {"address": "Ann@county.example", "name": "Ann", "role": "editor", "disabled": False}
    ]
    again = run(house, "add", "ann@county.example", "--role", "writer")
    assert again.exit_code and "works here already, as editor" in again.output


def test_the_last_administrator_can_neither_leave_nor_become_less(house: Path) -> None:
    run(house, "add", "ann@county.example", "--role", "administrator")
    for words in (("disable", "ann@county.example"), ("role", "ann@county.example", "writer")):
        refused = run(house, *words)
        assert refused.exit_code and "only administrator" in refused.output
    run(house, "add", "ben@county.example", "--role", "administrator")
    assert run(house, "disable", "ann@county.example").exit_code == 0
    assert "(disabled)" in run(house, "list").output
    assert "is disabled" in run(house, "link", "ann@county.example").output
    assert run(house, "enable", "ann@county.example").exit_code == 0
    assert run(house, "link", "ann@county.example").output.startswith("https://")


def test_a_word_that_is_no_role_or_address_is_refused_with_what_to_do(house: Path) -> None:
    assert run(house, "add", "ann@county.example", "--role", "boss").exit_code
    assert run(house, "add", "ann", "--role", "writer").exit_code
    assert "works here" in run(house, "role", "nobody@county.example", "writer").output
