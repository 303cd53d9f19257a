"""Numbers that staff plan with; in anything public, small ones are hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from db.schema.subscribers import consent_event, subscription
from subscribers.choices import Axes, Group, bits, groups, is_reading

SMALLEST_SHOWN = 5  # C14: fewer could tell who they are


@dataclass(frozen=True, slots=True)
class Month:
    """`month` as 2025-01; how many subscriptions began and ended in it."""

    month: str
    began: int
    ended: int


def _numbers(connection: Connection, query: Select[Any]) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def for_public(number: int) -> int | None:
    """The number, or None when it must not be shown. None is one to four: nobody is nobody."""
    return number if number == 0 or number >= SMALLEST_SHOWN else None


def readers(connection: Connection, today: date) -> dict[str, int]:
    """Readers of each bulletin: open and not paused."""
    current = (subscription.c.paused_until.is_(None)) | (subscription.c.paused_until <= today)
    query = (
        select(subscription.c.bulletin, func.count())
        .where(subscription.c.ended_at.is_(None), current)
        .group_by(subscription.c.bulletin)
    )
    return _numbers(connection, query)


def paused(connection: Connection, today: date) -> dict[str, int]:
    """Open subscriptions that are paused, by bulletin."""
    query = (
        select(subscription.c.bulletin, func.count())
        .where(subscription.c.ended_at.is_(None), subscription.c.paused_until > today)
        .group_by(subscription.c.bulletin)
    )
    return _numbers(connection, query)


def per_audience(connection: Connection, bulletin: str, axes: Axes, today: date) -> dict[str, int]:
    """How many readers have chosen each audience. Who wants everything has chosen none, and is not among them."""
    places = {tag: bit for tag, bit in bits(connection).items() if any(tag in tags for tags in axes.values())}
    if not places:
        return {}
    chose = [
        func.coalesce(func.sum(case((subscription.c.choices.op("&")(1 << bit) != 0, 1), else_=0)), 0)
        for bit in places.values()
    ]
    selecting = subscription.c.amount == "selection"
    row = connection.execute(select(*chose).where(is_reading(bulletin, today), selecting)).one()
    return dict(zip(places, (int(number) for number in row), strict=True))


def sources(connection: Connection, bulletin: str) -> dict[str, int]:
    """Where the open subscriptions came from: signed-up, imported, merged, staff, changed."""
    query = (
        select(subscription.c.source, func.count())
        .where(subscription.c.bulletin == bulletin, subscription.c.ended_at.is_(None))
        .group_by(subscription.c.source)
    )
    return _numbers(connection, query)


def lists(connection: Connection, bulletin: str) -> dict[str, int]:
    """How many readers each old list brought, by the name it was imported under; one reader may be in several."""
    query = (
        select(consent_event.c.source, func.count(func.distinct(consent_event.c.subscriber_id)))
        .where(consent_event.c.bulletin == bulletin, consent_event.c.what.in_(("imported", "joined")))
        .group_by(consent_event.c.source)
    )
    return _numbers(connection, query)


def growth(connection: Connection, bulletin: str, since: datetime) -> tuple[Month, ...]:
    """Beginnings and endings month by month (UTC)."""
    began = _by_month(connection, subscription.c.started_at, bulletin, since)
    ended = _by_month(connection, subscription.c.ended_at, bulletin, since)
    return tuple(
        Month(month, began.get(month, 0), ended.get(month, 0)) for month in sorted(began.keys() | ended.keys())
    )


def _by_month(connection: Connection, column: object, bulletin: str, since: datetime) -> dict[str, int]:
    moment = getattr(subscription.c, column.key)  # type: ignore[attr-defined]
    if connection.dialect.name == "postgresql":
        month = func.to_char(moment, "YYYY-MM")
    else:
        month = func.strftime("%Y-%m", moment)
    query = select(month, func.count()).where(subscription.c.bulletin == bulletin, moment >= since).group_by(month)
    return _numbers(connection, query)


Reaches = Callable[
    [frozenset[str], frozenset[str]], bool
]  # (the item's audience, the reader's) → whether it is for them


def reach(
    connection: Connection, bulletin: str, items: Sequence[frozenset[str]], axes: Axes, today: date, reaches: Reaches
) -> tuple[int, ...]:
    """How many readers each item of an edition reaches. `reaches` is the builder's own rule."""
    found = groups(connection, bulletin, frozenset[str]().union(*items), axes, today)
    return tuple(sum(group.readers for group in found if _gets(group, item, reaches)) for item in items)


def _gets(group: Group, item: frozenset[str], reaches: Reaches) -> bool:
    return group.amount == "everything" or reaches(item, group.audiences)


def public(numbers: Mapping[str, int] | Iterable[tuple[str, int]]) -> dict[str, int | None]:
    """The same numbers with the small ones hidden."""
    return {name: for_public(number) for name, number in dict(numbers).items()}
