"""Rows in, CSV out that a spreadsheet shows as text and never runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

# What a spreadsheet takes for the start of a formula; an apostrophe before it makes it text (OWASP, "CSV Injection").
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: object) -> str:
    """The value as text that is no formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def csv_lines(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Lines with their ends, in UTF-8 with a mark at the start so that Excel knows it; one row in memory at a time."""
    yield "\ufeff"
    yield _line(headers)
    for row in rows:
        yield _line(row)


def _line(row: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(value) for value in row])
    return out.getvalue()
