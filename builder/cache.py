"""What was worked out before, by the hash of everything that it was worked out from. Losing it costs only time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any


def fingerprint(*parts: str | bytes) -> str:
    """One name for these inputs in this order; each part's length counts, so ("a", "bc") is not ("ab", "c")."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()[:40]


class Cache:
    """JSON values by fingerprint, in memory and, when it has a file, on disk. A damaged file is thrown away."""

    def __init__(self, file: Path | None = None) -> None:
        self._memory: dict[str, Any] = {}
        self._fresh: dict[str, Any] = {}
        self._file = file
        self._database = _open(file) if file else None

    def get(self, key: str) -> Any | None:
        value = self._memory.get(key)
        if value is None and self._database:
            value = self._from_disk(key)
        return value

    def put(self, key: str, value: Any) -> None:
        self._memory[key] = self._fresh[key] = value

    def or_make(self, key: str, make: Callable[[], Any]) -> Any:
        value = self.get(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def save(self) -> None:
        """Writes what is new. A full disk or a second builder only means that it is worked out again."""
        if not self._fresh or not self._database:
            return
        with suppress(sqlite3.Error), self._database:
            self._database.executemany("REPLACE INTO made VALUES (?, ?)", _rows(self._fresh.items()))
        self._fresh.clear()

    def forget(self) -> None:
        """All of it, overwritten: somebody's words or name must not outlive what they were made for."""
        self._memory.clear()
        self._fresh.clear()
        if self._database:
            with suppress(sqlite3.Error):
                self._database.execute("PRAGMA secure_delete = ON")
                with self._database:
                    self._database.execute("DELETE FROM made")

    def lighten(self) -> None:
        """Leaves the memory to what is on the disk; what was not saved is worked out again."""
        self._memory.clear()
        self._fresh.clear()

    @property
    def held(self) -> int:
        """How many values are in memory."""
        return len(self._memory)

    def close(self) -> None:
        self.save()
        if self._database:
            self._database.close()

    def _from_disk(self, key: str) -> Any | None:
        assert self._database
        with suppress(sqlite3.Error, ValueError):
            row = self._database.execute("SELECT value FROM made WHERE key = ?", (key,)).fetchone()
            if row:
                self._memory[key] = json.loads(row[0])
        return self._memory.get(key)


class Passing(Cache):
    """Another's values, and its own beside them for as long as it lives: what is only being tried leaves no trace."""

    def __init__(self, behind: Cache) -> None:
        super().__init__()
        self._behind = behind

    def get(self, key: str) -> Any | None:
        value = super().get(key)
        return self._behind.get(key) if value is None else value


def _rows(items: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, str]]:
    return ((key, json.dumps(value, ensure_ascii=False)) for key, value in items)


def _open(file: Path) -> sqlite3.Connection | None:
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
            return database
    return None
