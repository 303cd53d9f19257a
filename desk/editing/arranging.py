"""Where items stand: another section, another place in it. As few files change as the order allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from builder.model import Bulletin, Item
from builder.select import in_order_of

STEP = 10
LIMIT = 9_999  # a weight has four digits
USUAL = 50


@dataclass(frozen=True, slots=True)
class Move:
    """New header values of one item; None takes the header away."""

    item: Item
    headers: dict[str, str | None]


def placed(bulletin: Bulletin, items: Iterable[Item], section: str) -> list[Item]:
    """A section's items as readers meet them."""
    return [item for item in in_order_of(bulletin, items) if item.section == section]


def move(bulletin: Bulletin, items: Iterable[Item], item: Item, section: str, place: int) -> list[Move]:
    """`place`: how many items of that section stand before it. Nothing when it stands there already."""
    items = list(items)
    others = [one for one in placed(bulletin, items, section) if one.key != item.key]
    place = max(0, min(place, len(others)))
    wanted = [*others[:place], item, *others[place:]]
    if item.section == section and wanted == placed(bulletin, items, section):
        return []
    headers = {} if item.section == section else {"section": _section_header(bulletin, item, section)}
    weight = _between(others[place - 1 : place] if place else [], item, others[place : place + 1])
    if weight is not None:
        return [Move(item, {**headers, **_weight_header(item, weight)})]
    return [
        Move(one, {**(headers if one is item else {}), **_weight_header(one, STEP * n)})
        for n, one in enumerate(wanted, 1)
        if one.weight != STEP * n or (one is item and headers)
    ]


def _between(before: Sequence[Item], item: Item, after: Sequence[Item]) -> int | None:
    """A weight with which the item stands between those two; its own where that will do."""
    low = before[0].weight if before else (after[0].weight - STEP if after else item.weight)
    high = after[0].weight if after else low + STEP
    tries = [item.weight, *((low + high) // 2, low, high)]
    if not before:
        tries += [low]
    return next((w for w in tries if abs(w) <= LIMIT and _fits(before, item, w, after)), None)


def _fits(before: Sequence[Item], item: Item, weight: int, after: Sequence[Item]) -> bool:
    place = _order(item, weight)
    return all(_order(b, b.weight) < place for b in before) and all(place < _order(a, a.weight) for a in after)


def _order(item: Item, weight: int) -> tuple[int, str, str]:
    """As builder.select orders a section."""
    starts = getattr(item.details, "starts", None) if item.kind == "event" else None
    return weight, starts.day.isoformat() if starts else "", item.slug


def _section_header(bulletin: Bulletin, item: Item, section: str) -> str | None:
    return None if bulletin.section_of(item.kind) == section else section


def _weight_header(item: Item, weight: int) -> dict[str, str | None]:
    if weight == item.weight:
        return {}
    return {"weight": None if weight == USUAL else str(weight)}
