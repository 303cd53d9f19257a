"""What the built site holds: each file's path → the hash of its bytes. It is worked out beside the site, never in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from builder.archive.kept import load


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def manifest(site: Path, kept: Path) -> dict[str, str]:
    """Every file of `site`, as `items/summit/index.html`, in order of path. `kept`: the house's folder for caches.

    Empty when there is no site. Whoever publishes compares this with what a target has.
    """
    known = load(kept, site.resolve()).files()
    if known:
        return {path: known[path].hex() for path in sorted(known)}
    return {path: digest((site / path).read_bytes()) for path in sorted(_files(site, ""))}


def _files(folder: Path, above: str) -> Iterator[str]:
    if not folder.is_dir():
        return
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path), f"{above}{entry.name}/")
        elif entry.is_file(follow_symlinks=False):
            yield above + entry.name
