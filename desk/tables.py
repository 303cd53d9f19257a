"""Tables of a TOML file that know where they stand, so that every mistake in them is told with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

from msgspec import Struct, field

from builder.audience import did_you_mean
from builder.model import Finding

PREFIX = "BULLETIN__"
T = TypeVar("T")
Step = str | int
Steps = tuple[Step, ...]
"""The way to a value: keys, and places in lists."""


class Mistakes(Struct):
    file: str
    text: str
    from_environment: Mapping[tuple[Step, ...], str] = field(default_factory=dict)
    found: list[Finding] = field(default_factory=list)

    def add(self, path: Steps, message: str) -> None:
        if path in self.from_environment:
            variable = PREFIX + "__".join(map(str, path)).upper().replace("-", "_")
            self.found.append(Finding(f"{self.file} (from {variable})", 0, "bad-config", "block", message))
        else:
            self.found.append(Finding(self.file, self._line(path), "bad-config", "block", message))

    def _line(self, path: Steps) -> int:
        """tomllib keeps no lines: find the table's own line, then each further step under it."""
        lines = [line.split("#")[0] for line in self.text.split("\n")]
        number, depth = self._table(path, lines)
        end = next((n for n in range(number, len(lines)) if re.match(r"\s*\[\[?[\w.\"' -]+\]", lines[n])), len(lines))
        for step in path[depth:]:
            number = _line_of(step, lines, number, end)
            end = number if isinstance(step, int) else end  # an inline table stands on one line
        return number

    def _table(self, path: Steps, lines: list[str]) -> tuple[int, int]:
        """(the 1-based line of the innermost [table] of a path, how many of its steps that is); (0, 0) when none is."""
        for depth in range(len(path), 0, -1):
            names, nth = _names(path[:depth])
            header = re.compile(rf"\[\[?\s*{re.escape('.'.join(names))}\s*\]?\]")
            found = [number for number, line in enumerate(lines, 1) if header.match(line.strip())]
            if nth < len(found):
                return found[nth], depth
        return 0, 0


def _names(path: Steps) -> tuple[list[str], int]:
    """A path's keys, and the place in its list that it ends with."""
    return [step for step in path if isinstance(step, str)], next((s for s in reversed(path) if isinstance(s, int)), 0)


def _line_of(step: Step, lines: list[str], start: int, end: int) -> int:
    """The line of a key, or of a list's n-th inline table, from a 1-based line on; that line when it is not found."""
    if isinstance(step, int):
        opened = [n for n in range(max(0, start - 1), end) for _ in range(lines[n].count("{"))]
        return opened[step] + 1 if step < len(opened) else start
    key = re.compile(rf"""(^|[{{,\s])["']?{re.escape(step)}["']?\s*=""")
    return next((n + 1 for n in range(max(0, start - 1), end) if key.search(lines[n])), start)


class Table(Struct, frozen=True):
    """A table that knows where it stands, so that each mistake is told with its line."""

    values: Mapping[str, Any]
    path: Steps
    mistakes: Mistakes

    def get(self, key: str, kind: type[T], default: T) -> T:
        value = self.values.get(key, default)
        if kind is str:
            value = self.mistakes.from_environment.get((*self.path, key), value)
        if isinstance(value, kind) and not isinstance(value, _NOT_MEANT.get(kind, ())):
            return value
        self.wrong(key, f"must be {_KIND_NAMES[kind]}, and is {value!r}")
        return default

    def need(self, key: str, kind: type[T], stand_in: T) -> T:
        if key in self.values:
            return self.get(key, kind, stand_in)
        self.wrong(key, "is missing")
        return stand_in

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.get(key, list, [])
        if all(isinstance(entry, str) for entry in value):
            return tuple(value)
        self.wrong(key, "must be a list of texts")
        return ()

    def table(self, key: str) -> Table:
        return Table(self.get(key, dict, {}), (*self.path, key), self.mistakes)

    def tables(self, key: str) -> list[Table]:
        """A list of tables, each knowing its place."""
        entries = self.get(key, list, [])
        if not all(isinstance(entry, dict) for entry in entries):
            self.wrong(key, "must be a list of tables")
            return []
        return [Table(entry, (*self.path, key, n), self.mistakes) for n, entry in enumerate(entries)]

    def only(self, *known: str) -> None:
        for key in self.values.keys() - set(known):
            hint = did_you_mean(key, known) or f" Known here: {', '.join(known)}."
            self.wrong(key, f"is not a setting.{hint}")

    def wrong(self, key: str, what: str) -> None:
        names, _ = _names((*self.path, key))
        self.mistakes.add((*self.path, key), f"{'.'.join(names)} {what.rstrip('.')}.")


# True is an int and a moment is a date to Python; to people they are not.
_NOT_MEANT: dict[type, type] = {int: bool, date: datetime}
_KIND_NAMES: dict[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    date: "a date like 2025-01-14",
    datetime: "a date and time like 2025-01-14T09:00:00",
    time: "a time like 09:00:00",
}
