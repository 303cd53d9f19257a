"""An edition's life: draft, in review, approved, scheduled, sent; each step with a name and a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from db.schema.delivery import approval, planned
from db.schema.staff import edition_step, staff
from delivery.ledger import books

State = Literal["draft", "review", "approved", "scheduled", "sent"]
STATES: tuple[State, ...] = ("draft", "review", "approved", "scheduled", "sent")


@dataclass(frozen=True, slots=True)
class Step:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Life:
    """`was_approved`: an approval that an edit has voided. `leaves`: when a planned sending is due."""

    state: State
    review: Step | None = None
    approved: Step | None = None
    was_approved: Step | None = None
    leaves: datetime | None = None
    planned_by: str = ""
    planned_of_another: bool = False
    """It was planned as it stood before a later edit."""
    sent: datetime | None = None

    @property
    def is_scheduled(self) -> bool:
        return self.leaves is not None


def life_of(connection: Connection, bulletin: str, edition: str, fingerprint: str) -> Life:
    """`fingerprint`: of the edition as it stands."""
    names = _names(connection)
    review = _review(connection, bulletin, edition)
    approvals = _approvals(connection, bulletin, edition, names)
    approved = next((step for mark, step in approvals if mark == fingerprint), None)
    was = approvals[-1][1] if approvals and approved is None else None
    row = connection.execute(
        select(planned).where(
            planned.c.bulletin == bulletin, planned.c.edition == edition, planned.c.result == "waiting"
        )
    ).one_or_none()
    sent = next((one for one in books.mailings(connection) if one.name == f"{bulletin}-{edition}"), None)
    state: State = "approved" if approved else "review" if review else "draft"
    if row is not None:
        state = "scheduled"
    if sent is not None:
        state = "sent"
    return Life(
        state,
        review,
        approved,
        was,
        leaves=row.at if row is not None else None,
        planned_by=name_of(row.by, names) if row is not None else "",
        planned_of_another=row is not None and bool(row.fingerprint) and row.fingerprint != fingerprint,
        sent=sent.frozen_at if sent else None,
    )


def step(
    connection: Connection, bulletin: str, edition: str, what: Literal["review", "draft"], who: int, now: datetime
) -> None:
    row = {"bulletin": bulletin, "edition": edition, "step": what, "staff_id": who, "at": now}
    connection.execute(insert(edition_step).values(row))


def _review(connection: Connection, bulletin: str, edition: str) -> Step | None:
    by = func.coalesce(func.nullif(staff.c.name, ""), staff.c.address)
    query = (
        select(edition_step.c.step, edition_step.c.at, by.label("by"))
        .join(staff, staff.c.id == edition_step.c.staff_id)
        .where(edition_step.c.bulletin == bulletin, edition_step.c.edition == edition)
        .order_by(edition_step.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return Step(row.by, row.at) if row is not None and row.step == "review" else None


def _approvals(connection: Connection, bulletin: str, edition: str, names: Mapping[str, str]) -> list[tuple[str, Step]]:
    query = (
        select(approval.c.fingerprint, approval.c.by, approval.c.at)
        .where(approval.c.bulletin == bulletin, approval.c.edition == edition)
        .order_by(approval.c.at)
    )
    return [(mark, Step(name_of(by, names), at)) for mark, by, at in connection.execute(query)]


def _names(connection: Connection) -> dict[str, str]:
    """How records name staff → how the desk speaks of them."""
    return {
        f"staff:{address}": name or address
        for address, name in connection.execute(select(staff.c.address, staff.c.name))
    }


def name_of(actor: str, names: Mapping[str, str]) -> str:
    return names.get(actor, actor.removeprefix("staff:"))
