"""An event → a calendar file (RFC 5545). Times are UTC, so no calendar has to know the publisher's time zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from builder.kinds import Event
from builder.model import Moment

FOLD_OCTETS = 75
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    uid: str
    """Never changes, so a calendar that has the event changes it instead of adding another."""
    stamp: datetime
    title: str
    text: str
    url: str
    event: Event


def calendar(publisher: str, entries: Iterable[Entry], zone: ZoneInfo) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{_flat(publisher)}//Bulletin//EN", "METHOD:PUBLISH"]
    for entry in entries:
        lines += _event(entry, zone)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode("utf-8")


def _event(entry: Entry, zone: ZoneInfo) -> Iterator[str]:
    event = entry.event
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"DTSTAMP:{_utc(entry.stamp)}"
    yield from _span(event.starts, event.ends, zone)
    yield f"SUMMARY:{escaped(entry.title)}"
    if event.venue:
        yield f"LOCATION:{escaped(event.venue)}"
    if entry.text:
        yield f"DESCRIPTION:{escaped(entry.text)}"
    yield f"URL:{entry.url}"
    yield "END:VEVENT"


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
    parts, room, part = [], FOLD_OCTETS, ""
    for character in line:
        width = len(character.encode("utf-8"))
        if width > room:
            parts.append(part)
            part, room = " ", FOLD_OCTETS - 1
        part += character
        room -= width
    return "\r\n".join([*parts, part])
