"""An edition × what readers chose → the variants: one for each distinct set of items, however many ways lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from builder.audience import in_order, reaches
from builder.kinds import Event
from builder.model import Audiences, Bulletin, Edition, Item, Tags, Variant

ALL = "all"
EVERYTHING: Tags = frozenset()


def in_letters(edition: Edition, *, now: datetime, sends: datetime) -> tuple[Item, ...]:
    """The items that may be in the edition's letters: no draft, nothing held past the sending, nothing expired by it."""
    moment = max(now, sends)
    return tuple(i for i in edition.items if not i.draft and i.released_by(moment) and not i.expired_by(sends))


def in_order_of(bulletin: Bulletin, items: Iterable[Item]) -> tuple[Item, ...]:
    """As readers meet them: by section, then weight, then (events) date, then file name."""
    place = {section.id: n for n, section in enumerate(bulletin.sections)}

    def order(item: Item) -> tuple[int, int, str, str]:
        starts = item.details.starts.day.isoformat() if isinstance(item.details, Event) else ""
        return place.get(item.section, len(place)), item.weight, starts, item.slug

    return tuple(sorted(items, key=order))


def receives(items: Iterable[Item], tags: Tags, audiences: Audiences) -> tuple[str, ...]:
    """The slugs that reach a reader with these tags, in the order given."""
    return tuple(item.slug for item in items if reaches(item.audience, tags, audiences.axes))


def variants(items: tuple[Item, ...], choices: Iterable[Tags], audiences: Audiences) -> tuple[Variant, ...]:
    """`all` first, then one for each further set of items that some choice leads to, named by the first such choice.

    Earlier choices name a variant before later ones. An empty selection is no letter.
    """
    everything = tuple(item.slug for item in items)
    found: dict[tuple[str, ...], Variant] = {everything: Variant(ALL, everything)}
    for tags in choices:
        chosen = receives(items, tags, audiences)
        if chosen and chosen not in found:
            readers = in_order(tags, audiences)
            found[chosen] = Variant("+".join(readers), chosen, readers)
    return tuple(found.values())


def per_audience(items: tuple[Item, ...], audiences: Audiences) -> dict[str, int]:
    """How many of the items reach a reader who chose only this one audience: tag → number."""
    return {tag.id: len(receives(items, frozenset({tag.id}), audiences)) for tag in audiences.tags}
