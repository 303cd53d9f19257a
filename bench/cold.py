"""A new process: `bulletin build` of one edition with its caches on disk, and `bulletin --help`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import Figure, edition

ROUNDS = 7
# The kernel's getrusage counts what the parent held before the program began, so the child reads its own peak.
PROGRAM = """
import atexit, sys
peak = lambda: open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
atexit.register(lambda: print(peak(), file=sys.stderr))
from desk.cli import main
main()
"""


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        house = edition.write_house(Path(folder) / "house")
        build = ["--directory", str(house), "build", "weekly", edition.DAY]
        first, _ = timed(build)
        builds, helps = zip(*[(timed(build), timed(["--help"])) for _ in range(ROUNDS)], strict=True)
    seconds, peaks = zip(*builds, strict=True)
    detail = f"letters and site; {first:.2f} s the first time"
    yield Figure("bulletin build, new process", median(seconds), 0.3, " s", at_most=True, detail=detail)
    yield Figure("bulletin build, memory", median(peaks), 60, " MiB", at_most=True)
    yield Figure("bulletin --help", median(s for s, _ in helps), 0.15, " s", at_most=True)


def timed(arguments: list[str]) -> tuple[float, float]:
    """(seconds, peak MiB) of one command."""
    began = perf_counter()
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return perf_counter() - began, int(done.stderr.split()[-1]) / 1024
