"""Staged rows and what the database holds in, a plan out: what would become of everybody, before anything has.

Nearly everybody in a first import is new, stands in one row and says a plain yes. For them the decision is taken in bulk
(`merge.decide` of `merge.ONE_PLAIN_YES` is "new"; a test holds the two together); everybody else is decided one by one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Row,
    Select,
    SmallInteger,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    union,
)

from db.schema.base import Plain
from db.schema.subscribers import consent_event, held, import_run, subscriber, subscription, suppression
from subscribers.imports.staging import Staged, count, staged_row, unreadable_row
from subscribers.merge import OUTCOMES, Decision, Known, Outcome, Said, decide
from subscribers.model import EVERY_BULLETIN, YES, SubscribersError, Unreadable

planning = MetaData()
contested = Table("contested", planning, Column("key", Plain, primary_key=True), prefixes=["TEMPORARY"])
planned = Table(
    "planned",
    planning,
    Column("key", Plain, primary_key=True),
    Column("outcome", Text),
    Column("address", Text),
    Column("name", Text),
    Column("choices", BigInteger),
    Column("at_once", SmallInteger),
    Column("suppress", Text),
    Column("everywhere", SmallInteger),
    Column("ends", SmallInteger),
    Column("hold", Text),
    Column("record", SmallInteger),
    Column("subscriber_id", BigInteger, index=True),
    Column("subscription_id", BigInteger, index=True),
    Column("choices_before", BigInteger),
    Column("file", SmallInteger),
    Column("line", BigInteger),
    Column("evidence", Text),
    Column("hash", LargeBinary),
    prefixes=["TEMPORARY"],
)
BATCH = 5_000
PERSONAL = ("confirmed", "changed", "came-back")  # events that only the reader brings about


class ListHasChanged(SubscribersError):
    """Between the plan and its application somebody joined or left, so that the plan would come out differently."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do. `people` is new + existing + joined + suppressed + held; `rows` counts every row read."""

    source: str
    bulletin: str
    counts: dict[str, int]  # new, existing, joined, suppressed, held, unreadable, people, rows, files
    stamp: str  # of the database when the plan was made
    digest: str  # of every decision in it


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One person of a plan; `why` says what made it so."""

    outcome: str
    address: str
    file: str
    line: int
    why: str


def make_plan(staged: Staged) -> Plan:
    """Decide about everybody, and change nothing."""
    connection = staged.connection
    try:
        return _plan(staged)
    finally:
        connection.commit()  # temporary tables only; it also ends the snapshot


def _plan(staged: Staged) -> Plan:
    connection = staged.connection
    stamp = stamp_of(connection)
    connection.execute(delete(planned))
    connection.execute(delete(contested))
    _find_contested(staged)
    digest = hashlib.sha256()
    counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
    batch: list[dict[str, Any]] = []
    for row in _decided(staged):
        counts[row["outcome"]] += 1
        digest.update(repr([row[column] for column in DIGESTED]).encode())
        batch.append(row)
        if len(batch) == BATCH:
            connection.execute(insert(planned), batch)
            batch.clear()
    if batch:
        connection.execute(insert(planned), batch)
    plain = _plain_count(connection)
    counts["new"] += plain
    digest.update(str(plain).encode())
    return Plan(staged.source, staged.bulletin, _all_counts(staged, counts), stamp, digest.hexdigest())


DIGESTED = ("key", "outcome", "choices", "suppress", "everywhere", "ends", "hold", "record", "subscription_id")


def _all_counts(staged: Staged, counts: dict[str, int]) -> dict[str, int]:
    unread = staged.connection.scalar(select(func.count()).select_from(unreadable_row)) or 0
    rows = sum(file.rows for file in staged.files)
    return {**counts, "unreadable": unread, "people": sum(counts.values()), "rows": rows, "files": len(staged.files)}


def _plain_count(connection: Connection) -> int:
    everybody = connection.scalar(select(func.count()).select_from(staged_row)) or 0
    looked_at = select(func.count()).select_from(staged_row.join(contested, contested.c.key == staged_row.c.key))
    return everybody - (connection.scalar(looked_at) or 0)


def stamp_of(connection: Connection) -> str:
    """Something that is different after every change of who reads what. Every act writes an event or a suppression."""
    parts = (
        select(func.max(consent_event.c.id)),
        select(func.max(subscription.c.id)),
        select(func.count()).select_from(suppression),
        select(func.max(held.c.id)),
        select(func.count(held.c.decided_at)),
        select(func.max(subscriber.c.id)),
    )
    return "/".join(str(connection.scalar(part) or 0) for part in parts)


def _find_contested(staged: Staged) -> None:
    """Everybody for whom a plain yes is not the whole story."""
    key = staged_row.c.key
    found: list[Select[Any]] = [
        select(key).group_by(key).having(func.count() > 1),
        select(key).where(staged_row.c.says != YES),
    ]
    connection = staged.connection
    if connection.scalar(select(func.max(subscriber.c.id))):
        found.append(select(key).join_from(staged_row, subscriber, subscriber.c.address_key == key))
    if connection.scalar(select(func.max(held.c.id))):
        found.append(select(key).join_from(staged_row, held, _is_held(staged.bulletin)))
    if connection.scalar(select(func.count()).select_from(suppression)):
        found.append(select(key).join_from(staged_row, suppression, _is_suppressed(staged.bulletin)))
    connection.execute(insert(contested).from_select(["key"], union(*found)))
    count(connection, "contested", ("key",))


def _is_held(bulletin: str) -> Any:
    return and_(held.c.address_key == staged_row.c.key, held.c.bulletin == bulletin, held.c.decided_at.is_(None))


def _is_suppressed(bulletin: str) -> Any:
    return and_(suppression.c.address_hash == staged_row.c.hash, suppression.c.bulletin.in_((EVERY_BULLETIN, bulletin)))


def _decided(staged: Staged) -> Iterator[dict[str, Any]]:
    query = _everything_about_the_contested(staged).execution_options(yield_per=BATCH)
    rows = staged.connection.execute(query)
    for key, theirs in groupby(rows, key=lambda row: row.key):
        found = list(theirs)
        decision = decide([_said(row) for row in found], _known(found[0]))
        yield _as_planned(key, found, decision)


def _said(row: Row[Any]) -> Said:
    return Said(row.says, row.why or "", row.at or "", row.choices, bool(row.at_once))


def _known(row: Row[Any]) -> Known:
    is_open = row.subscription_id is not None
    return Known(
        open=is_open,
        own_choices=bool(is_open and row.confirmed_at),
        confirmed_on=row.confirmed_at.date().isoformat() if is_open and row.confirmed_at else "",
        choices=row.choices_before or 0,
        recorded=bool(row.recorded),
        suppressed=bool(row.suppressed),
        held=bool(row.is_held),
    )


def _as_planned(key: str, rows: list[Row[Any]], decision: Decision) -> dict[str, Any]:
    decisive = max(rows, key=lambda row: (row.says, -row.file, -row.line))
    return {
        "key": key,
        "outcome": decision.outcome,
        "address": next((row.address for row in rows if row.address), key),
        "name": next((row.name for row in rows if row.name), ""),
        "choices": decision.choices,
        "at_once": int(decision.at_once),
        "suppress": decision.suppress,
        "everywhere": int(decision.everywhere),
        "ends": int(decision.end),
        "hold": decision.hold,
        "record": int(decision.record),
        "subscriber_id": decisive.subscriber_id,
        "subscription_id": decisive.subscription_id,
        "choices_before": decisive.choices_before,
        "file": decisive.file,
        "line": decisive.line,
        "evidence": decisive.evidence,
        "hash": decisive.hash,
    }


def _everything_about_the_contested(staged: Staged) -> Select[Any]:
    is_open = and_(
        subscription.c.subscriber_id == subscriber.c.id,
        subscription.c.bulletin == staged.bulletin,
        subscription.c.ended_at.is_(None),
    )
    theirs = and_(consent_event.c.subscriber_id == subscriber.c.id, consent_event.c.bulletin == staged.bulletin)
    undone = select(import_run.c.id).where(import_run.c.undone_at.is_not(None))
    recorded = exists().where(
        theirs,
        consent_event.c.source == staged.source,
        consent_event.c.what.in_(FROM_A_LIST),
        consent_event.c.import_id.not_in(undone),
    )
    confirmed = select(func.max(consent_event.c.at)).where(theirs, consent_event.c.what.in_(PERSONAL)).scalar_subquery()
    source = (
        contested.join(staged_row, staged_row.c.key == contested.c.key)
        .outerjoin(subscriber, subscriber.c.address_key == staged_row.c.key)
        .outerjoin(subscription, is_open)
    )
    return (
        select(
            staged_row,
            subscriber.c.id.label("subscriber_id"),
            subscription.c.id.label("subscription_id"),
            subscription.c.choices.label("choices_before"),
            recorded.label("recorded"),
            confirmed.label("confirmed_at"),
            exists().where(_is_suppressed(staged.bulletin)).label("suppressed"),
            exists().where(_is_held(staged.bulletin)).label("is_held"),
        )
        .select_from(source)
        .order_by(contested.c.key, staged_row.c.file, staged_row.c.line)
    )


FROM_A_LIST = ("imported", "joined")


def listed(staged: Staged, outcome: Outcome, limit: int | None = None) -> Iterator[ListedRow]:
    """Everybody with this outcome in the last plan, by address."""
    decided = select(
        planned.c.key,
        planned.c.file,
        planned.c.line,
        func.coalesce(planned.c.suppress, planned.c.hold, "").label("why"),
    ).where(planned.c.outcome == outcome)
    query: Any = decided
    if outcome == "new":
        plain = select(staged_row.c.key, staged_row.c.file, staged_row.c.line, literal("").label("why")).where(
            is_plain()
        )
        query = decided.union_all(plain)
    ordered = query.order_by("key").limit(limit).execution_options(yield_per=BATCH)
    for row in staged.connection.execute(ordered):
        yield ListedRow(outcome, row.key, staged.files[row.file].name, row.line, row.why)


def unreadable(staged: Staged, limit: int | None = None) -> Iterator[tuple[str, Unreadable]]:
    """Each row that names nobody, with its file."""
    query = select(unreadable_row).order_by(unreadable_row.c.file, unreadable_row.c.line).limit(limit)
    for row in staged.connection.execute(query.execution_options(yield_per=BATCH)):
        yield staged.files[row.file].name, Unreadable(row.line, row.why)


def is_plain() -> Any:
    """A staged row whose person is new, with this one plain yes."""
    return ~exists().where(contested.c.key == staged_row.c.key)
