"""History where there is no git: each version is a small file in var/history, beside a line that says who and when."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from desk.editing.versions import Author, Version

NOBODY = Author("", "")
_ID = re.compile(r"\d{6}-[0-9a-f]{10}")


@dataclass(frozen=True, slots=True)
class Kept:
    root: Path

    def found(self, paths: Iterable[Path], now: datetime) -> None:
        for path in paths:
            if path.exists() and self._newest(path) != path.read_bytes():
                self._write(path, NOBODY, "", now)

    def keep(self, paths: Iterable[Path], author: Author, what: str, now: datetime) -> None:
        for path in paths:
            self._write(path, author, what, now)

    def of(self, path: Path) -> list[Version]:
        found = (_read(file) for file in self._files(path))
        return [version for version in found if version]

    def text(self, path: Path, version: str) -> bytes | None:
        file = self._folder(path) / f"{version}.md"
        return file.read_bytes() if _ID.fullmatch(version) and file.is_file() else None

    def _folder(self, path: Path) -> Path:
        return self.root / "var" / "history" / path.relative_to(self.root)

    def _files(self, path: Path) -> list[Path]:
        folder = self._folder(path)
        return sorted(folder.glob("*.json"), reverse=True) if folder.is_dir() else []

    def _newest(self, path: Path) -> bytes | None:
        return next((file.with_suffix(".md").read_bytes() for file in self._files(path)), None)

    def _write(self, path: Path, author: Author, what: str, now: datetime) -> None:
        """A file that was taken away leaves a line without a text."""
        raw = path.read_bytes() if path.exists() else b""
        folder = self._folder(path)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{len(self._files(path)) + 1:06}-{sha256(raw).hexdigest()[:10]}"
        (folder / f"{name}.md").write_bytes(raw)
        line = {"at": now.isoformat(), "by": author.name, "what": what}
        (folder / f"{name}.json").write_text(json.dumps(line, ensure_ascii=False), "utf-8")


def _read(file: Path) -> Version | None:
    try:
        line = json.loads(file.read_text("utf-8"))
        return Version(file.stem, datetime.fromisoformat(line["at"]), line["by"], line["what"])
    except (OSError, ValueError, KeyError):
        return None
