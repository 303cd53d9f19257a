"""What caches keep of an item: taken out row by row, so that the rest need not be worked out again."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from desk.takedown.traces import Traces, says

TEMPLATES = "templates"  # compiled; no item is in them


def forget(kept: Path, traces: Traces, slugs: Iterable[str]) -> None:
    """Prepared pictures, and rows of the builder's cache that say something of it. What cannot be read is deleted whole."""
    for name in traces.names:
        (kept / "pictures" / name).unlink(missing_ok=True)
    database = kept / "builder.db"
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as cache:
            cache.execute("PRAGMA secure_delete = ON")
            rows = cache.execute("SELECT key, value FROM made")
            files = tuple(f"{slug}.md" for slug in slugs)  # how other items linked to it
            found = [(k,) for k, value in rows if says(str(value), traces) or any(file in value for file in files)]
            cache.executemany("DELETE FROM made WHERE key = ?", found)
            cache.execute("VACUUM")
    except sqlite3.Error:
        with suppress(OSError):
            database.unlink()


def empty(kept: Path) -> None:
    for entry in list(kept.iterdir()) if kept.is_dir() else []:
        if entry.name == TEMPLATES:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
