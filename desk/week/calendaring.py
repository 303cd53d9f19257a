"""The calendar as staff see it: terms and breaks, the editions in them with their moments, and the same for a calendar programme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from builder.archive.ics import Entry, calendar, component, instant
from builder.calendar import Slot, known_numbers, slots
from builder.dates import say
from builder.items import last_moment
from builder.kinds import Event
from builder.model import Bulletin, Moment, Term

if TYPE_CHECKING:
    from builder.press import Press
    from delivery.schedule import Planned
    from desk.staff.model import Staff


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


def for_staff(
    press: Press, words: dict[str, str], stamp: datetime, who: Staff, planned: Iterable[Planned], *, approval: bool
) -> bytes:
    """A calendar to subscribe to. Everybody: editions, cut-offs, what readers must do by when; editors: what must be approved;
    senders: what is scheduled to leave."""
    zone, name = press.house.calendar.zone, words["ics-name"].format(name=press.house.publisher.name)
    lines = [component(one, zone) for place in coming(press) for one in _entries(press, place, words, stamp)]
    lines += [component(entry, zone) for entry in _deadlines(press, stamp)]
    if who.may("editor") and approval:
        lines += [_approval(press, place, words, stamp) for place in coming(press) if place.items]
    if who.may("sender"):
        lines += [_leaving(press, one, words, stamp) for one in planned if one.result == "waiting"]
    return calendar(press.house.publisher.name, lines, name)


READING_TIME = timedelta(hours=2)  # before an edition leaves: enough to read it, and to mend a line


def _approval(press: Press, place: Place, words: dict[str, str], stamp: datetime) -> str:
    title = words["ics-approve"].format(name=place.bulletin.name, day=say(place.slot.day))
    uid = f"ics-approve-{place.bulletin.id}-{place.slot.day}@{_host(press)}"
    url = f"{press.house.publisher.url}/desk/editions/{place.bulletin.id}/{place.slot.day}"
    return instant(uid, place.slot.sends - READING_TIME, title, url, stamp)


def _leaving(press: Press, one: Planned, words: dict[str, str], stamp: datetime) -> str:
    found = press.house.bulletins.get(one.bulletin)
    title = words["ics-leaves"].format(
        name=found.name if found else one.bulletin, day=say(date.fromisoformat(one.edition))
    )
    url = f"{press.house.publisher.url}/desk/send/{one.bulletin}/{one.edition}"
    return instant(f"ics-leaves-{one.bulletin}-{one.edition}@{_host(press)}", one.at, title, url, stamp)


def _deadlines(press: Press, stamp: datetime) -> Iterator[Entry]:
    """What readers are asked to do by a day; drafts are no promise yet."""
    today, zone = press.now.date(), press.house.calendar.zone
    for edition in press.content.editions:
        for item in edition.items:
            last = last_moment(item.details)
            if item.draft or last is None or isinstance(item.details, Event) or last.end(zone).date() < today:
                continue
            url = f"{press.house.publisher.url}/desk/editions/{edition.bulletin}/{edition.day}/{item.slug}"
            uid = f"ics-due-{edition.bulletin}-{item.slug}@{_host(press)}"
            yield Entry(uid=uid, stamp=stamp, title=item.title, text=item.summary, url=url, details=item.details)


def _host(press: Press) -> str:
    return press.house.publisher.email.rpartition("@")[2]


def _entries(press: Press, place: Place, words: dict[str, str], stamp: datetime) -> tuple[Entry, Entry]:
    url, slot = f"{press.house.publisher.url}/desk", place.slot

    def entry(which: str, at: datetime) -> Entry:
        there = at.astimezone(press.house.calendar.zone)
        title = words[which].format(name=place.bulletin.name, day=say(slot.day))
        uid = f"{which}-{place.bulletin.id}-{slot.day}@{_host(press)}"
        moment = Moment(there.date(), there.time())
        return Entry(uid=uid, stamp=stamp, title=title, text="", url=url, details=Event(moment))

    return entry("ics-closes", slot.cut_off), entry("ics-goes", slot.sends)
