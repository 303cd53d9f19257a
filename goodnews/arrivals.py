"""What came to the doors: each mail once, and what was set aside with its reason, for staff to look at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import goodnews as tables
from goodnews.model import Arrival

_ARRIVAL = tables.story_arrival
SENDER, TITLE = 320, 200  # characters that are kept


def note(connection: Connection, arrival: Arrival) -> bool:
    """Whether it is new; what is known already stays as it is."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {
        "key": arrival.key,
        "door": arrival.door,
        "at": arrival.at,
        "became": arrival.became,
        "reason": arrival.reason,
        "sender": arrival.sender[:SENDER],
        "title": arrival.title[:TITLE],
        "story_id": arrival.story_id,
    }
    made = dialect.insert(_ARRIVAL).values(values).on_conflict_do_nothing(index_elements=["key"])
    return connection.execute(made.returning(_ARRIVAL.c.id)).first() is not None


def known(connection: Connection, key: str) -> bool:
    return connection.execute(select(_ARRIVAL.c.id).where(_ARRIVAL.c.key == key)).first() is not None


def set_aside(connection: Connection, most: int = 200) -> list[Arrival]:
    """The newest first."""
    wanted = select(_ARRIVAL).where(_ARRIVAL.c.became == "set-aside")
    return [_arrival(row) for row in connection.execute(wanted.order_by(_ARRIVAL.c.id.desc()).limit(most))]


def from_sender(connection: Connection, sender: str, since: datetime) -> int:
    """How many of its mails came since then."""
    wanted = select(func.count()).where(_ARRIVAL.c.sender == sender[:SENDER], _ARRIVAL.c.at >= since)
    return connection.execute(wanted).scalar_one()


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(row.key, row.door, row.at, row.became, row.reason, row.sender, row.title, row.story_id)
