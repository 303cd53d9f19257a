"""All subscribers out of the house, in one command: CSV for a spreadsheet, JSON lines for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from db.schema.subscribers import subscriber, subscription
from subscribers.choices import bits, from_mask
from subscribers.sheets import csv_lines

HEADERS = (
    "email", "name", "bulletin", "status", "audiences", "amount", "frequency", "started", "source", "basis", "paused_until",
    "ended", "ended_reason",
)  # fmt: skip
BATCH = 5_000


def as_csv(connection: Connection, bulletin: str | None = None) -> Iterator[str]:
    """A line for each subscription, open or ended. Our own import reads it, and takes nobody who left for a reader."""
    return csv_lines(HEADERS, (tuple(row.values()) for row in rows(connection, bulletin)))


def as_json(connection: Connection, bulletin: str | None = None) -> Iterator[str]:
    """The same as JSON, one object a line."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows(connection, bulletin))


def rows(connection: Connection, bulletin: str | None = None) -> Iterator[dict[str, Any]]:
    """The same as plain values, one subscription at a time."""
    places = bits(connection)
    query = (
        select(subscriber.c.address, subscriber.c.name, subscription)
        .join_from(subscriber, subscription)
        .order_by(subscriber.c.address_key, subscription.c.id)
        .execution_options(yield_per=BATCH)
    )
    if bulletin is not None:
        query = query.where(subscription.c.bulletin == bulletin)
    for row in connection.execute(query):
        values = (
            row.address, row.name, row.bulletin, "subscribed" if row.ended_at is None else _left(row.ended_reason),
            ", ".join(sorted(from_mask(row.choices, places))), row.amount, row.frequency, row.started_at.isoformat(),
            row.source, row.basis, row.paused_until and row.paused_until.isoformat(),
            row.ended_at and row.ended_at.isoformat(), row.ended_reason,
        )  # fmt: skip
        yield dict(zip(HEADERS, values, strict=True))


def _left(reason: str) -> str:
    return {"bounced": "bounced", "complained": "complained", "staff": "removed"}.get(reason, "unsubscribed")
