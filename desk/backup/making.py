"""The house → one file: content, templates, settings, var/, and every row of the database as of one moment."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import make_url

import db
from db import portable
from desk.backup.errors import BackupError
from desk.backup.sealing import Sealer
from desk.keeping import read_keeping
from desk.settings import Settings

FORMAT = 1
FIRST, LAST = "bulletin-backup.json", "checksums.json"
PARTS = ("bulletin.toml", "content", "templates", "var")
# Made again from the rest, or true only while a program runs.
LEFT_OUT = ("var/cache/", "var/archive/", "var/takedowns/", "var/demo/", "var/old-list.csv")
LEFT_OUT_ENDS = (".lock", ".partial", ".pid", "-wal", "-shm")


@dataclass(slots=True)
class Made:
    file: Path
    files: int = 0
    rows: int = 0
    sums: dict[str, list[Any]] = field(default_factory=dict)
    sealed: bool = False


def make(settings: Settings, file: Path, *, now: datetime, passphrase: str = "") -> Made:
    """`file` is whole or not there at all, and readable by nobody else. Sendings go on meanwhile. Raises BackupError."""
    file = file.absolute()
    _refuse_inside(settings.root, file)
    made = Made(file, sealed=bool(passphrase))
    partial = file.with_name(f".{file.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            _write(settings, out, made, now, passphrase)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}. There is no new backup.") from error
    finally:
        partial.unlink(missing_ok=True)
    return made


def _refuse_inside(root: Path, file: Path) -> None:
    inside = file.resolve().is_relative_to(root.resolve())
    if inside and any(file.resolve().is_relative_to((root / part).resolve()) for part in (*PARTS, "site", "out")):
        raise BackupError(f"{file} lies in what is backed up. Name a file outside of the house, best on another disk.")
    if not file.parent.is_dir():
        raise BackupError(f"There is no folder {file.parent}. Is the disk there?")


def _write(settings: Settings, out: IO[bytes], made: Made, now: datetime, passphrase: str) -> None:
    sink: Any = Sealer(out, passphrase) if passphrase else out
    with (
        gzip.GzipFile("", "wb", 3, sink, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        engine = db.open_database(read_keeping(settings).database, root=settings.root)
        try:
            db.migrate(engine)
            with db.reading(engine) as connection:
                counters = portable.counters_out(connection)  # the first question: this is the moment of the backup
                about = {"format": FORMAT, "made": now.isoformat(), "schema": portable.revision()}
                _add(tar, made, FIRST, json.dumps({**about, "counters": counters}).encode())
                for name in portable.names():
                    _add_rows(tar, made, f"database/{name}.jsonl", portable.rows_out(connection, name))
        finally:
            engine.dispose()
        for path in _files(settings, _database_file(settings)):
            _add_file(tar, made, settings.root, path)
        _add(tar, made, LAST, json.dumps(made.sums).encode())
    if passphrase:
        sink.close()


def _database_file(settings: Settings) -> str:
    """Its rows are in the backup, as of one moment; a copy of the file would be as of none."""
    url = make_url(read_keeping(settings).database)
    return str(url.database) if url.get_backend_name() == "sqlite" else ""


def _files(settings: Settings, database: str) -> Iterator[Path]:
    for part in PARTS:
        place = settings.root / part if part != "bulletin.toml" else settings.file
        if place.is_file():
            yield place
        for folder, _, names in sorted(os.walk(place, followlinks=True)):
            for name in sorted(names):
                told = (Path(folder) / name).relative_to(settings.root).as_posix()
                if not told.startswith(LEFT_OUT) and not told.endswith(LEFT_OUT_ENDS) and told != database:
                    yield Path(folder) / name


def _add_file(tar: tarfile.TarFile, made: Made, root: Path, path: Path) -> None:
    """Read whole at once: a file that is being written is taken as it is at that instant. One that has just gone is left out."""
    try:
        raw, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError:
        return
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else "bulletin.toml"
    _add(tar, made, f"house/{name}", raw, mode & 0o777, int(path.stat().st_mtime) if path.exists() else 0)
    made.files += 1


def _add(tar: tarfile.TarFile, made: Made, name: str, raw: bytes, mode: int = 0o600, mtime: int = 0) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(raw), mode, mtime
    made.sums[name] = [hashlib.sha256(raw).hexdigest(), len(raw)]
    tar.addfile(entry, io.BytesIO(raw))


def _add_rows(tar: tarfile.TarFile, made: Made, name: str, lines: Iterable[bytes]) -> None:
    """A tar wants to know a size first, and a million rows do not belong in memory: they wait in a file without a name."""
    with tempfile.TemporaryFile() as waiting:
        digest, count = hashlib.sha256(), -1  # the first line names the columns
        for line in lines:
            waiting.write(line)
            digest.update(line)
            count += 1
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = waiting.tell(), 0o600
        waiting.seek(0)
        made.sums[name] = [digest.hexdigest(), entry.size]
        made.rows += count
        tar.addfile(entry, waiting)
