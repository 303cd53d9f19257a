"""A part of an address or a name in, the readers it fits out: by the index where it is a beginning, by looking through where not."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, or_, select

from db.schema.subscribers import subscriber, subscription

MOST = 50  # more than anybody reads; who sees so many types another letter
LAST_SIGN = "\U0010ffff"  # sorts after everything that an address can go on with
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Found:
    """One reader, and the bulletins that they get."""

    id: int
    address: str
    name: str
    bulletins: tuple[str, ...]


def search(connection: Connection, text: str, most: int = MOST) -> tuple[Found, ...]:
    """Addresses that begin so first, then whatever has it anywhere. Fewer than SHORTEST signs find nothing."""
    wanted = text.strip().lower()
    if len(wanted) < SHORTEST:
        return ()
    key = subscriber.c.address_key
    begins = (key >= wanted) & (key < wanted + LAST_SIGN)
    rows = _rows(connection, begins, most)
    is_whole = "@" in wanted and bool(rows)  # who types so much means the beginning
    if len(rows) < most and not is_whole:
        inside = or_(
            key.contains(wanted, autoescape=True), func.lower(subscriber.c.name).contains(wanted, autoescape=True)
        )
        rows += [row for row in _rows(connection, inside, most) if row not in rows][: most - len(rows)]
    held = _bulletins(connection, [number for number, _, _ in rows])
    return tuple(Found(number, address, name, tuple(held.get(number, ()))) for number, address, name in rows)


def _rows(connection: Connection, which: ColumnElement[bool], most: int) -> list[tuple[int, str, str]]:
    query = select(subscriber.c.id, subscriber.c.address, subscriber.c.name).where(which)
    found = connection.execute(query.order_by(subscriber.c.address_key).limit(most))
    return [(row.id, row.address, row.name) for row in found]


def _bulletins(connection: Connection, numbers: list[int]) -> dict[int, list[str]]:
    query = select(subscription.c.subscriber_id, subscription.c.bulletin).where(
        subscription.c.subscriber_id.in_(numbers), subscription.c.ended_at.is_(None)
    )
    found: dict[int, list[str]] = {}
    for row in connection.execute(query.order_by(subscription.c.id)):
        found.setdefault(row.subscriber_id, []).append(row.bulletin)
    return found
