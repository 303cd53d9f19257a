"""GovDelivery (Granicus): a row for each person and topic, or a row a person with how often they hear."""

from __future__ import annotations

from collections.abc import Callable

from subscribers.formats.columns import Cells, Columns
from subscribers.formats.format import Format

AT_ONCE = "0"  # DIGEST_FOR: 0 at once, 1 daily, 7 weekly


def _at_once(columns: Columns) -> Callable[[Cells], bool] | None:
    reading = columns.reading("digest for")
    return (lambda cells: reading(cells).strip() == AT_ONCE) if reading else None


TOPICS = Format(
    name="GovDelivery topics",
    needs=frozenset({"topic id", "topic name", "topic code", "destination"}),
    address=("destination",),
    names=(),
    proof=("topic code", "topic name", "subscriber id"),
)
DIGESTS = Format(
    name="GovDelivery digests",
    needs=frozenset({"destination", "subscriber type", "digest for"}),
    address=("destination",),
    names=(),
    proof=("digest for",),
    at_once=_at_once,
)
