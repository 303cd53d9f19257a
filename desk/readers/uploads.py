"""Old lists that somebody has uploaded: kept in var/imports until they are applied, put aside, or a day old."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.utils import secure_filename

from desk.readers.importing import listing, staged_import
from desk.readers.register import Register
from subscribers.formats.tables import read_table
from subscribers.model import SubscribersError

KEPT = timedelta(days=1)
EXAMPLES = 10  # of each outcome
MOST_FILES = 20
MOST_COLUMNS = 60  # that are offered for a mapping
OUTCOMES = ("new", "existing", "joined", "suppressed", "held", "unreadable")
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """What was uploaded, and the plan as it was last shown."""

    key: str
    folder: Path
    source: str
    bulletin: str
    files: tuple[str, ...]
    by: str
    at: str
    maps: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    digest: str = ""
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        return [self.folder / "files" / name for name in self.files]


def keep(
    folder: Path, files: Iterable[FileStorage], *, source: str, bulletin: str, by: str, now: datetime
) -> Upload | None:
    """The files under their own names (a Mailchimp export tells by its name who has left); None when there are none."""
    forget_old(folder, now)
    key = secrets.token_hex(16)
    place = folder / key / "files"
    kept: list[str] = []
    for number, file in enumerate(files):
        if not file.filename or number >= MOST_FILES:
            continue
        name = secure_filename(Path(file.filename.replace("\\", "/")).name) or f"list-{number}.csv"
        name = name if name not in kept else f"{number}-{name}"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.save(place / name)
        kept.append(name)
    return Upload(key, folder / key, source, bulletin, tuple(kept), by, now.isoformat()) if kept else None


def look(folder: Path, key: str) -> Upload | None:
    """An upload as it was last written down."""
    if not _KEY.fullmatch(key):
        return None
    try:
        values = json.loads((folder / key / "upload.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    for name in ("files", "maps", "columns"):
        values[name] = tuple(values[name])
    return Upload(folder=folder / key, **values)


def plan(register: Register, upload: Upload) -> Upload:
    """What would become of everybody, with examples; written down, so that looking again costs nothing. Changes nothing.

    Raises SubscribersError with every problem.
    """
    with staged_import(register, upload.paths, source=upload.source, bulletin=upload.bulletin, maps=upload.maps) as (
        staged,
        made,
    ):
        examples = {name: _first(listing(staged, name)) for name in OUTCOMES}
    columns = upload.columns or _columns(upload.paths)
    planned = replace(upload, counts=made.counts, digest=made.digest, examples=examples, columns=columns)
    _write(planned)
    return planned


def _first(rows: Generator[dict[str, Any]]) -> list[dict[str, Any]]:
    with closing(rows):  # which ends the snapshot that listing took
        return list(islice(rows, EXAMPLES))


def _columns(paths: Iterable[Path]) -> tuple[str, ...]:
    """The names of all columns, for whoever says which of them tells an audience."""
    found: dict[str, None] = {}
    for path in paths:
        try:
            headers = read_table(path).headers
        except SubscribersError:
            continue
        found |= dict.fromkeys(header.strip() for header in headers if header.strip())
    return tuple(found)[:MOST_COLUMNS]


def _write(upload: Upload) -> None:
    values = {name: value for name, value in asdict(upload).items() if name != "folder"}
    (upload.folder / "upload.json").write_text(json.dumps(values, ensure_ascii=False), "utf-8")


def forget(upload: Upload) -> None:
    shutil.rmtree(upload.folder, ignore_errors=True)


def forget_all(folder: Path) -> None:
    """Somebody is erased: no list that is still lying here may bring them back."""
    shutil.rmtree(folder, ignore_errors=True)


def forget_old(folder: Path, now: datetime) -> None:
    """Lists of people are not left lying about."""
    if not folder.is_dir():
        return
    for each in folder.iterdir():
        if each.stat().st_mtime < (now - KEPT).timestamp():
            shutil.rmtree(each, ignore_errors=True)
