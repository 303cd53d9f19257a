"""Settings that staff may change: new values in, bulletin.toml with nothing else touched out, after the reader itself has agreed."""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from hashlib import sha256
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from desk.delivering import read_delivering
from desk.keeping import read_keeping
from desk.settings import Settings, SettingsError, load
from desk.tables import PREFIX

Value = str | int | bool | time | None
"""None takes the key away: its default counts."""
Path_ = tuple[str, ...]


class ChangedMeanwhile(Exception):
    """The file is not the one that was looked at."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be written. `mistakes`: why it cannot be; `mark`: of the file that it was made from."""

    text: str
    difference: tuple[tuple[str, str], ...]
    """(sign, line): "-" goes, "+" comes, " " stands beside it."""
    mistakes: tuple[str, ...]
    mark: str

    @property
    def changes(self) -> bool:
        return bool(self.difference)


def mark_of(settings: Settings) -> str:
    return _mark(settings.file.read_bytes())


def _mark(raw: bytes) -> str:
    return sha256(raw).hexdigest()[:32]


def propose(settings: Settings, changes: Mapping[Path_, Value]) -> Proposal:
    """The file with these values, every other byte as it was. Nothing is written."""

    def edit(document: tomlkit.TOMLDocument) -> None:
        for path, value in changes.items():
            _put(document, path, value)

    return _proposed(settings, edit)


def propose_term(settings: Settings, name: str, first: date, last: date, breaks: list[dict[str, Any]]) -> Proposal:
    """The file with one more term in its calendar, after the others."""

    def edit(document: tomlkit.TOMLDocument) -> None:
        term = tomlkit.table()
        term.update({"name": name, "first": first, "last": last})
        if breaks:
            listed = tomlkit.array()
            for each in breaks:
                inline = tomlkit.inline_table()
                inline.update(each)
                listed.append(inline)
            term["breaks"] = listed
        _terms(document).append(term)

    return _proposed(settings, edit)


def _terms(document: tomlkit.TOMLDocument) -> AoT:
    calendar = document.setdefault("calendar", tomlkit.table())
    if "terms" not in calendar:
        calendar["terms"] = tomlkit.aot()
    terms: AoT = calendar["terms"]
    return terms


def _proposed(settings: Settings, edit: Any) -> Proposal:
    raw = settings.file.read_bytes()
    before = raw.decode("utf-8-sig")
    try:
        document = tomlkit.parse(before)
        plain = tomlkit.dumps(document)
        edit(document)
        after = _laid_over(before, plain, tomlkit.dumps(document))
    except (TOMLKitError, TypeError, KeyError) as error:
        return Proposal(before, (), (str(error),), _mark(raw))
    return Proposal(after, tuple(_difference(before, after)), _mistakes(settings, after), _mark(raw))


def _laid_over(before: str, plain: str, edited: str) -> str:
    """The lines of `before`, but for those that the edit has changed: the library's own white space is not ours.

    `plain`: what the library makes of the file without any edit, line by line the same but for white space.
    """
    ours, theirs, wanted = (text.splitlines(keepends=True) for text in (before, plain, edited))
    if len(ours) != len(theirs):
        return edited
    lines: list[str] = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, theirs, wanted, autojunk=False).get_opcodes():
        lines += ours[start:end] if kind == "equal" else wanted[first:last]
    return "".join(lines)


def _put(document: tomlkit.TOMLDocument, path: Path_, value: Value) -> None:
    table: Any = document
    for step in path[:-1]:
        if step not in table:
            table[step] = tomlkit.inline_table() if isinstance(table, Table) and len(path) > 2 else tomlkit.table()
        table = table[step]
    if value is None:
        table.pop(path[-1], None)
    elif table.get(path[-1]) != value or isinstance(table.get(path[-1]), bool) is not isinstance(value, bool):
        table[path[-1]] = value


def _difference(before: str, after: str) -> Iterator[tuple[str, str]]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    for line in list(lines)[2:]:
        if not line.startswith("@@"):
            yield line[0], line[1:]


def _mistakes(settings: Settings, text: str) -> tuple[str, ...]:
    """What the reader of settings says of it, for every room that reads any."""
    trial = settings.file.with_name(f".{settings.file.name}.{secrets.token_hex(4)}")
    try:
        _write(trial, text)
        read = load(settings.root, trial, settings.environ)
        read_keeping(read, settings.environ)
        read_delivering(read)
    except SettingsError as error:
        return tuple(str(error).replace(trial.name, settings.file.name).split("\n"))
    finally:
        trial.unlink(missing_ok=True)
    return ()


def write(settings: Settings, proposal: Proposal) -> None:
    """In one move, kept by the disk before it returns. Raises ChangedMeanwhile, SettingsError."""
    if proposal.mistakes:
        raise SettingsError("\n".join(proposal.mistakes))
    if mark_of(settings) != proposal.mark:
        raise ChangedMeanwhile
    file = settings.file.resolve()
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    _write(partial, proposal.text)
    partial.chmod(file.stat().st_mode & 0o777)
    partial.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def is_fixed(settings: Settings, path: Path_) -> bool:
    """Whether the environment lies over it, so that the file says nothing."""
    return PREFIX + "__".join(path).upper().replace("-", "_") in settings.environ
