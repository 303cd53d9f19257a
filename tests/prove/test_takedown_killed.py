"""A takedown that is killed at any step: what was taken back never comes back, and the same command finishes the work."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk.sending_house import Desk, make_house
from tests.desk.test_takedown import FILE, STORY, TITLE, take, traces
from tests.editions import ROOT

pytestmark = pytest.mark.prove


KILLED = """
import os, signal, sys
when, calls = int(sys.argv.pop(1)), 0
def watch(event, arguments):
    global calls
    if event in {"os.rename", "os.remove", "shutil.rmtree", "os.mkdir"} and "var/cache" not in str(arguments) and ".site.new" not in str(arguments):
        calls += 1
        if calls == when:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
from desk.cli import main
main()
"""


def test_killed_at_any_step_the_same_command_finishes(tmp_path: Path) -> None:
    whole = make_house(tmp_path / "whole")
    Desk(whole).ok("build", "--now", "2025-01-22T09:00")
    killed = 0
    for when in (*range(1, 10), 15, 25, 45, 90, 150, 10_000):
        house = tmp_path / f"house-{when}"
        shutil.copytree(whole, house)
        words = ["--directory", str(house), "takedown", STORY, "--reason", "x", "--yes"]
        run = subprocess.run(
            [sys.executable, "-c", KILLED, str(when), *words], cwd=ROOT, capture_output=True, check=False
        )
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        killed += 1
        done = take(Desk(house), STORY if (house / FILE).exists() else "/items/reading-den/")
        assert done["complete"], (when, done)
        assert not traces(house, TITLE.encode(), b"reading-den")
        shutil.rmtree(house)
    assert run.returncode == 0 and killed > 10
