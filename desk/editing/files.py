"""Where an item's file is, and how it is written: whole or not at all, one writer at a time, never outside content/."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from builder.content import EDITION_FILE, RESERVED
from builder.headers import Notes
from builder.items import SLUG, slug_of
from builder.model import ItemKey

EDITION = PurePosixPath(EDITION_FILE).stem  # an edition's own file has this for a slug
GOOD_NEWS = "good-news"


class NoSuchFile(Exception):
    """There is no such item, or its name leads somewhere else."""


def edition_folder(root: Path, bulletin: str, day: object) -> Path:
    """Raises NoSuchFile for whatever is not a plain name."""
    if not SLUG.fullmatch(bulletin) or bulletin in RESERVED:
        raise NoSuchFile(bulletin)
    return root / "content" / bulletin / str(day)


def find(root: Path, key: ItemKey) -> Path:
    """The file of an item, or of the edition itself. Raises NoSuchFile."""
    folder = edition_folder(root, key.bulletin, key.day)
    found = next((path for path in _candidates(folder, key.slug) if path.is_file()), None)
    if found is None or not is_inside(root, found):
        raise NoSuchFile(str(key))
    return found


def _candidates(folder: Path, slug: str) -> Iterator[Path]:
    if not SLUG.fullmatch(slug):
        return
    yield folder / f"{slug}.md"
    if slug == EDITION:
        return
    yield folder / GOOD_NEWS / f"{slug}.md"
    # A name that is no address yet: the builder reads "My item.md" as my-item, and says so.
    for path in (*sorted(folder.glob("*.md")), *sorted((folder / GOOD_NEWS).glob("*.md"))):
        if path.name != EDITION_FILE and slug_of(PurePosixPath(path.name), Notes("")) == slug:
            yield path


def is_inside(root: Path, path: Path) -> bool:
    """A link that leads out of content/ is not ours to write through."""
    return path.resolve().is_relative_to((root / "content").resolve()) and not path.is_symlink()


def name_of(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def mark_of(raw: bytes | None) -> str:
    """What a form carries of the file it was made from, so that a change in between is seen. None: there is no file."""
    return "new" if raw is None else hashlib.sha256(raw).hexdigest()[:32]


def read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def put_all(files: Mapping[Path, bytes | None]) -> None:
    """Each whole or not at all; None takes a file away. New ones first, so that a crash leaves one too many, never none."""
    for path, raw in files.items():
        if raw is not None:
            _put(path, raw)
    for path, raw in files.items():
        if raw is None:
            path.unlink(missing_ok=True)


def _put(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as out:
            out.write(raw)
            out.flush()
            os.fsync(out.fileno())
        with suppress(OSError):
            partial.chmod(path.stat().st_mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One writer of the desk at a time, whatever process it is in; the lock dies with its process."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    (root / "var").mkdir(exist_ok=True)
    with (root / "var" / "desk.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
