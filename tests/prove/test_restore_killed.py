"""Kill -9 at many points of a restore: the house is the old one or the new one, or says that it has to be finished."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk.sending_house import Desk, make_house
from tests.desk.test_backup import HEAD, files, shown
from tests.editions import ROOT

pytestmark = pytest.mark.prove
EDITED = "content/weekly/2025-01-14/calm-starts.md"

KILLED = """
import os, signal, sys
when, calls = int(sys.argv.pop(1)), 0
def watch(event, arguments):
    global calls
    watched = event in {"os.rename", "os.remove", "os.mkdir", "os.rmdir"} or (event == "open" and ".bulletin-restore" in str(arguments))
    if watched or event.startswith("sqlite3.connect"):
        calls += 1
        if calls == when:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
import atexit
atexit.register(lambda: print(f"calls={calls}", file=sys.stderr))
from desk.cli import main
main()
"""


def killed_at(when: int, house: Path, backup: Path) -> subprocess.CompletedProcess[bytes]:
    words = ["--directory", str(house), "restore", str(backup), "--yes"]
    return subprocess.run([sys.executable, "-c", KILLED, str(when), *words], cwd=ROOT, capture_output=True, check=False)


def test_killed_anywhere_it_is_the_old_house_or_the_new_one_or_says_so(tmp_path: Path) -> None:
    whole = Desk(make_house(tmp_path / "whole"))
    whole.subscribe({HEAD: "primary,head"})
    backup = tmp_path / "house.backup"
    whole.ok("backup", str(backup))
    restored = files(whole.house)
    (whole.house / EDITED).write_text("edited since")
    whole.ok("subscribers", "remove", HEAD)
    living = files(whole.house)
    whole_run = killed_at(10**6, shutil.copytree(whole.house, tmp_path / "counted"), backup)
    calls = int(whole_run.stderr.decode().rpartition("calls=")[2])
    seen = {look_at(when, tmp_path, whole.house, backup, living, restored) for when in chosen(calls)}
    assert seen == {"old", "cut off", "new"}, (seen, calls)


def chosen(calls: int) -> list[int]:
    """A few from the unpacking, more from the end, where names change."""
    return sorted({*range(1, calls, calls // 5), *range(max(1, calls - 12), calls), *range(calls - 70, calls - 12, 4)})


def look_at(
    when: int, folder: Path, whole: Path, backup: Path, living: dict[str, bytes], restored: dict[str, bytes]
) -> str:
    house = shutil.copytree(whole, folder / f"house-{when}")
    assert killed_at(when, house, backup).returncode == -signal.SIGKILL
    if "cut off" in Desk(house).run("subscribers", "show", HEAD).output:
        found = "cut off"
    else:
        there = files(house)
        assert there in (living, restored), when
        found = "old" if there == living else "new"
    Desk(house).ok("restore", str(backup), "--yes")
    assert files(house) == restored, when
    assert all(one["ended_at"] for one in shown(Desk(house), HEAD)["subscriptions"])
    shutil.rmtree(house)
    return found
