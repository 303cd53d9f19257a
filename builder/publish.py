"""Files of a site → the site, swapped in whole: whoever reads it meets the old one or the new one, never a mixture.

The new site is written beside the old one, then the two folders change names in one step of the kernel. Killed at any
instant, the old site or the new one stands; what was left beside it is swept away by the next run.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EINVAL, ENOSYS, ENOTSUP
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Thread

from msgspec import Struct, field

File = tuple[str, bytes]
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
Aside = Callable[[Callable[[], None]], Callable[[], None]]
"""Begins some work elsewhere, if that helps; what comes back waits until it is done."""
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
    with alone(site), opened_tree(site) as tree:
        held = {path: tree.put(path, content) for path, content in files}
        tree.swap(held, held.keys())
    drop_spare(site)
    return len(held)


class Tree(Struct, dict=True):
    """The next site, growing beside the one that stands. Unchanged files are links to the old ones.

    After the swap the old tree stays as the spare: the next build only has to bring it up to date, which takes as long
    as there are changes, not as there are files.
    """

    site: Path
    before: Mapping[str, bytes]
    """What the site holds, as far as it may change: path → hash. Empty when that is not known: then its files are looked at."""
    behind: Iterable[str] | None = None
    """The paths in which the spare differs from the site; None when there is no spare that can be trusted."""
    written: set[str] = field(default_factory=set)
    paired: frozenset[str] = frozenset()
    """The paths that the twin has, or will have when it is `joined`."""

    def __post_init__(self) -> None:
        self.new, self.old, self.spare, self.twin = (
            self.site.with_name(f".{self.site.name}.{n}") for n in ("new", "old", "spare", "twin")
        )
        self.stands = self.site.is_dir()
        self.joined: Callable[[], None] = _nothing

    def begin(self) -> None:
        self.sweep()
        if self.behind is not None and self.before and self.spare.is_dir():
            self.spare.rename(self.new)  # from here on it is no spare: killed half-way, it is swept away
            return
        self.behind = None
        shutil.rmtree(self.spare, ignore_errors=True)
        self.new.mkdir()

    def sweep(self) -> None:
        """What a run left, or a killed one. Without a site, it ended between two renames: the old one goes back."""
        if self.old.is_dir() and not self.site.exists():
            self.old.rename(self.site)
        for leftover in (self.new, self.old, self.twin):
            shutil.rmtree(leftover, ignore_errors=True)

    def put(self, path: str, content: bytes) -> bytes:
        """The hash of its bytes. It is written only when it is not there already. Raises UnsafePath."""
        hashed = sha256(content).digest()
        _check(path)
        if self.before.get(path) != hashed:
            self._write(path, content)
        return hashed

    def note(self, held: Mapping[str, bytes]) -> None:
        """What another process may have put here."""
        self.written |= {path for path, hashed in held.items() if self.before.get(path) != hashed}

    def _write(self, path: str, content: bytes) -> None:
        target = f"{self.new}/{path}"
        if self.stands and not self.before and _link_same(f"{self.site}/{path}", target, content):
            return
        if self.behind is not None:
            _unlink(target)  # it may be a link to a file of the site
        _in_folder(target, partial(_write, target, content))
        self.written.add(path)

    def swap(
        self, held: Mapping[str, bytes], changed: Collection[str], ready: Callable[[Path], None] = lambda _: None
    ) -> None:
        """The new tree takes the site's name, holding `held`. `changed`: the paths in which it is to differ from the site.

        Beside a spare, `held` need only have what changed. `ready`: called before the swap, while the new tree, which it
        gets, goes to the disk.
        """
        if self.behind is None:
            for path in held:
                if path not in changed:
                    _link(f"{self.site}/{path}", f"{self.new}/{path}")
        else:
            self._catch_up({*self.behind, *changed} - self.written, gone={*changed} - held.keys())
        flushed = _flushing(self.new)
        ready(self.new)
        flushed()
        _swap(self.new, self.old, self.site)
        for left in (self.new, self.old, self.twin):
            if left.is_dir():
                shutil.rmtree(self.spare, ignore_errors=True)
                left.rename(self.spare)

    def mend_spare(self, behind: Iterable[str]) -> None:
        """After a large change: the spare is made like the site at once, so that the next small one is quick."""
        self.spare.rename(self.new)  # as in `begin`
        self._catch_up(behind)
        self.new.rename(self.spare)

    def _catch_up(self, paths: Iterable[str], gone: Collection[str] = ()) -> None:
        """What the spare has missed, and what is gone."""
        for path in paths:
            target = f"{self.new}/{path}"
            _unlink(target)
            if path in gone or not _linked(f"{self.site}/{path}", target):
                _prune(target, str(self.new))

    def begin_twin(self, paths: Iterable[str], aside: Aside = lambda work: work) -> None:
        """Most of a second tree, to become the spare, while the rest of the first is still being made.

        What is there already goes to the disk meanwhile, so that little is left when all is there.
        """
        self.paired = frozenset(paths)

        def begin() -> None:
            _flush(self.new)
            self._pair(self.paired)

        self.joined = aside(begin)

    def end_twin(self, held: Iterable[str]) -> None:
        """All of it, before the swap."""
        self.joined()
        self._pair(path for path in held if path not in self.paired)

    def _pair(self, paths: Iterable[str]) -> None:
        for path in paths:
            _link(f"{self.new}/{path}", f"{self.twin}/{path}")


def _nothing() -> None:
    pass


def differences(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    """The paths that one has and the other has not, or not with the same hash."""
    return {path for path, _ in before.items() ^ after.items()}


def drop_spare(site: Path) -> None:
    """The tree before the last one goes: what was taken back must not lie there."""
    site = site.resolve()
    with alone(site):
        shutil.rmtree(site.with_name(f".{site.name}.spare"), ignore_errors=True)


@contextmanager
def opened_tree(
    site: Path, before: Mapping[str, bytes] | None = None, behind: Iterable[str] | None = None
) -> Iterator[Tree]:
    """Whoever opens one is `alone`. What is left of a tree that was not swapped in is swept away."""
    tree = Tree(site, before or {}, behind)
    tree.begin()
    try:
        yield tree
    finally:
        tree.sweep()


def _check(path: str) -> None:
    parts = path.split("/")
    if "" in parts or ".." in parts or "." in parts or "\\" in path or "\0" in path:
        raise UnsafePath(path)


def _link_same(before: str, target: str, content: bytes) -> bool:
    try:
        file = Path(before)
        if file.stat().st_size != len(content) or file.read_bytes() != content:
            return False
        _link(before, target)
    except OSError:
        return False
    return True


def _in_folder(target: str, make: Callable[[], None]) -> None:
    """Makes a file; its folder too, when it is not there yet."""
    try:
        make()
    except FileNotFoundError:
        _folder(os.path.dirname(target))  # noqa: PTH120
        make()


def _folder(path: str) -> None:
    try:
        os.mkdir(path)  # noqa: PTH102
    except FileExistsError:  # another process was quicker
        return
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103


def _write(target: str, content: bytes) -> None:
    """A file in three calls of the kernel; opened as Python opens them, it takes six."""
    handle = os.open(target, _NEW, 0o666)
    try:
        done = os.write(handle, content)
        while done < len(content):
            done += os.write(handle, content[done:])
    finally:
        os.close(handle)


def _link(source: str, target: str) -> None:
    try:
        _in_folder(target, partial(os.link, source, target))
    except FileExistsError:
        os.unlink(target)  # noqa: PTH108
        os.link(source, target)


def _linked(source: str, target: str) -> bool:
    """False when there is no such file."""
    try:
        _link(source, target)
    except FileNotFoundError:
        return False
    return True


def _unlink(target: str) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(target)  # noqa: PTH108


def _prune(target: str, top: str) -> None:
    """Folders that nothing is in any more."""
    folder = os.path.dirname(target)  # noqa: PTH120
    with suppress(OSError):
        while folder != top:
            os.rmdir(folder)  # noqa: PTH106
            folder = os.path.dirname(folder)  # noqa: PTH120


def _flushing(folder: Path) -> Callable[[], None]:
    """Begins to flush; what comes back waits until it is done, and raises its OSError."""
    failed: list[OSError] = []

    def flush() -> None:
        try:
            _flush(folder)
        except OSError as error:
            failed.append(error)

    def done() -> None:
        thread.join()
        for error in failed:
            raise error

    thread = Thread(target=flush)
    thread.start()
    return done


def _flush(folder: Path) -> None:
    """All of it is on the disk before it can take the site's name: a power cut must not leave empty pages.

    One request for the whole file system: asking for each file and folder takes ten times as long.
    """
    if os.name != "posix":
        return
    sync = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if sync is None:
        os.sync()
        return
    with _opened(folder) as handle:
        if sync(handle) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))


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
def alone(site: Path) -> Iterator[bool]:
    """One publisher at a time: a second one waits. The lock dies with its process and leaves no file.

    False: there was somebody else to wait for.
    """
    try:
        import fcntl
    except ImportError:
        yield True
        return
    with _opened(site.parent) as handle:
        yield _locked(partial(fcntl.flock, handle), fcntl.LOCK_EX, fcntl.LOCK_NB)


def _locked(lock: Callable[[int], None], alone: int, at_once: int) -> bool:
    try:
        lock(alone | at_once)
    except BlockingIOError:
        lock(alone)
        return False
    except OSError:  # some network file systems lock nothing
        return True
    return True


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
