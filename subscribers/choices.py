"""Readers' choices as the builder needs them: audiences as bits, and a million readers in groups by one GROUP BY.

A reader's audiences are the bits of one whole number, so that the database can cut them down to what an edition asks about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, func, insert, or_, select

from db.schema.subscribers import audience_tag, subscriber, subscription
from subscribers.model import Amount, SubscribersError

MOST_TAGS = 62
_BITS = select(audience_tag.c.bit, audience_tag.c.tag)
Axes = Mapping[str, Iterable[str]]  # axis → its audience tags


def bits(connection: Connection) -> dict[str, int]:
    """Every audience tag that was ever used, with its bit."""
    return {tag: bit for bit, tag in connection.execute(_BITS)}


_seen: WeakKeyDictionary[Engine, dict[str, int]] = WeakKeyDictionary()


def audiences(connection: Connection, mask: int) -> frozenset[str]:
    """The audiences of one reader. A tag keeps its bit for ever, so the table is read again only for a bit not seen yet."""
    known = _seen.get(connection.engine, {})
    if mask & ~sum(1 << bit for bit in known.values()):
        known = _seen[connection.engine] = bits(connection)
    return from_mask(mask, known)


def remembered(engine: Engine, masks: Sequence[int]) -> list[frozenset[str]] | None:
    """The same for several readers from what was read before; None when one has a bit that was not seen yet."""
    known = _seen.get(engine, {})
    if any(mask & ~sum(1 << bit for bit in known.values()) for mask in masks):
        return None
    return [from_mask(mask, known) for mask in masks]


def allot(connection: Connection, tags: Iterable[str]) -> dict[str, int]:
    """Give each new tag the next bit; a tag keeps its bit for ever, even when it leaves the settings. Needs a writer."""
    known = bits(connection)
    fresh = sorted(set(tags) - known.keys())
    if len(known) + len(fresh) > MOST_TAGS:
        raise SubscribersError(
            f"There can be {MOST_TAGS} audience tags; {len(known)} were used and {len(fresh)} are new."
        )
    for bit, tag in enumerate(fresh, max(known.values(), default=-1) + 1):
        connection.execute(insert(audience_tag), {"bit": bit, "tag": tag})
        known[tag] = bit
    return known


def to_mask(audiences: Iterable[str], places: Mapping[str, int]) -> int:
    """Audiences as a number; raises SubscribersError for one without a bit."""
    mask = 0
    for tag in audiences:
        if tag not in places:
            raise SubscribersError(f'"{tag}" is not an audience.')
        mask |= 1 << places[tag]
    return mask


def from_mask(mask: int, places: Mapping[str, int]) -> frozenset[str]:
    """The number's audiences."""
    return frozenset(tag for tag, bit in places.items() if mask >> bit & 1)


@dataclass(frozen=True, slots=True)
class Group:
    """Readers who cannot be told apart by what the edition asks about. `key` is what `readers_of` gives for each of them."""

    key: int
    audiences: frozenset[str]
    amount: Amount
    readers: int


EVERYTHING = -1  # the key of those who want everything; a mask is never negative


@dataclass(frozen=True, slots=True)
class _Asked:
    """One axis of an edition: the bits of the tags that its items name, and of the other tags of that axis."""

    named: int
    rest: int

    @property
    def other(self) -> int:
        """The tag that stands for all of the rest."""
        return self.rest & -self.rest


def _asked(used: Iterable[str], axes: Axes, places: Mapping[str, int]) -> tuple[_Asked, ...]:
    named = set(used)
    found = []
    for tags in axes.values():
        here = [tag for tag in tags if tag in places]
        of_items = to_mask((tag for tag in here if tag in named), places)
        rest = to_mask((tag for tag in here if tag not in named), places)
        if of_items:
            found.append(_Asked(of_items, rest))
    return tuple(found)


def _cut_down(mask: int, asked: tuple[_Asked, ...]) -> int:
    """What is left of a reader's choices for an edition.

    On each axis that the edition names: the reader's own tags among those named. A reader who chose on that axis, but none of
    those, must not look like one who chose nothing: they keep one tag of the axis that no item names.
    """
    key = 0
    for axis in asked:
        key |= mask & axis.named or (axis.other if mask & axis.rest else 0)
    return key


def _cut_down_in_sql(asked: tuple[_Asked, ...]) -> ColumnElement[int]:
    """The same for the database."""
    chosen = subscription.c.choices
    key: ColumnElement[int] = chosen.op("&")(sum(axis.named for axis in asked))
    for axis in asked:
        if axis.rest:
            elsewhere = and_(chosen.op("&")(axis.named) == 0, chosen.op("&")(axis.rest) != 0)
            key = key + case((elsewhere, axis.other), else_=0)
    return case((subscription.c.amount == "everything", EVERYTHING), else_=key)


def is_reading(bulletin: str, today: date) -> ColumnElement[bool]:
    """Open and not paused."""
    return (
        (subscription.c.bulletin == bulletin)
        & subscription.c.ended_at.is_(None)
        & or_(subscription.c.paused_until.is_(None), subscription.c.paused_until <= today)
    )


def groups(connection: Connection, bulletin: str, used: Iterable[str], axes: Axes, today: date) -> tuple[Group, ...]:
    """The distinct reader choices that matter for an edition, each with its readers.

    One GROUP BY over the whole choices, of which there are few; they are cut down to what the edition asks about here.
    """
    places = bits(connection)
    asked = _asked(used, axes, places)
    whole = case((subscription.c.amount == "everything", EVERYTHING), else_=subscription.c.choices).label("whole")
    query = select(whole, func.count()).where(is_reading(bulletin, today)).group_by(whole)
    readers: dict[int, int] = {}
    for mask, number in connection.execute(query):
        key = EVERYTHING if mask == EVERYTHING else _cut_down(mask, asked)
        readers[key] = readers.get(key, 0) + number
    return tuple(_group(key, readers[key], places) for key in sorted(readers))


def _group(key: int, readers: int, places: Mapping[str, int]) -> Group:
    if key == EVERYTHING:
        return Group(key, frozenset(), "everything", readers)
    return Group(key, from_mask(key, places), "selection", readers)


def readers_of(
    connection: Connection, bulletin: str, used: Iterable[str], axes: Axes, today: date
) -> Select[tuple[int, int, str, int]]:
    """A query for `INSERT … SELECT`: subscriber_id, subscription_id, address, group_key of everybody who is to be sent it."""
    key = _cut_down_in_sql(_asked(used, axes, bits(connection))).label("group_key")
    return (
        select(
            subscriber.c.id.label("subscriber_id"),
            subscription.c.id.label("subscription_id"),
            subscriber.c.address,
            key,
        )
        .join_from(subscription, subscriber, subscription.c.subscriber_id == subscriber.c.id)
        .where(is_reading(bulletin, today))
    )


@dataclass(frozen=True, slots=True)
class AtOnce:
    """A reader to whom actions come by themselves, too."""

    subscriber_id: int
    address: str
    amount: Amount
    audiences: frozenset[str]


def at_once(connection: Connection, bulletin: str, today: date) -> list[AtOnce]:
    places = bits(connection)
    query = (
        select(subscriber.c.id, subscriber.c.address, subscription.c.amount, subscription.c.choices)
        .join_from(subscription, subscriber, subscription.c.subscriber_id == subscriber.c.id)
        .where(is_reading(bulletin, today), subscription.c.frequency == "actions-at-once")
        .order_by(subscriber.c.id)
    )
    rows = connection.execute(query)
    return [AtOnce(row.id, row.address, row.amount, from_mask(row.choices, places)) for row in rows]
