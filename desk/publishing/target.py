"""What every place that a site can be published to does: keep a record, take files, give them up, say what is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

RECORD = ".bulletin.json"
TRIES, FIRST_PAUSE_SECONDS = 3, 0.5
T = TypeVar("T")
Pause = Callable[[float], None]


class TargetError(Exception):
    """The target cannot be used as it is. The message says why and what to do."""


class TargetGone(TargetError):
    """It went away, or does not answer; trying again may help."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there, against the record: edited or deleted by somebody else, and not ours at all."""

    changed: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    strangers: tuple[str, ...] = ()


class Target(Protocol):
    """Paths are told from the site's top. Everything may raise TargetError."""

    def record(self) -> bytes | None: ...

    def keep_record(self, raw: bytes) -> None: ...

    def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Each file whole or not at all; (path, mark) as each one is there."""
        ...

    def drop(self, paths: Sequence[str]) -> None:
        """What is not there is no mistake."""
        ...

    def look(self, marks: Mapping[str, str]) -> Seen: ...

    def close(self) -> None: ...


def differs(marks: Mapping[str, str], there: Mapping[str, str]) -> Seen:
    """Two lists of marks → what is not as it was left."""
    changed = frozenset(path for path, mark in marks.items() if path in there and there[path] != mark)
    return Seen(changed, frozenset(marks.keys() - there.keys()), tuple(sorted(there.keys() - marks.keys() - {RECORD})))


def patiently(act: Callable[[], T], again: Callable[[], None], pause: Pause = time.sleep) -> T:
    """Tries three times; `again` makes a new connection before each further try."""
    for tries in range(1, TRIES):
        try:
            return act()
        except TargetGone:
            pause(FIRST_PAUSE_SECONDS * 2**tries)
            again()
    return act()


def folders_of(paths: Iterable[str]) -> list[str]:
    """Every folder above these files, the deepest first."""
    found = {"/".join(parts[:n]) for path in paths for parts in [path.split("/")] for n in range(1, len(parts))}
    return sorted(found, key=lambda folder: (-folder.count("/"), folder))
