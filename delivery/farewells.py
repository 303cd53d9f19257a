"""How many left while a mailing was the newest of its bulletin: a number that stays when who left is forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import delivery as tables
from db.schema.notes import farewell as _farewell

AFTERWARDS = timedelta(days=7)  # who leaves later leaves for another reason

_mailing = tables.mailing


def count(connection: Connection, bulletin: str, at: datetime, number: int = 1) -> None:
    """In the transaction of the leaving; with -1 in that of its undoing, with the moment of the leaving."""
    newest = select(_mailing.c.id).where(
        _mailing.c.bulletin == bulletin,
        _mailing.c.kind == "edition",
        _mailing.c.frozen_at <= at,
        _mailing.c.frozen_at > at - AFTERWARDS,
    )
    found = connection.execute(newest.order_by(_mailing.c.frozen_at.desc()).limit(1)).scalar()
    if found is None:
        return
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_farewell)
    more = {"number": _farewell.c.number + number}
    row = insert.values(mailing_id=found, number=max(number, 0))
    connection.execute(row.on_conflict_do_update(index_elements=["mailing_id"], set_=more))


def of(connection: Connection, mailing_id: int) -> int:
    query = select(_farewell.c.number).where(_farewell.c.mailing_id == mailing_id)
    return max(0, int(connection.execute(query).scalar() or 0))
