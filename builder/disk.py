"""The cache's file. Whatever is wrong with it only means that something is worked out again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct


class Disk(Struct, frozen=True):
    """Texts by key."""

    database: sqlite3.Connection

    def get(self, key: str) -> str | None:
        with suppress(sqlite3.Error):
            row = self.database.execute("SELECT value FROM made WHERE key = ?", (key,)).fetchone()
            return str(row[0]) if row else None
        return None

    def put(self, rows: Iterable[tuple[str, str]]) -> None:
        """A full disk or a second builder does no harm."""
        with suppress(sqlite3.Error), self.database:
            self.database.executemany("REPLACE INTO made VALUES (?, ?)", rows)

    def clear(self) -> None:
        """What was there is overwritten."""
        with suppress(sqlite3.Error):
            self.database.execute("PRAGMA secure_delete = ON")
            with self.database:
                self.database.execute("DELETE FROM made")

    def close(self) -> None:
        self.database.close()


def open_disk(file: Path) -> Disk | None:
    """A damaged file is thrown away."""
    for _ in range(2):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Whoever shares one between threads lets them take turns.
            database = sqlite3.connect(file, timeout=2, check_same_thread=False)
            # Losing the last writes in a power cut is fine here; waiting for the disk is not.
            database.execute("PRAGMA synchronous = OFF")
            database.execute("CREATE TABLE IF NOT EXISTS made (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
        except sqlite3.DatabaseError:
            with suppress(OSError):
                file.unlink()
        except OSError:
            return None
        else:
            return Disk(database)
    return None
