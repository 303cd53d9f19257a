"""History in git: each save is a commit of that file alone, by the person who saved. What others have staged stays staged."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from desk.editing.versions import Author, Version

TIMEOUT_SECONDS = 20
TRIES, PAUSE_SECONDS = 4, 0.15  # somebody who commits by hand holds the index for an instant
FOUND = "Text found on the disk"
MOST_VERSIONS = 200
log = logging.getLogger("bulletin.desk")


def is_kept_in_git(root: Path) -> bool:
    """The house is in a working tree, and its content is not ignored there."""
    inside = _git(root, "rev-parse", "--is-inside-work-tree")
    return inside == "true\n" and _run(root, "check-ignore", "--quiet", "content", literal=False) is None


def holding(root: Path, files: Iterable[str]) -> tuple[str, ...]:
    """The commits, on any branch, in which one of these files was written or taken away, the newest first."""
    told = _git(root, "log", "--all", "--format=%h", "--", *files)
    return tuple((told or "").split())


@dataclass(frozen=True, slots=True)
class Git:
    root: Path

    def found(self, paths: Iterable[Path], now: datetime) -> None:
        dirty = [path for path in paths if path.exists() and self.differing([path])]
        if dirty:
            self._commit(dirty, whoever(self.root) or NOBODY, FOUND, now)

    def differing(self, paths: Iterable[Path]) -> tuple[str, ...]:
        """Those that are not in git as they are on the disk."""
        names = map(self._name, paths)
        return tuple(name for name in names if self._says("status", "--porcelain", "--", name))

    def keep(self, paths: Iterable[Path], author: Author, what: str, now: datetime) -> None:
        self._commit(list(paths), author, what, now)

    def of(self, path: Path) -> list[Version]:
        form = "--format=%H%x00%aI%x00%an%x00%s"
        out = self._says("log", "--follow", f"-{MOST_VERSIONS}", form, "--", self._name(path)) or ""
        return [_version(line) for line in out.splitlines() if line.count("\0") == 3]

    def text(self, path: Path, version: str) -> bytes | None:
        if version not in {one.id for one in self.of(path)}:
            return None
        name = self._name_then(path, version)
        return _run(self.root, "show", f"{version}:{name}") if name else None

    def _name_then(self, path: Path, version: str) -> str:
        """A file that was renamed since has another name in that commit."""
        out = (
            self._says("log", "--follow", "--format=%x00%H", "--name-only", "--diff-filter=d", "--", self._name(path))
            or ""
        )
        for part in out.split("\0")[1:]:
            commit, *names = part.split()
            if commit == version and names:
                return names[-1]
        return ""

    def _commit(self, paths: list[Path], author: Author, what: str, now: datetime) -> None:
        """What git does not take now stays in the file, and goes with the next save."""
        names = [self._name(path) for path in paths if path.exists() or self._says("ls-files", "--", self._name(path))]
        if not names:
            return
        who = f"user.name={author.name}", f"user.email={author.address}"
        settings = [word for pair in (*who, "commit.gpgsign=false") for word in ("-c", pair)]
        for attempt in range(TRIES):
            time.sleep(PAUSE_SECONDS * attempt)
            added = self._says("add", "--intent-to-add", "--", *[n for n in names if (self.root / n).exists()])
            commit = ("commit", "--quiet", "--no-verify", "--only", f"--date={now.isoformat()}", "-m", what)
            if added is not None and _git(self.root, *settings, *commit, "--", *names) is not None:
                return
            if not any(self._says("status", "--porcelain", "--", name) for name in names):
                return  # nothing differs from what was kept before
        log.warning("git kept no version of %s; the file itself is written", ", ".join(names))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _says(self, *words: str) -> str | None:
        return _git(self.root, *words)


NOBODY = Author("Unknown", "unknown@localhost")


def whoever(root: Path) -> Author | None:
    """Whoever this machine's git says; a text that was found has no other author."""
    name, address = (_git(root, "config", key) or "" for key in ("user.name", "user.email"))
    if not name.strip() and not address.strip():
        return None
    return Author(name.strip() or NOBODY.name, address.strip() or NOBODY.address)


def _version(line: str) -> Version:
    commit, at, by, what = line.split("\0")
    return Version(commit, datetime.fromisoformat(at), by, "" if what == FOUND else what)


def _git(root: Path, *words: str) -> str | None:
    out = _run(root, *words)
    return None if out is None else out.decode("utf-8", "replace")


def _run(root: Path, *words: str, literal: bool = True) -> bytes | None:
    """What it printed; None when it failed, or is not there. `literal`: a star in a file's name is a star."""
    # A hook that started us may have pointed git at another repository.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": str(int(literal))}
    command = ["git", "-c", "core.quotePath=false", *words]
    try:
        done = subprocess.run(command, cwd=root, env=clean, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
