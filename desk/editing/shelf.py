"""What was taken away or set aside lies on a shelf in var/, whole, until somebody wants it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from desk.editing import files
from desk.editing.history import Change, History, make
from desk.editing.versions import Author

Why = Literal["deleted", "set-aside"]
_ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")


class CannotPutBack(Exception):
    """Its place is taken, or it is not there any more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """`file`: where it stood, relative to the house."""

    id: str
    file: str
    title: str
    why: Why
    by: str
    at: str

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.at)


def delete(root: Path, history: History, path: Path, title: str, author: Author, what: str, now: datetime) -> Kept:
    """Call `put_back` to undo it. Raises NoSuchFile."""
    with files.alone(root):
        raw = files.read(path)
        if raw is None:
            raise files.NoSuchFile(files.name_of(root, path))
        kept = lay_aside(root, path, raw, title, "deleted", author, now)
        make(root, history, Change({path: None}, author, what), now)
    return kept


def lay_aside(root: Path, path: Path, raw: bytes, title: str, why: Why, author: Author, now: datetime) -> Kept:
    name = files.name_of(root, path)
    stamp = f"{now:%Y%m%dT%H%M%S%f}-{sha256(raw + name.encode()).hexdigest()[:8]}"
    kept = Kept(stamp, name, title, why, author.name, now.isoformat())
    files.put_all(
        {
            _folder(root) / f"{stamp}.md": raw,
            _folder(root) / f"{stamp}.json": json.dumps(asdict(kept), ensure_ascii=False).encode(),
        }
    )
    return kept


def put_back(root: Path, history: History, id: str, author: Author, what: str, now: datetime) -> Kept:
    """Raises CannotPutBack: never over another text."""
    with files.alone(root):
        kept, raw = next((one for one in on_shelf(root) if one.id == id), None), text(root, id)
        if kept is None or raw is None:
            raise CannotPutBack("gone")
        path = root / kept.file
        if path.exists():
            raise CannotPutBack("taken")
        make(root, history, Change({path: raw}, author, what), now)
        for end in (".md", ".json"):
            (_folder(root) / f"{id}{end}").unlink(missing_ok=True)
    return kept


def on_shelf(root: Path, under: str = "") -> list[Kept]:
    """The newest first. `under`: of one edition's folder only, as content/weekly/2025-01-14/."""
    found = sorted(_folder(root).glob("*.json"), reverse=True) if _folder(root).is_dir() else []
    return [kept for file in found for kept in _read(file) if kept.file.startswith(under)]


def text(root: Path, id: str) -> bytes | None:
    return files.read(_folder(root) / f"{id}.md") if _ID.fullmatch(id) else None


def _read(file: Path) -> Iterator[Kept]:
    try:
        yield Kept(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return


def _folder(root: Path) -> Path:
    return root / "var" / "shelf"
