"""What is to come: the calendar's editions beside what has been written for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from builder.calendar import Slot, known_numbers, slots
from builder.dates import say, say_clock

if TYPE_CHECKING:
    from builder.press import Press


@dataclass(frozen=True, slots=True)
class Coming:
    bulletin: str
    slot: Slot
    items: int | None
    """How many items are written; None when the edition has not been begun."""

    def as_json(self) -> dict[str, Any]:
        return {
            "bulletin": self.bulletin,
            "date": str(self.slot.day),
            "number": self.slot.number,
            "cut_off": self.slot.cut_off.isoformat(),
            "sends": self.slot.sends.isoformat(),
            "term": self.slot.term,
            "notes": sorted(self.slot.notes),
            "items": self.items,
        }

    def as_line(self) -> str:
        number = f"no. {self.slot.number}" if self.slot.number else ""
        closes = f"copy closes {say(self.slot.cut_off.date())}, {say_clock(self.slot.cut_off.time())}"
        written = "not begun" if self.items is None else f"{self.items} items"
        notes = ", ".join(note.replace("-", " ") for note in sorted(self.slot.notes))
        parts = [f"{self.bulletin:10} {say(self.slot.day):27}", f"{number:8}", closes, written, notes]
        return "  ".join(part for part in parts if part.strip())


def coming(press: Press, bulletin: str | None, count: int) -> list[Coming]:
    """The next `count` editions of each bulletin that has a weekday, by date."""
    today = press.now.date()
    last = max((term.last for term in press.house.calendar.terms), default=date.min)
    rows = []
    for one in press.house.bulletins.values():
        if bulletin in (None, one.id):
            known = known_numbers(press.content.editions, one)
            first = min([*known, today])
            ahead = [s for s in slots(one, press.house.calendar, first, last, known) if s.sends >= press.now]
            rows += [Coming(one.id, slot, _written(press, one.id, slot.day)) for slot in ahead[:count]]
    return sorted(rows, key=lambda row: (row.slot.day, row.bulletin))


def _written(press: Press, bulletin: str, day: date) -> int | None:
    edition = press.content.edition(bulletin, day)
    return len(edition.items) if edition else None
