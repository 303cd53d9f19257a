"""The record of who did what, when: lines are only ever added, and the database refuses anything else (W18)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from db.schema.staff import act

PAGE = 100


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done. `what` is a code; its words are in the templates."""

    id: int
    at: datetime
    actor: str
    what: str
    about: str
    details: Mapping[str, Any]


def record(connection: Connection, actor: str, what: str, now: datetime, *, about: str = "", **details: Any) -> None:
    """In the transaction of the deed itself. Name readers by their number, never by their address: who is erased is gone."""
    written = json.dumps(details, ensure_ascii=False, default=str) if details else ""
    connection.execute(
        insert(act).values({"at": now, "actor": actor, "what": what, "about": about, "details": written})
    )


def acts(
    connection: Connection, *, before: int | None = None, actor: str = "", what: str = "", about: str = ""
) -> list[Act]:
    """The newest first, PAGE at a time; `before`: the number of the last one that was seen."""
    statement = select(act).order_by(act.c.id.desc()).limit(PAGE)
    if before is not None:
        statement = statement.where(act.c.id < before)
    for column, wanted in ((act.c.actor, actor), (act.c.what, what), (act.c.about, about)):
        if wanted:
            statement = statement.where(column == wanted)
    return [
        Act(row.id, row.at, row.actor, row.what, row.about, json.loads(row.details or "{}"))
        for row in connection.execute(statement)
    ]
