"""An import's plan in, the report for the data-protection officer out: a page to read, and a CSV of everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from subscribers.imports import ListedRow, Plan, Staged, listed, unreadable
from subscribers.imports.staging import FileRead
from subscribers.merge import OUTCOMES, Outcome
from subscribers.sheets import csv_lines

if TYPE_CHECKING:
    from jinja2 import Environment

ROWS_SHOWN = 500  # of each kind on the page; the CSV has all of them
TEMPLATE = "desk/import-audit.html"
CSV_HEADERS = ("outcome", "address", "file", "line", "why")


@dataclass(frozen=True, slots=True)
class Part:
    """One outcome: how many, and the first of them."""

    outcome: Outcome
    number: int
    rows: tuple[ListedRow, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """What the report shows. `applied_at` is None for a plan that was only looked at."""

    source: str
    bulletin: str
    basis: str
    actor: str
    made_at: datetime
    applied_at: datetime | None
    counts: dict[str, int]
    files: tuple[FileRead, ...]
    parts: tuple[Part, ...]
    unreadable: tuple[tuple[str, int, str], ...]
    rows_shown: int = ROWS_SHOWN


def audit(staged: Staged, plan: Plan, actor: str, made_at: datetime, applied_at: datetime | None = None) -> Audit:
    """The plan as the report shows it. Ask before it is applied, or after: it is the same plan."""
    parts = tuple(Part(each, plan.counts[each], tuple(listed(staged, each, ROWS_SHOWN))) for each in OUTCOMES)
    bad = tuple((file, row.line, row.why) for file, row in unreadable(staged, ROWS_SHOWN))
    return Audit(
        plan.source, plan.bulletin, staged.basis, actor, made_at, applied_at, plan.counts, staged.files, parts, bad
    )


def page(report: Audit, environment: Environment) -> str:
    """The report as HTML by the house's template."""
    return environment.get_template(TEMPLATE).render(audit=report)


def csv_report(staged: Staged) -> Iterator[str]:
    """Everybody, and every row that could not be read, as CSV; streamed, and safe to open in a spreadsheet."""
    return csv_lines(CSV_HEADERS, _rows(staged))


def _rows(staged: Staged) -> Iterator[tuple[object, ...]]:
    for outcome in OUTCOMES:
        for row in listed(staged, outcome):
            yield row.outcome, row.address, row.file, row.line, row.why
    for file, bad in unreadable(staged):
        yield "unreadable", "", file, bad.line, bad.why
