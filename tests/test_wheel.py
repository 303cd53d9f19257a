"""What is installed works by itself: no file of the repository is needed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_unpacked_wheel_makes_a_house_and_builds_it_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    zipfile.ZipFile(wheel).extractall(unpacked)
    # -S: no site packages and so no editable install; the dependencies come back by path.
    environment = {**os.environ, "PYTHONPATH": f"{unpacked}:{sysconfig.get_path('purelib')}"}

    def bulletin(*words: str, cwd: Path = tmp_path) -> None:
        command = [sys.executable, "-S", "-m", "desk.cli", *words]
        subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True)

    bulletin("init", "house")
    bulletin("build", cwd=tmp_path / "house")
    assert (tmp_path / "house" / "site" / "index.html").is_file()
    assert list((tmp_path / "house" / "out").rglob("all.eml"))


def test_the_wheel_carries_no_test_and_no_content_of_this_house(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("tests/", "bench/", "content/", "docs/"))]


@pytest.mark.prove
def test_pip_installs_the_wheel_into_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=True)
    programs = tmp_path / "empty" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", wheel], check=True)
    subprocess.run([programs / "bulletin", "init", "house"], cwd=tmp_path, check=True)
    subprocess.run([programs / "bulletin", "build"], cwd=tmp_path / "house", check=True)
    subprocess.run([programs / "bulletin", "check"], cwd=tmp_path / "house", check=True)
