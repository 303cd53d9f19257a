"""The calendar as staff see it: terms and breaks, the editions in them with their moments, and the same for a calendar programme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from builder.archive.ics import Entry, calendar, component
from builder.calendar import Slot, known_numbers, slots
from builder.dates import say
from builder.kinds import Event
from builder.model import Bulletin, Moment, Term

if TYPE_CHECKING:
    from builder.press import Press


@dataclass(frozen=True, slots=True)
class Place:
    """An edition that the calendar foresees. `items`: how many are written; None when it has not been begun."""

    bulletin: Bulletin
    slot: Slot
    items: int | None


@dataclass(frozen=True, slots=True)
class Year:
    """One term, and its editions that are still to come."""

    term: Term
    is_over: bool
    places: tuple[Place, ...]


def terms(press: Press) -> tuple[Year, ...]:
    """Every term of the settings, the one that runs and those to come first."""
    today, places = press.now.date(), tuple(coming(press))
    found = [
        Year(term, term.last < today, tuple(p for p in places if term.first <= p.slot.day <= term.last))
        for term in press.house.calendar.terms
    ]
    return tuple(sorted(found, key=lambda year: (year.is_over, year.term.first)))


def coming(press: Press) -> list[Place]:
    today = press.now.date()
    last = max((term.last for term in press.house.calendar.terms), default=today)
    found = []
    for bulletin in press.house.bulletins.values():
        known = known_numbers(press.content.editions, bulletin)
        for slot in slots(bulletin, press.house.calendar, min([*known, today]), last, known):
            if slot.sends >= press.now:
                edition = press.content.edition(bulletin.id, slot.day)
                found.append(Place(bulletin, slot, len(edition.items) if edition else None))
    return sorted(found, key=lambda place: (place.slot.day, not place.bulletin.main))


def as_ics(press: Press, words: dict[str, str], stamp: datetime) -> bytes:
    """Two entries an edition: when its copy closes, and when it goes out."""
    entries = [entry for place in coming(press) for entry in _entries(press, place, words, stamp)]
    return calendar(press.house.publisher.name, [component(entry, press.house.calendar.zone) for entry in entries])


def _entries(press: Press, place: Place, words: dict[str, str], stamp: datetime) -> tuple[Entry, Entry]:
    url, slot = f"{press.house.publisher.url}/desk", place.slot
    host = press.house.publisher.email.rpartition("@")[2]

    def entry(which: str, at: datetime) -> Entry:
        there = at.astimezone(press.house.calendar.zone)
        title = words[which].format(name=place.bulletin.name, day=say(slot.day))
        uid = f"{which}-{place.bulletin.id}-{slot.day}@{host}"
        moment = Moment(there.date(), there.time())
        return Entry(uid=uid, stamp=stamp, title=title, text="", url=url, details=Event(moment))

    return entry("ics-closes", slot.cut_off), entry("ics-goes", slot.sends)
