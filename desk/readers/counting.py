"""The numbers that staff plan with. They are for the desk; what the public sees hides small ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import db
from builder.audience import reaches
from desk.readers.register import Register
from subscribers import counts

if TYPE_CHECKING:
    from builder.press import Press

YEAR = timedelta(days=365)


def counted(register: Register, bulletin: str, day: date | None, press: Press) -> dict[str, Any]:
    today = press.now.date()
    since = datetime.combine(today, datetime.min.time(), UTC) - YEAR
    with db.reading(register.engine) as connection:
        found: dict[str, Any] = {
            "bulletin": bulletin,
            "readers": counts.readers(connection, today).get(bulletin, 0),
            "paused": counts.paused(connection, today).get(bulletin, 0),
            "audiences": counts.per_audience(connection, bulletin, register.axes, today),
            "sources": counts.sources(connection, bulletin),
            "lists": counts.lists(connection, bulletin),
            "growth": {
                m.month: {"began": m.began, "ended": m.ended} for m in counts.growth(connection, bulletin, since)
            },
        }
        edition = press.content.edition(bulletin, day) if day else None
        if edition:
            found["items"] = _reach(connection, register, edition, press, today)
    return found


def _reach(connection: Any, register: Register, edition: Any, press: Press, today: date) -> dict[str, int]:
    items = press.items(edition)
    axes = register.settings.house.audiences.axes

    def rule(item: frozenset[str], reader: frozenset[str]) -> bool:
        return reaches(item, reader, axes)

    tags = [item.audience for item in items]
    numbers = counts.reach(connection, edition.bulletin, tags, register.axes, today, rule)
    return dict(zip((item.slug for item in items), numbers, strict=True))


def told(numbers: dict[str, Any]) -> str:
    lines = [f"{numbers['bulletin']}: {numbers['readers']:,} readers, {numbers['paused']:,} paused"]
    for title in ("audiences", "sources", "lists", "items"):
        if numbers.get(title):
            lines += ["", f"{title}:", *(f"  {number:>9,}  {name}" for name, number in numbers[title].items())]
    if numbers["growth"]:
        months = ((m, g["began"], g["ended"]) for m, g in numbers["growth"].items())
        lines += ["", "growth:", *(f"  {month}  +{began:,}  -{ended:,}" for month, began, ended in months)]
    return "\n".join(lines)
