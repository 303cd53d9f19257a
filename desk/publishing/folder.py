"""A folder of this machine, or a share that is mounted: swapped in whole where that is possible."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EACCES, EBUSY, EINVAL, ENOTEMPTY, EPERM, EXDEV
from pathlib import Path

from builder.publish import drop_spare, opened_tree
from desk.publishing.target import RECORD, Seen, TargetError, TargetGone, differs, folders_of

# The folder itself cannot change its name here: a mount, or a parent folder that is not ours.
NO_SWAP = {EACCES, EBUSY, EINVAL, ENOTEMPTY, EPERM, EXDEV}


@dataclass(frozen=True, slots=True)
class Folder:
    site: Path
    to: Path

    @property
    def _record(self) -> Path:
        """Beside the folder, so that no web server shows it."""
        return self.to.with_name(f".{self.to.name}{RECORD}")

    def record(self) -> bytes | None:
        self._there()
        try:
            return self._record.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._gone(error) from error

    def keep_record(self, raw: bytes) -> None:
        try:
            _write(self._record, raw)
        except OSError as error:
            raise self._gone(error) from error

    def swap(self, files: Mapping[str, str], same: Collection[str]) -> dict[str, str] | None:
        """The whole site in one step; each file's mark. `same`: what is there already, as it should be.

        None where the folder cannot change its name.
        """
        held = {path: bytes.fromhex(hash_) for path, hash_ in files.items()}
        try:
            with opened_tree(self.to, {path: held[path] for path in same}) as tree:
                for path in held.keys() - same:
                    tree.put(path, (self.site / path).read_bytes())
                tree.swap(held, held.keys() - same)
            drop_spare(self.to)
            return {path: _mark(self.to / path) for path in files}
        except OSError as error:
            if error.errno in NO_SWAP:
                return None
            raise self._gone(error) from error

    def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        for path in paths:
            try:
                target = self.to / path
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(target, (self.site / path).read_bytes())
                yield path, _mark(target)
            except OSError as error:
                raise self._gone(error) from error

    def drop(self, paths: Sequence[str]) -> None:
        for path in paths:
            with suppress(OSError):
                (self.to / path).unlink(missing_ok=True)
                _beside(self.to / path).unlink(missing_ok=True)
            if (self.to / path).exists():
                raise TargetError(f"{self.to / path} cannot be deleted. Look at its permissions.")
        for folder in folders_of(paths):
            with suppress(OSError):
                (self.to / folder).rmdir()

    def look(self, marks: Mapping[str, str]) -> Seen:
        return differs(marks, {path: _mark(self.to / path) for path in _files(self.to)})

    def close(self) -> None:
        """Nothing is open."""

    def _there(self) -> None:
        """A folder whose parent is away is a disk that is not mounted: a site in its place would be lost on nobody's disk."""
        if not self.to.parent.is_dir():
            raise TargetGone(f"There is no folder {self.to.parent}. Is the disk there, and the path right?")

    def _gone(self, error: OSError) -> TargetError:
        return TargetGone(f"{self.to}: {error.strerror or error}.")


def _files(top: Path) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        yield from ((Path(folder) / name).relative_to(top).as_posix() for name in names)


def _mark(file: Path) -> str:
    seen = file.stat()
    return f"{seen.st_size}-{seen.st_mtime_ns}"


def _beside(file: Path) -> Path:
    """Always the same name, so that what a killed run left is written over or removed by the next one."""
    return file.with_name(f".{file.name}.partial")


def _write(file: Path, content: bytes) -> None:
    partial = _beside(file)
    try:
        with partial.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
