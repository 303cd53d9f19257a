"""What was worked out before, by the hash of everything that it was worked out from. Losing it costs only time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builder.disk import Disk


def fingerprint(*parts: str | bytes) -> str:
    """One name for these inputs in this order; each part's length counts, so ("a", "bc") is not ("ab", "c")."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.hexdigest()[:40]


class Cache:
    """JSON values by fingerprint, in memory and, when it has a file, on disk. The file is opened when it is first asked."""

    def __init__(self, file: Path | None = None) -> None:
        self._memory: dict[str, Any] = {}
        self._fresh: dict[str, Any] = {}
        self._file = file

    @cached_property
    def _disk(self) -> Disk | None:
        if self._file is None:
            return None
        from builder.disk import open_disk

        return open_disk(self._file)

    def get(self, key: str) -> Any | None:
        value = self._memory.get(key)
        if value is None and self._disk:
            value = self._from_disk(key, self._disk)
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
        if self._fresh and self._disk:
            self._disk.put(_rows(self._fresh.items()))
            self._fresh.clear()

    def forget(self) -> None:
        """All of it, overwritten: somebody's words or name must not outlive what they were made for."""
        self._memory.clear()
        self._fresh.clear()
        if self._disk:
            self._disk.clear()

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
        disk = self.__dict__.get("_disk")
        if disk:
            disk.close()

    def _from_disk(self, key: str, disk: Disk) -> Any | None:
        with suppress(ValueError):
            told = disk.get(key)
            if told is not None:
                self._memory[key] = json.loads(told)
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
