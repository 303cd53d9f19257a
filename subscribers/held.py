"""The rows of old lists that nobody but a person may decide about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from db.schema.subscribers import held


def waiting(connection: Connection) -> list[dict[str, Any]]:
    """Each undecided row as plain values, oldest first; `acts.decide_held` takes its `id`."""
    query = select(held).where(held.c.decided_at.is_(None)).order_by(held.c.id)
    return [dict(row._mapping) for row in connection.execute(query)]
