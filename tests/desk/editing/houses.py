"""A house of its own for whoever writes: the shipped content, copied, with a git history or without."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from desk.editing.versions import Author
from tests.editions import ROOT

NOW = datetime(2025, 1, 13, 9, tzinfo=UTC)
SAM = Author("Sam Example", "sam@example.org")


def copy_house(folder: Path) -> Path:
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "bulletin.toml", folder)
    return folder


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=By Hand", "-c", "user.email=hand@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def put_under_git(root: Path) -> Path:
    git(root, "init", "--quiet")
    with (root / ".gitignore").open("a") as ignored:
        ignored.write("var/\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "The house")
    return root
