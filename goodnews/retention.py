"""Forgetting: contact details and photos of stories that have come to their end, and all that is held of one address (C9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, not_, select, update

from db.schema import goodnews as tables

_STORY, _PHOTO, _EVENT, _ARRIVAL = tables.story, tables.story_photo, tables.story_event, tables.story_arrival
CONSENT = "consent-was"  # the line of history that says what had been agreed to, once the photo is gone
_NOBODY = {"contact_name": "", "contact_role": "", "contact_address": ""}


@dataclass(frozen=True, slots=True)
class Keep:
    """Days after a story's last change, as the privacy notice says."""

    contact_days: int = 183
    """Of a published story: half a year, in which somebody may still ask what was meant."""
    declined_days: int = 31
    """Of a story that was declined, withdrawn, or only suggested by a feed; its photos go with the contact details."""
    photo_days: int = 90
    """Our copies of photos that are published: the item has its own."""
    arrival_days: int = 90


CONSENT_DAYS = 365  # the record of a consent outlives the photo by a year


def run(connection: Connection, keep: Keep, now: datetime) -> int:
    """How many stories, photos and lines were forgotten. Stories that still wait for somebody keep everything."""
    published = _changed(connection, ("published",), now - timedelta(days=keep.contact_days))
    over = _changed(connection, ("declined", "withdrawn", "suggested"), now - timedelta(days=keep.declined_days))
    _forget(connection, [*published, *over], now)
    photos = connection.execute(delete(_PHOTO).where(_PHOTO.c.story_id.in_(over))).rowcount
    old = (_EVENT.c.what == CONSENT, _EVENT.c.at < now - timedelta(days=CONSENT_DAYS))
    lines = connection.execute(delete(_EVENT).where(*old)).rowcount
    before = now - timedelta(days=keep.arrival_days)
    arrivals = connection.execute(delete(_ARRIVAL).where(_ARRIVAL.c.at < before)).rowcount
    return len(published) + len(over) + photos + lines + arrivals


def _changed(connection: Connection, states: Sequence[str], before: datetime) -> Sequence[int]:
    old = (_STORY.c.state.in_(states), _STORY.c.changed_at < before, _STORY.c.forgotten_at.is_(None))
    return connection.execute(select(_STORY.c.id).where(*old)).scalars().all()


def photos_in_use(connection: Connection, keep: Keep, now: datetime) -> set[str]:
    """Every photo whose files somebody may still look at: all other files may go."""
    published = _STORY.c.state == "published"
    old = and_(published, _STORY.c.changed_at < now - timedelta(days=keep.photo_days))
    wanted = select(_PHOTO.c.name).join_from(_PHOTO, _STORY).where(not_(old))
    return set(connection.execute(wanted).scalars())


def forget(connection: Connection, address: str, now: datetime) -> int:
    """A person's address, name and role go from every story, and their mails from the arrivals; the stories stay (C7)."""
    wanted = select(_STORY.c.id).where(func.lower(_STORY.c.contact_address) == address.lower())
    found = connection.execute(wanted).scalars().all()
    _forget(connection, found, now)
    return len(found) + connection.execute(delete(_ARRIVAL).where(_ARRIVAL.c.sender == address.lower())).rowcount


def _forget(connection: Connection, stories: Sequence[int], now: datetime) -> None:
    """What was written back and forth goes too."""
    if not stories:
        return
    connection.execute(update(_STORY).where(_STORY.c.id.in_(stories)).values(**_NOBODY, forgotten_at=now))
    said = (_EVENT.c.story_id.in_(stories), _EVENT.c.what != CONSENT)
    connection.execute(update(_EVENT).where(*said).values(words=""))
    connection.execute(delete(_ARRIVAL).where(_ARRIVAL.c.story_id.in_(stories)))
    lines = [{"story_id": story, "at": now, "what": "forgotten", "actor": "retention"} for story in stories]
    connection.execute(insert(_EVENT), lines)


def everything(connection: Connection, address: str) -> list[dict[str, Any]]:
    """All that is held of a person who sent stories: for their right to see it (C8)."""
    mine = select(_STORY).where(func.lower(_STORY.c.contact_address) == address.lower()).order_by(_STORY.c.id)
    wanted = ("reference", "state", "school", "title", "summary", "body", *_NOBODY, "received_at", "changed_at")
    stories = [{name: _plain(getattr(row, name)) for name in wanted} for row in connection.execute(mine)]
    came = select(_ARRIVAL).where(_ARRIVAL.c.sender == address.lower()).order_by(_ARRIVAL.c.id)
    arrivals = [
        {"door": row.door, "at": _plain(row.at), "became": row.became, "title": row.title}
        for row in connection.execute(came)
    ]
    return [*stories, *arrivals]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
