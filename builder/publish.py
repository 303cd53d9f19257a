"""Files of a site → the site, swapped in whole: whoever reads it meets the old one or the new one, never a mixture.

The new site is written beside the old one, then the two folders change names in one step of the kernel. Killed at any
instant, the old site or the new one stands; what was left beside it is swept away by the next run.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL, ENOSYS, ENOTSUP
from pathlib import Path, PurePosixPath

File = tuple[str, bytes]
_HERE = -100  # AT_FDCWD: paths are relative to the working folder
_EXCHANGE = 2  # RENAME_EXCHANGE, since Linux 3.15


class UnsafePath(ValueError):
    """A file's path would lead out of the site."""


def publish(files: Iterable[File], site: Path) -> int:
    """Makes `site` hold exactly these files; returns how many. Raises OSError (the old site stays) and UnsafePath.

    A file with the same bytes as before stays the same file, with its time, so that caches need not fetch it again.
    """
    site = site.resolve()
    site.parent.mkdir(parents=True, exist_ok=True)
    with _alone(site.parent):
        new, old = site.with_name(f".{site.name}.new"), site.with_name(f".{site.name}.old")
        _sweep(site, new, old)
        try:
            count = _write(files, new, site)
            _swap(new, old, site)
        finally:
            _sweep(site, new, old)
        return count


def _sweep(site: Path, new: Path, old: Path) -> None:
    """What a run left, or a killed one. Without a site, it ended between two renames: the old one goes back."""
    if old.is_dir() and not site.exists():
        old.rename(site)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)


def _write(files: Iterable[File], new: Path, site: Path) -> int:
    new.mkdir()
    count = 0
    for path, content in files:
        place = PurePosixPath(path)
        if place.is_absolute() or not place.parts or ".." in place.parts or "\\" in path or "\0" in path:
            raise UnsafePath(path)
        target = new / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if not _link_same(site / place, target, content):
            target.write_bytes(content)
        count += 1
    _flush(new)
    return count


def _link_same(before: Path, target: Path, content: bytes) -> bool:
    try:
        if before.stat().st_size != len(content) or before.read_bytes() != content:
            return False
        os.link(before, target)
    except OSError:
        return False
    return True


def _flush(folder: Path) -> None:
    """All of it is on the disk before it can take the site's name: a power cut must not leave empty pages.

    One request for the whole file system: asking for each file and folder takes ten times as long.
    """
    if os.name != "posix":
        return
    sync = getattr(ctypes.CDLL(None), "syncfs", None)
    if sync is None:
        os.sync()
        return
    with _opened(folder) as handle:
        sync(handle)


def _swap(new: Path, old: Path, site: Path) -> None:
    if not site.exists():
        new.rename(site)
    elif not _exchange(new, site):
        # Between these two there is, for an instant, no site; never half of one.
        site.rename(old)
        new.rename(site)


def _exchange(one: Path, other: Path) -> bool:
    """Two names change places in one step. False where the kernel, the C library or the file system cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    error = ctypes.get_errno()
    if error in {ENOSYS, EINVAL, ENOTSUP}:
        return False
    raise OSError(error, os.strerror(error), str(other))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One publisher at a time: a second one waits. The lock dies with its process and leaves no file."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with _opened(folder) as handle:
        with suppress(OSError):  # some network file systems lock nothing
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
