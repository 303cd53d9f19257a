"""A small build is mostly start-up: what it does not use, it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desk.cli import COMMANDS, main
from tests.builder.written import item, write_house

WEEK = "weekly/2025-01-14"
UNASKED = {
    "sqlalchemy", "flask", "werkzeug", "pydantic", "cryptography", "alembic", "dns", "requests", "paramiko", "boto3",
    "PIL", "premailer", "mjml", "lxml", "icalendar", "feedparser", "feedgen",
    "dataclasses", "sqlite3", "email", "socket", "ssl", "http", "asyncio", "multiprocessing", "subprocess", "importlib.metadata", "csv",
    "builder.render", "builder.letters", "builder.skeleton", "builder.eml", "builder.preflight", "builder.archive.search.query",
    "desk.rounds", "desk.commands.sending", "desk.web", "delivery", "subscribers", "goodnews", "db",
}  # fmt: skip
OF_PAGES = {"jinja2", "markdown", "nh3", "tempfile", "logging", "builder.archive.units", "builder.archive.sheets"}


def loaded(house: Path) -> tuple[set[str], str]:
    """What a build loads, with the packages above, and what it says."""
    command = [sys.executable, "-X", "importtime", "-m", "desk.cli", "-C", str(house), "build", "--archive", "--now", "2025-01-20"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return names, done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_house(tmp_path_factory.mktemp("start") / "house", {f"{WEEK}/one.md": item("One", "Words.")})
    loaded(root)
    return root


def test_a_build_of_nothing_loads_nothing_that_makes_pages(house: Path) -> None:
    names, told = loaded(house)
    assert " 0 of them written" in told and "builder.archive.build" in names
    assert not (UNASKED | OF_PAGES) & names


def test_a_build_of_one_edit_loads_no_database_no_mail_and_no_pictures(house: Path) -> None:
    file = house / "content" / WEEK / "one.md"
    file.write_text(file.read_text("utf-8") + "\n1. More words.\n", "utf-8")
    names, told = loaded(house)
    assert " 0 of them written" not in told and names >= OF_PAGES
    assert not UNASKED & names


def test_every_command_is_where_the_list_says() -> None:
    with main.make_context("bulletin", ["--json"], resilient_parsing=True) as context:
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            assert command is not None and command.name == name and command.help
        assert main.get_command(context, "unknown") is None
    assert sorted(name for names in COMMANDS.values() for name in names) == main.list_commands(context)
