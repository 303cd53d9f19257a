"""Merging old lists at the desk: files in, a plan to look at, then exactly that plan, with an audit for the record."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from builder.templates import environment
from desk.house import template_folders
from desk.readers.register import Register, staff_proof
from subscribers import audit
from subscribers.formats.mapping import parse_rules
from subscribers.imports import Plan, Staged, apply, listed, make_plan, read, unreadable
from subscribers.merge import Outcome
from subscribers.model import Proof


@contextmanager
def staged_import(
    register: Register, files: Sequence[Path], *, source: str, bulletin: str, maps: tuple[str, ...]
) -> Iterator[tuple[Staged, Plan]]:
    """The files read and decided about; nothing has changed yet. Raises SubscribersError with every problem."""
    axes = {axis.id: {tag.id: tag.name for tag in axis.tags} for axis in register.settings.house.audiences.axes}
    rules = parse_rules(maps, axes)
    basis = register.bases[bulletin]
    with read(
        register.engine, files, source=source, bulletin=bulletin, basis=basis, keys=register.keys, rules=rules
    ) as staged:
        yield staged, make_plan(staged)


def listing(staged: Staged, outcome: str) -> Generator[dict[str, Any]]:
    """The people of one outcome, or the rows that name nobody, with where they stand."""
    try:
        yield from _listing(staged, outcome)
    finally:
        staged.connection.commit()  # ends the snapshot that listing took; applying takes its own


def _listing(staged: Staged, outcome: str) -> Iterator[dict[str, Any]]:
    if outcome == "unreadable":
        for file, row in unreadable(staged):
            yield {"file": file, "line": row.line, "address": "", "why": row.why}
        return
    for person in listed(staged, cast("Outcome", outcome)):
        yield {"file": person.file, "line": person.line, "address": person.address, "why": person.why}


def apply_import(register: Register, staged: Staged, plan: Plan, proof: Proof | None = None) -> tuple[int, Path]:
    """Does exactly what the plan says. The number by which it can be taken back, and the audit's HTML file.

    `proof`: who does it; without one, whoever is at this machine's keyboard.
    """
    proof = proof or staff_proof("import", source=plan.source)
    number = apply(staged, plan, proof)
    report = register.reports / f"import-{number}.html"
    report.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = audit.audit(staged, plan, proof.actor, proof.at, proof.at)
    report.write_text(audit.page(written, environment(template_folders(register.settings), None)), "utf-8")
    with report.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        file.writelines(audit.csv_report(staged))
    return number, report
