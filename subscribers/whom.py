"""Readers by name: those of some groups of an edition, and those who take a break; a page of them, by address."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from db.schema.subscribers import subscriber, subscription
from subscribers.choices import Axes, audiences, readers_of
from subscribers.model import Amount


@dataclass(frozen=True, slots=True)
class Named:
    """One reader and what they chose. `paused_until`: when they take a break."""

    id: int
    address: str
    name: str
    amount: Amount
    audiences: frozenset[str]
    paused_until: date | None = None


def in_groups(
    connection: Connection,
    bulletin: str,
    used: Iterable[str],
    axes: Axes,
    today: date,
    keys: Collection[int],
    most: int,
) -> tuple[Named, ...]:
    """The readers of these groups, which `choices.groups` has told."""
    group = readers_of(connection, bulletin, used, axes, today).subquery()
    open_ones = subscription.join(group, subscription.c.id == group.c.subscription_id)
    return _named(connection, _rows(open_ones).where(group.c.group_key.in_(list(keys))), most)


def paused(connection: Connection, bulletin: str, today: date, most: int) -> tuple[Named, ...]:
    """Whoever gets nothing until a day that they named."""
    is_away = subscription.c.ended_at.is_(None) & (subscription.c.paused_until > today)
    return _named(connection, _rows(subscription).where(is_away, subscription.c.bulletin == bulletin), most)


def _rows(open_ones: Any) -> Select[Any]:
    person, held = subscriber.c, subscription.c
    columns = (person.id, person.address, person.name, held.amount, held.choices, held.paused_until)
    return select(*columns).select_from(open_ones.join(subscriber, held.subscriber_id == person.id))


def _named(connection: Connection, query: Select[Any], most: int) -> tuple[Named, ...]:
    rows = connection.execute(query.order_by(subscriber.c.address_key).limit(most)).all()
    return tuple(
        Named(row.id, row.address, row.name, row.amount, audiences(connection, row.choices), row.paused_until)
        for row in rows
    )
