"""Ten years of a weekly update: our build beside Hugo's, in turns, on the same words and comparable templates.

BENCH_EDITIONS=2000 measures another number of editions, BENCH_ROUNDS=3 more turns.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from bench import Figure
from bench._years import LAST, days, edit, edit_hugo, write_edition, write_hugo, write_hugo_edition, write_years

EDITIONS = int(os.environ.get("BENCH_EDITIONS", "450"))
SMALL = 52
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
HUGO = shutil.which("hugo") or "hugo"
INSTALLED = {"PYTHONHASHSEED": "", "PYTHONDONTWRITEBYTECODE": ""}  # as installed, the program lies there compiled
NOW = "2027-01-01T09:00"  # after every edition that is added


@dataclass(frozen=True, slots=True)
class Took:
    """`cpu`: of all processes together. `mib`: of the largest one."""

    seconds: float
    cpu: float
    mib: float


def measured(command: list[str], folder: Path) -> Took:
    """On a disk that has nothing else to write: a week lies between two builds, and neither pays for the other's."""
    os.sync()
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env={**os.environ, **INSTALLED})
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def ours(house: Path) -> Took:
    program = Path(sys.executable).with_name("bulletin")  # as installed
    command = [str(program), "-C", str(house), "build", "--archive", "--now", NOW]
    return measured(command, Path(__file__).parent.parent)


def hugo(site: Path) -> Took:
    return measured([HUGO, "--quiet"], site)


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="bulletin-bench-") as folder:
        yield from _run(Path(folder))


def _run(folder: Path) -> Iterator[Figure]:
    house, site = write_years(folder / "ours", EDITIONS), write_hugo(folder / "hugo", EDITIONS)
    small = write_years(folder / "small", SMALL)
    took: dict[str, list[tuple[Took, Took]]] = {}
    changed: list[tuple[int, int]] = []
    for turn in range(ROUNDS):
        for left in (house / "site", house / ".site.spare", house / "var", site / "public"):
            shutil.rmtree(left, ignore_errors=True)
        took.setdefault("cold", []).append((ours(house), hugo(site)))
        shutil.rmtree(small / "var", ignore_errors=True)
        shutil.rmtree(small / "site", ignore_errors=True)
        took.setdefault("small", []).append((ours(small), ours(small)))
        took.setdefault("nothing", []).append((ours(house), hugo(site)))
        for name, change in _changes(house, site, turn).items():
            before = _times(house / "site") if name == "added" else {}
            change()
            time.sleep(0.2)  # as a person would: files that are milliseconds old are looked at twice
            took.setdefault(name, []).append((ours(house), hugo(site)))
            if name == "added":
                changed.append(_changed(before, _times(house / "site")))
    yield from _figures(took, changed)


def _changes(house: Path, site: Path, turn: int) -> dict[str, Callable[[], None]]:
    day, old = LAST + timedelta(weeks=turn + 1), days(EDITIONS)[EDITIONS // 2 + turn]

    def add() -> None:
        write_edition(house, day)
        write_hugo_edition(site, day)

    def change() -> None:
        edit(house, old, f"Correction number {turn}.")
        edit_hugo(site, old, f"Correction number {turn}.")

    return {"added": add, "edited": change}


def _times(site: Path) -> dict[str, tuple[int, int]]:
    return {str(p.relative_to(site)): ((s := p.stat()).st_ino, s.st_size) for p in site.rglob("*") if p.is_file()}


def _changed(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """How many files are new or others, and their bytes."""
    found = [size for path, (inode, size) in after.items() if before.get(path) != (inode, size)]
    return len(found), sum(found)


def _figures(took: dict[str, list[tuple[Took, Took]]], changed: list[tuple[int, int]]) -> Iterator[Figure]:
    def ratio(name: str) -> tuple[float, str]:
        mine, peer = (median(pair[n].seconds for pair in took[name]) for n in (0, 1))
        cpu = [median(pair[n].cpu for pair in took[name]) for n in (0, 1)]
        return peer / mine, f"{mine:.2f} s against {peer:.2f} s; processor {cpu[0]:.2f} s against {cpu[1]:.2f} s"

    for name, goal, what in (("added", 20, "one edition added"), ("edited", 30, "one item edited")):
        value, detail = ratio(name)
        yield Figure(f"{EDITIONS} editions, {what}: times as fast as Hugo", value, goal, detail=detail)
    cold, detail = ratio("cold")
    yield Figure(
        f"{EDITIONS} editions from nothing, with search: of Hugo's time", 1 / cold, 1.5, at_most=True, detail=detail
    )
    peaks = [max(pair[n].mib for pair in took["cold"]) for n in (0, 1)]
    yield Figure("… and of Hugo's memory", peaks[0] / peaks[1], 1 / 3, at_most=True, detail=f"{peaks[0]:.0f} MiB")
    small = median(pair[0].seconds for pair in took["small"]) / SMALL
    large = median(pair[0].seconds for pair in took["cold"]) / EDITIONS
    yield Figure("… and an edition's share beside that of 52 editions", large / small, 1.2, at_most=True)
    nothing = median(pair[0].seconds for pair in took["nothing"])
    yield Figure(f"{EDITIONS} editions, nothing changed", nothing, 0.5, " s", at_most=True)
    peak = max(pair[0].mib for name in ("added", "edited") for pair in took[name])
    yield Figure("memory of an edition added, or an item edited", peak, 150, "MiB", at_most=True)
    yield Figure("files that a week changes", max(count for count, _ in changed), 120, "", at_most=True)
    yield Figure("… and their size", max(size for _, size in changed) / 1e6, 3, "MB", at_most=True)
