"""Many readers' subscriptions end at once: what `acts.leave` does for one, in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import subscribers as tables
from subscribers import rules
from subscribers.address import parse
from subscribers.model import NoReason, Proof, Subscriber, Suppression
from subscribers.tokens import Keys, address_hash

_END = (
    update(tables.subscription)
    .where(tables.subscription.c.id == bindparam("which"))
    .values(ended_at=bindparam("at"), ended_reason=bindparam("reason"))
)


def leave_all(
    connection: Connection, keys: Keys, leaving: Iterable[tuple[Subscriber, Proof]], reason: NoReason
) -> None:
    """All bulletins of each, in the caller's transaction; each with its own proof. A "no" that is there already stays."""
    ends: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    noes: list[dict[str, Any]] = []
    for person, proof in leaving:
        for change in rules.leave(person, None, reason):
            match change:
                case rules.End(held, why):
                    ends.append({"which": held.id, "at": proof.at, "reason": why})
                    events.append(
                        {"subscriber_id": person.id, "bulletin": held.bulletin, "what": "ended", **asdict(proof)}
                    )
                case rules.Suppress(bulletin, why):
                    hashed = address_hash(keys, parse(person.address).key)
                    noes.append(asdict(Suppression(hashed, bulletin, why, proof.at, proof.source, proof.actor)))
    keep: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(tables.suppression)
    for statement, rows in (
        (_END, ends),
        (insert(tables.consent_event), events),
        (keep.on_conflict_do_nothing(), noes),
    ):
        if rows:
            connection.execute(statement, rows)
