"""A new process: `bulletin build` of one edition with its caches on disk, and `bulletin --help`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from bench import Figure, edition

ROUNDS = 7
KIB_A_MIB = 1024  # ru_maxrss is in KiB on Linux
COMMAND = [sys.executable, "-c", "from desk.cli import main; main()"]


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
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        took = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"bulletin {' '.join(arguments)} ended with {process.returncode}.")
    return took, used.ru_maxrss / KIB_A_MIB
