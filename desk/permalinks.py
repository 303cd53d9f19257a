"""What has just become public is written into the register of addresses, so that it can never vanish unnoticed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from builder.addresses import FILE, HEAD, new_lines, read_register, worth_keeping

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from builder.model import Publisher

SAID = "Write down the addresses that are public"


def remember(root: Path, paths: Iterable[str], today: date) -> int:
    """`paths`: the files of the site. Adds to content/permalinks.txt what it does not hold; how many addresses."""
    file = root / FILE
    before = file.read_text("utf-8", errors="replace") if file.exists() else HEAD
    register, _ = read_register(before)
    fresh = new_lines(register, worth_keeping(paths), today)
    if fresh:
        _add(file, before, fresh)
    return fresh.count("\n")


def keep(root: Path, publisher: Publisher, actor: str, now: datetime, engine: Engine | None = None) -> None:
    """Into git, where the house is kept in it: all that the register has gained, since a process that was killed before this
    could do it, too. Nothing waits for git and nothing fails with it: what it does not take now goes with the next time.
    """
    from desk.editing.signing import signed_by

    signed_by(root, publisher, actor, SAID, now, engine).keep([root / FILE])


def add_line(root: Path, line: str) -> None:
    """One line more, as `2025-01-14 items/summit/ gone`."""
    file = root / FILE
    _add(file, file.read_text("utf-8", errors="replace") if file.exists() else HEAD, f"{line}\n")


def _add(file: Path, before: str, more: str) -> None:
    """Whole or not at all: a register that was cut short would let addresses vanish."""
    partial = file.with_name(f".{file.name}.partial")
    ended = before if before.endswith("\n") or not before else f"{before}\n"
    with partial.open("w", encoding="utf-8", newline="\n") as out:
        out.write(ended + more)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def files_of(site: Path) -> Iterator[str]:
    """Paths of the built site's files, told from its top."""
    for folder, _, names in os.walk(site):
        inner = Path(folder).relative_to(site)
        yield from ((inner / name).as_posix() for name in names)
