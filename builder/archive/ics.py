"""An event → a calendar file (RFC 5545). Times are UTC, so no calendar has to know the publisher's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from builder.items import last_moment
from builder.kinds import Event
from builder.model import Details, Moment

FOLD_OCTETS = 75
REFRESH = ("REFRESH-INTERVAL;VALUE=DURATION:PT12H", "X-PUBLISHED-TTL:PT12H")
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


class Entry(Struct, frozen=True, kw_only=True):
    uid: str
    """Never changes, so a calendar that has it changes it instead of adding another."""
    stamp: datetime
    title: str
    text: str
    url: str
    details: Details
    """An event, or something that closes on a day."""
    sequence: int = 0
    """Rises with every correction."""
    cancelled: bool = False


def calendar(publisher: str, components: Iterable[str], name: str = "") -> bytes:
    """`components`: from `component`. `name`: as a calendar programme shows it, when it is one to subscribe to."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{_flat(publisher)}//Bulletin//EN", "METHOD:PUBLISH"]
    if name:
        head += [f"NAME:{escaped(name)}", f"X-WR-CALNAME:{escaped(name)}", *REFRESH]
    return (_lines(head) + "".join(components) + _lines(["END:VCALENDAR"])).encode("utf-8")


def component(entry: Entry, zone: ZoneInfo) -> str:
    """The folded lines of one VEVENT."""
    return _lines(_event(entry, zone))


def instant(uid: str, at: datetime, title: str, url: str, stamp: datetime) -> str:
    """Something that happens at a moment and takes nobody's time."""
    return _lines(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTAMP:{_utc(stamp)}",
            f"DTSTART:{_utc(at)}",
            f"SUMMARY:{escaped(title)}",
            f"URL:{url}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    )


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(entry: Entry, zone: ZoneInfo) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"DTSTAMP:{_utc(entry.stamp)}"
    yield f"SEQUENCE:{entry.sequence}"
    yield from _when(entry.details, zone)
    yield f"SUMMARY:{escaped(entry.title)}"
    if isinstance(entry.details, Event) and entry.details.venue:
        yield f"LOCATION:{escaped(entry.details.venue)}"
    if entry.text:
        yield f"DESCRIPTION:{escaped(entry.text)}"
    yield f"URL:{entry.url}"
    if entry.cancelled:
        yield "STATUS:CANCELLED"
    if not isinstance(entry.details, Event):
        yield "TRANSP:TRANSPARENT"  # a last day keeps nobody from a meeting
    yield "END:VEVENT"


def _when(details: Details, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(details, Event):
        yield from _span(details.starts, details.ends, zone)
        return
    last = last_moment(details)
    assert last is not None
    yield from _span(last, None, zone)


def _span(starts: Moment, ends: Moment | None, zone: ZoneInfo) -> Iterator[str]:
    """Whole days when no time is given; their end is the day after the last (RFC 5545, 3.6.1)."""
    if starts.at is None:
        last = max(ends.day, starts.day) if ends else starts.day
        yield f"DTSTART;VALUE=DATE:{starts.day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"
        return
    first = starts.moment(zone)
    yield f"DTSTART:{_utc(first)}"
    if ends and (end := ends.end(zone)).timestamp() > first.timestamp():
        yield f"DTEND:{_utc(end)}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _flat(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split())


def escaped(text: str) -> str:
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\\n")


def folded(line: str) -> str:
    """Lines of at most 75 octets; no character is cut in two (RFC 5545, 3.1)."""
    raw = line.encode("utf-8")
    parts, start, room = [], 0, FOLD_OCTETS
    while len(raw) - start > room:
        end = start + room
        while raw[end] & 0b1100_0000 == 0b1000_0000:  # inside a character
            end -= 1
        parts.append(raw[start:end])
        start, room = end, FOLD_OCTETS - 1
    return b"\r\n ".join([*parts, raw[start:]]).decode("utf-8")
