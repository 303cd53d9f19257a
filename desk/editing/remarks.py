"""What staff say to each other about an item or an edition: who, when, and whether it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select, update

from builder.model import ItemKey
from db.schema.staff import remark, staff
from desk.editing import plain

LONGEST = 2_000  # characters


@dataclass(frozen=True, slots=True)
class Remark:
    id: int
    item: str
    by: str
    by_id: int
    at: datetime
    words: str
    settled_at: datetime | None
    settled_by: str


def say(connection: Connection, key: ItemKey, who: int, words: str, now: datetime) -> int:
    """Its number. `words`: not empty, cleaned by `cleaned`."""
    row = {"bulletin": key.bulletin, "edition": str(key.day), "item": key.slug, "staff_id": who}
    made = insert(remark).values({**row, "at": now, "words": words}).returning(remark.c.id)
    number: int = connection.execute(made).scalar_one()
    return number


def cleaned(words: str) -> str:
    return plain.body(words).strip()


def settle(connection: Connection, key: ItemKey, number: int, who: int, now: datetime | None) -> bool:
    """None opens it again. False when it is no remark about this item."""
    mine = and_(
        remark.c.id == number,
        remark.c.bulletin == key.bulletin,
        remark.c.edition == str(key.day),
        remark.c.item == key.slug,
    )
    values = {"settled_at": now, "settled_by": who if now else None}
    return bool(connection.execute(update(remark).where(mine).values(values)).rowcount)


def of_item(connection: Connection, key: ItemKey) -> list[Remark]:
    """The oldest first."""
    by, settler = staff.alias(), staff.alias()
    query = (
        select(
            remark,
            func.coalesce(func.nullif(by.c.name, ""), by.c.address).label("by"),
            func.coalesce(func.nullif(settler.c.name, ""), settler.c.address, "").label("settler"),
        )
        .join(by, by.c.id == remark.c.staff_id)
        .outerjoin(settler, settler.c.id == remark.c.settled_by)
        .where(remark.c.bulletin == key.bulletin, remark.c.edition == str(key.day), remark.c.item == key.slug)
        .order_by(remark.c.id)
    )
    return [
        Remark(r.id, r.item, r.by, r.staff_id, r.at, r.words, r.settled_at, r.settler)
        for r in connection.execute(query)
    ]


def unsettled(connection: Connection, bulletin: str, edition: str) -> dict[str, int]:
    """item → how many remarks wait for an answer."""
    here = (remark.c.bulletin == bulletin, remark.c.edition == edition, remark.c.settled_at.is_(None))
    query = select(remark.c.item, func.count().label("number")).where(*here).group_by(remark.c.item)
    return {row.item: row.number for row in connection.execute(query)}


def renamed(connection: Connection, old: ItemKey, new: ItemKey) -> None:
    here = (remark.c.bulletin == old.bulletin, remark.c.edition == str(old.day), remark.c.item == old.slug)
    connection.execute(update(remark).where(*here).values(item=new.slug))
