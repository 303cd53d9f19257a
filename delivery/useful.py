"""What readers answered to "was this useful?": counted, item by item, and nobody is remembered."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from db.schema.notes import answer as _answer

Answer = Literal["yes", "no"]


def count(connection: Connection, bulletin: str, edition: str, item: str, given: Answer) -> None:
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_answer)
    row = {"bulletin": bulletin, "edition": edition, "item": item, "answer": given, "number": 1}
    keys = ["bulletin", "edition", "item", "answer"]
    more = {"number": _answer.c.number + 1}
    connection.execute(insert.values(row).on_conflict_do_update(index_elements=keys, set_=more))


def totals(connection: Connection, bulletin: str, edition: str) -> dict[str, tuple[int, int]]:
    """Item → how many said yes, and how many no."""
    query = select(_answer.c.item, _answer.c.answer, _answer.c.number)
    found: dict[str, tuple[int, int]] = {}
    for item, given, number in connection.execute(
        query.where(_answer.c.bulletin == bulletin, _answer.c.edition == edition).order_by(_answer.c.item)
    ):
        yes, no = found.get(item, (0, 0))
        found[item] = (yes + number, no) if given == "yes" else (yes, no + number)
    return found
