"""Building asks nothing of the network: not the first time, with every template compiled, nor the second."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.editions import EVERYTHING, ROOT
from tests.no_network import FORBIDDEN


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.no_network", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def house(tmp_path: Path) -> str:
    return str(shutil.copytree(EVERYTHING, tmp_path / "house"))


def test_a_build_with_cold_and_with_warm_caches_opens_no_socket(house: str) -> None:
    for _ in range(2):
        done = run("--directory", house, "build")
        assert done.returncode == 0, done.stdout + done.stderr
    assert (Path(house) / "out" / "weekly" / "2025-01-14" / "all.html").is_file()


def test_a_socket_would_be_noticed() -> None:
    """The control."""
    assert run("control").returncode == FORBIDDEN
