"""Files of var/ that name people, letters and reports: a person's traces taken out of them, and what is old thrown away."""

from __future__ import annotations

import os
import quopri
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from markupsafe import escape

from subscribers.address import Address

NOBODY = "—"  # what stands in a report where an address was


def forget_letters(folder: Path, address: Address) -> None:
    """Every letter to this address, or about it, whoever wrote it: as .eml or in a Maildir, half-written ones too."""
    for file in _files(folder):
        if names(file.read_bytes(), address):
            file.unlink(missing_ok=True)


def names(raw: bytes, address: Address) -> bool:
    """Whether a letter is to this address or about it, as it stands on the wire or as it is read."""
    trace = _trace(address)
    return any(trace.search(read.decode("utf-8", "surrogateescape")) for read in (raw, quopri.decodestring(raw)))


def forget_in_reports(folder: Path, address: Address) -> None:
    """The reports stay, with a dash where the address was."""
    trace = _trace(address)
    for file in _files(folder):
        if _names(file, trace):
            _rewrite(file, trace)


def drop_older(folder: Path, before: datetime) -> int:
    """Files that were last written before that moment; how many."""
    old = [file for file in _files(folder) if file.stat().st_mtime < before.timestamp()]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def _trace(address: Address) -> re.Pattern[str]:
    """The address in any case, as it is and as HTML writes it, and not as a part of a longer one."""
    spelled = {form for plain in address for form in (plain, str(escape(plain)))}
    forms = "|".join(re.escape(form) for form in sorted(spelled, key=len, reverse=True))
    return re.compile(rf"(?<![\w.+-])(?:{forms})(?![\w-]|\.\w)", re.IGNORECASE)


def _names(file: Path, trace: re.Pattern[str]) -> bool:
    with _read(file) as lines:
        return any(trace.search(line) for line in lines)


def _rewrite(file: Path, trace: re.Pattern[str]) -> None:
    """Whole or not at all; line by line, because the report of a large import has a million."""
    partial = file.with_name(f"{file.name}.partial")
    with _read(file) as lines, _private(partial) as out:
        out.writelines(trace.sub(NOBODY, line) for line in lines)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def _read(file: Path) -> TextIO:
    return file.open(encoding="utf-8", errors="surrogateescape", newline="")


def _private(file: Path) -> TextIO:
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(opened, "w", encoding="utf-8", errors="surrogateescape", newline="")
