"""Who has an item open, and what they typed and did not save: kept on the server, so that a closed tab loses nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from builder.model import ItemKey
from db.schema.staff import open_item, staff
from desk.editing.fields import Filled

HERE = timedelta(minutes=3)  # a page that is open says so every minute
FORGOTTEN = timedelta(days=60)  # what nobody came back for


@dataclass(frozen=True, slots=True)
class Opening:
    """`filled`: what was typed; None when the item is only being looked at."""

    item: str
    staff_id: int
    name: str
    seen_at: datetime
    mark: str
    filled: Filled | None

    def is_here(self, now: datetime) -> bool:
        return now - self.seen_at < HERE


def look_in(connection: Connection, key: ItemKey, who: int, mark: str, now: datetime) -> None:
    """They have it open; what they typed before stays as it is."""
    _put(connection, key, who, {"seen_at": now, "mark": mark}, keep=("seen_at",))


def keep(connection: Connection, key: ItemKey, who: int, mark: str, filled: Filled, now: datetime) -> None:
    """`mark`: of the file that their form was made from."""
    form = json.dumps({"values": dict(filled.values), "body": filled.body}, ensure_ascii=False)
    _put(connection, key, who, {"seen_at": now, "mark": mark, "form": form}, keep=("seen_at", "mark", "form"))


def _put(connection: Connection, key: ItemKey, who: int, values: dict[str, Any], *, keep: tuple[str, ...]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"bulletin": key.bulletin, "edition": str(key.day), "item": key.slug, "staff_id": who, "form": "", **values}
    statement = insert(open_item).values(row)
    known = ["bulletin", "edition", "item", "staff_id"]
    connection.execute(statement.on_conflict_do_update(index_elements=known, set_={name: row[name] for name in keep}))


def let_go(connection: Connection, key: ItemKey, who: int) -> None:
    """What they typed is saved, or they want none of it."""
    connection.execute(delete(open_item).where(_of(key), open_item.c.staff_id == who))


def renamed(connection: Connection, old: ItemKey, new: ItemKey) -> None:
    connection.execute(update(open_item).where(_of(old)).values(item=new.slug))


def forget_old(connection: Connection, now: datetime) -> None:
    connection.execute(delete(open_item).where(open_item.c.seen_at < now - FORGOTTEN))


def of_item(connection: Connection, key: ItemKey) -> list[Opening]:
    return _read(connection, _of(key))


def of_edition(connection: Connection, bulletin: str, edition: str) -> list[Opening]:
    return _read(connection, and_(open_item.c.bulletin == bulletin, open_item.c.edition == edition))


def _of(key: ItemKey) -> ColumnElement[bool]:
    named = (open_item.c.bulletin == key.bulletin, open_item.c.edition == str(key.day), open_item.c.item == key.slug)
    return and_(*named)


def _read(connection: Connection, where: ColumnElement[bool]) -> list[Opening]:
    columns = (
        *(open_item.c[n] for n in ("item", "staff_id", "seen_at", "mark", "form")),
        staff.c.name,
        staff.c.address,
    )
    query = select(*columns).join(staff, staff.c.id == open_item.c.staff_id).where(where).order_by(staff.c.id)
    return [
        Opening(row.item, row.staff_id, row.name or row.address, row.seen_at, row.mark, _filled(row.form))
        for row in connection.execute(query)
    ]


def _filled(form: str) -> Filled | None:
    if not form:
        return None
    held: Mapping[str, Any] = json.loads(form)
    return Filled(held["values"], held["body"])
