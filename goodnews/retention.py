"""Forgetting: contact details and photos of stories that have come to their end, and all that is held of one address (C9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from db.schema import goodnews as tables

_STORY, _PHOTO, _EVENT, _ARRIVAL = tables.story, tables.story_photo, tables.story_event, tables.story_arrival
_ENDED = ("published", "declined", "withdrawn", "suggested")
_NOBODY = {"contact_name": "", "contact_role": "", "contact_address": ""}


@dataclass(frozen=True, slots=True)
class Keep:
    """Days after a story's last change."""

    contact_days: int = 180  # half a school year: time enough to ask what was meant
    photo_days: int = 90  # of our copies; what was published stays with its edition until it is withdrawn
    arrival_days: int = 90


def run(connection: Connection, keep: Keep, now: datetime) -> int:
    """How many stories, photos and arrivals were forgotten. Stories that still wait for somebody keep everything."""
    people = _stories(connection, _STORY.c.changed_at < now - timedelta(days=keep.contact_days), forgotten=False)
    _forget(connection, people, now)
    old = _stories(connection, _STORY.c.changed_at < now - timedelta(days=keep.photo_days))
    photos = connection.execute(delete(_PHOTO).where(_PHOTO.c.story_id.in_(old))).rowcount
    before = now - timedelta(days=keep.arrival_days)
    arrivals = connection.execute(delete(_ARRIVAL).where(_ARRIVAL.c.at < before)).rowcount
    return len(people) + photos + arrivals


def _stories(connection: Connection, *conditions: Any, forgotten: bool = True) -> Sequence[int]:
    wanted = select(_STORY.c.id).where(_STORY.c.state.in_(_ENDED), *conditions)
    wanted = wanted if forgotten else wanted.where(_STORY.c.forgotten_at.is_(None))
    return connection.execute(wanted).scalars().all()


def forget(connection: Connection, address: str, now: datetime) -> int:
    """A person's address, name and role go from every story, and their mails from the arrivals; the stories stay (C7)."""
    wanted = select(_STORY.c.id).where(_STORY.c.contact_address == address)
    found = connection.execute(wanted).scalars().all()
    _forget(connection, found, now)
    return len(found) + connection.execute(delete(_ARRIVAL).where(_ARRIVAL.c.sender == address)).rowcount


def _forget(connection: Connection, stories: Sequence[int], now: datetime) -> None:
    """What was written back and forth goes too."""
    if not stories:
        return
    connection.execute(update(_STORY).where(_STORY.c.id.in_(stories)).values(**_NOBODY, forgotten_at=now))
    connection.execute(update(_EVENT).where(_EVENT.c.story_id.in_(stories)).values(words=""))
    connection.execute(delete(_ARRIVAL).where(_ARRIVAL.c.story_id.in_(stories)))
    lines = [{"story_id": story, "at": now, "what": "forgotten", "actor": "retention"} for story in stories]
    connection.execute(insert(_EVENT), lines)


def everything(connection: Connection, address: str) -> list[dict[str, Any]]:
    """All that is held of a person who sent stories: for their right to see it (C8)."""
    mine = select(_STORY).where(_STORY.c.contact_address == address).order_by(_STORY.c.id)
    wanted = ("reference", "state", "school", "title", "summary", "body", *_NOBODY, "received_at", "changed_at")
    stories = [{name: _plain(getattr(row, name)) for name in wanted} for row in connection.execute(mine)]
    came = select(_ARRIVAL).where(_ARRIVAL.c.sender == address).order_by(_ARRIVAL.c.id)
    arrivals = [
        {"door": row.door, "at": _plain(row.at), "became": row.became, "title": row.title}
        for row in connection.execute(came)
    ]
    return [*stories, *arrivals]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
