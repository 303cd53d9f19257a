"""A backup's file → a folder that holds all of it, every byte compared with its checksum before anything else is touched."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from db.versions import known_revisions
from desk.backup.errors import BackupError
from desk.backup.making import FIRST, FORMAT, LAST, PARTS
from desk.backup.sealing import Opener, is_sealed

BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Staged:
    folder: Path
    made: datetime
    schema: str
    counters: dict[str, int]

    @property
    def house(self) -> Path:
        return self.folder / "house"

    def lines(self, table: str) -> Iterator[bytes]:
        with (self.folder / "database" / f"{table}.jsonl").open("rb") as file:
            yield from file

    @property
    def tables(self) -> frozenset[str]:
        return frozenset(path.stem for path in (self.folder / "database").glob("*.jsonl"))


def stage(file: Path, folder: Path, passphrase: str = "") -> Staged:
    """Unpacks into `folder`, which must not be there yet. Raises BackupError; then the folder is gone again."""
    folder.mkdir(mode=0o700, parents=True)
    try:
        with file.open("rb") as source:
            sums = _unpack(_opened(source, passphrase), folder)
        return _checked(folder, sums)
    except BackupError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (
        OSError,
        EOFError,
        tarfile.TarError,
        zlib.error,
        gzip.BadGzipFile,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BackupError(f"{file} is no whole backup ({error}). Nothing was changed.") from error


def _opened(source: IO[bytes], passphrase: str) -> Any:
    if not is_sealed(source):
        return source
    if not passphrase:
        raise BackupError("This backup is sealed. Give the file that holds its passphrase: --passphrase-file FILE")
    return Opener(source, passphrase)


def _unpack(source: Any, folder: Path) -> dict[str, list[Any]]:
    """What each member holds, as it was read. Only plain files, only where a backup has some."""
    found: dict[str, list[Any]] = {}
    with gzip.GzipFile(fileobj=source) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
        for entry in tar:
            place = PurePosixPath(entry.name)
            inside = place.parts[:1] == ("database",) or (
                place.parts[:1] == ("house",) and place.parts[1:2] and place.parts[1] in PARTS
            )
            if (
                not entry.isreg()
                or ".." in place.parts
                or place.is_absolute()
                or not (inside or entry.name in (FIRST, LAST))
            ):
                raise BackupError(f'"{entry.name}" does not belong in a backup. Nothing was changed.')
            found[entry.name] = _unpack_one(tar, entry, folder / place)
        while packed.read(BLOCK):  # its last bytes tell whether all came before them
            pass
    return found


def _unpack_one(tar: tarfile.TarFile, entry: tarfile.TarInfo, to: Path) -> list[Any]:
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size, held = hashlib.sha256(), 0, tar.extractfile(entry)
    assert held
    with to.open("xb") as out:
        while block := held.read(BLOCK):
            out.write(block)
            digest.update(block)
            size += len(block)
    to.chmod(entry.mode & 0o777 | 0o600)
    return [digest.hexdigest(), size]


def _checked(folder: Path, found: dict[str, list[Any]]) -> Staged:
    told = json.loads((folder / LAST).read_bytes())
    found.pop(LAST)
    if told != found:
        wrong = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
        raise BackupError(f"The backup is damaged: {', '.join(wrong[:5])}. Nothing was changed.")
    about = json.loads((folder / FIRST).read_bytes())
    if about["format"] != FORMAT or about["schema"] not in known_revisions():
        raise BackupError(
            f"The backup was made by a newer version of Bulletin (schema {about['schema']}; this one knows up to "
            f"{known_revisions()[-1]}). Install that version. Nothing was changed."
        )
    return Staged(folder, datetime.fromisoformat(about["made"]), about["schema"], about["counters"])
