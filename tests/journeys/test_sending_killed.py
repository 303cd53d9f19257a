"""kill -9 wherever it hurts: nobody twice, nobody lost, and the totals add up. The matrix of system calls is in tests/prove."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.desk.sending_house import DAY, NAME, NOW, Desk, Inbox, make_house, over_smtp, receiving
from tests.editions import ROOT

CONNECTIONS = 4
SEND = ("send", "weekly", DAY, "--yes", "--now", NOW)
# Of each sort, places drawn at random; the matrix of hundreds is a proof of its own.
KILLS = 20


@pytest.fixture
def desk(tmp_path: Path, server: tuple[Inbox, int], database_url: str) -> Desk:
    """The whole archive is still to be published: those moments are deadly too."""
    environ = {**over_smtp(server[1]), "BULLETIN__DB__URL": database_url}
    return Desk(make_house(tmp_path / "house", published=False), environ)


def nobody_twice_nobody_lost(desk: Desk, inbox: Inbox, readers: int, in_doubt: int) -> None:
    time.sleep(0.05)  # the server reads what a dead sender left on the wire
    counts = desk.status(NAME)
    copies = Counter(address for address, _ in inbox.letters)
    assert max(copies.values()) == 1
    assert counts["recipients"] == readers
    assert counts["accepted"] + counts["in_doubt"] == readers
    assert counts["in_doubt"] <= in_doubt
    doubted = {person["address"] for person in desk.json("status", "--list", "in_doubt")["people"]}
    everyone = {person["address"] for person in desk.json("status", "--list", "accepted")["people"]} | doubted
    assert len(everyone) == readers and everyone - doubted <= copies.keys()


def test_a_sender_killed_again_and_again_at_any_moment_sends_each_letter_once(desk: Desk, inbox: Inbox) -> None:
    desk.import_list(400)
    chance = random.Random(20250114)
    kills = 0
    while kills < KILLS:
        goal = len(inbox.letters) + chance.randrange(1, 20)
        sender = desk.start(*SEND, BULLETIN__DELIVERY__RATE="300")
        while len(inbox.letters) < goal and sender.poll() is None:
            time.sleep(0.003)
        time.sleep(chance.random() / 100)
        was_alive = sender.poll() is None
        sender.kill()
        _, said = sender.communicate()
        assert was_alive, said
        kills += 1
    desk.run(*SEND)
    nobody_twice_nobody_lost(desk, inbox, 400, KILLS * CONNECTIONS)


def victim(desk: Desk, how: str, what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.journeys.victim", how, what, "--directory", str(desk.house), *SEND]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **desk.environ}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every line between the command and the last word in the ledger, as one undisturbed sending reached it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with receiving() as (_, port):
        desk = Desk(make_house(folder / "house", published=False), over_smtp(port))
        desk.import_list(6)
        done = victim(desk, "record", str(folder / "lines"))
        assert done.returncode == 0, done.stderr
    return (folder / "lines").read_text().split()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_killed_between_any_two_lines_the_same_command_goes_on(
    desk: Desk, inbox: Inbox, lines: list[str], tmp_path: Path
) -> None:
    assert len(lines) > 300
    desk.import_list(6)
    for number, line in enumerate(random.Random(2025).sample(lines, KILLS)):
        inbox.letters.clear()
        one = replace(desk, house=tmp_path / str(number), environ={**desk.environ})
        shutil.copytree(desk.house, one.house)
        one.environ["BULLETIN__DB__URL"] = f"sqlite:///{one.house}/bulletin.db"
        shutil.copy(desk.environ["BULLETIN__DB__URL"].removeprefix("sqlite:///"), one.house / "bulletin.db")
        killed = victim(one, "kill", line)
        assert killed.returncode == -9, (line, killed.stderr)
        one.run(*SEND)
        nobody_twice_nobody_lost(one, inbox, 6, CONNECTIONS)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_letter_that_lies_in_the_folder_is_no_longer_in_doubt(desk: Desk) -> None:
    desk.import_list(6)
    desk.environ["BULLETIN__DELIVERY__TRANSPORT"] = "folder"
    folder = ROOT / "delivery" / "folder.py"
    lines = folder.read_text().split("\n")
    (settled,) = [
        number for number, line in enumerate(lines, 1) if "work.settle(parcel, Outcome(State.ACCEPTED" in line
    ]
    assert victim(desk, "kill", f"{folder}:{settled}").returncode == -9  # renamed into place, and not yet written down
    desk.ok(*SEND)
    assert desk.status(NAME)["accepted"] == 6
    assert len(list((desk.house / "var" / "outbox" / "new").iterdir())) == 6
