"""A plan in, exactly that in the database, in one transaction."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    String,
    Table,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import Moment
from db.schema.subscribers import consent_event, held, import_run, subscriber, subscription, suppression
from subscribers.imports.bulk import LARGE_ROWS, ready_for
from subscribers.imports.planning import ListHasChanged, Plan, _plan, is_plain, planned, stamp_of
from subscribers.imports.staging import NUMBER, Staged, staged_row
from subscribers.model import EVERY_BULLETIN, Proof


def apply(staged: Staged, plan: Plan, proof: Proof) -> int:
    """Write the plan; the number of the import, by which it can be undone.

    Raises ListHasChanged, and writes nothing, when somebody has joined or left since and the plan would differ.
    `proof`: `at` and `actor` are the import's; `how` is usually "import".
    """
    staged.connection.commit()  # whoever listed the plan has left a snapshot open, which may be old
    connection = staged.connection.execution_options(begin="IMMEDIATE")
    try:
        with connection.begin():
            _lock(connection)
            if stamp_of(connection) != plan.stamp and _plan(staged).digest != plan.digest:
                raise ListHasChanged(
                    "Somebody joined or left while you looked at the plan. Run the import again to see it."
                )
            number = _write(staged, plan, proof)
    finally:
        staged.connection.execution_options(begin="DEFERRED")
    _tidy(connection, plan)
    return number


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        tables = "subscriber, subscription, suppression, held, consent_event"
        connection.exec_driver_sql(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


def _tidy(connection: Connection, plan: Plan) -> None:
    """Let SQLite know how large its tables have become; PostgreSQL notices by itself."""
    if plan.counts["new"] >= LARGE_ROWS and connection.dialect.name == "sqlite":
        with connection.begin():
            connection.exec_driver_sql("PRAGMA optimize")


def _write(staged: Staged, plan: Plan, proof: Proof) -> int:
    connection = staged.connection
    number = _record_import(staged, plan, proof)
    with ready_for(connection, plan.counts["new"]):
        _add_people(connection, proof)
        _add_subscriptions(staged, proof, number)
        _add_first_events(staged, proof, number)
    if connection.scalar(select(planned.c.key).limit(1)):
        _refuse(staged, proof, number)
        _hold(staged, number)
        _join(staged, proof, number)
    return number


def _record_import(staged: Staged, plan: Plan, proof: Proof) -> int:
    made = insert(import_run).values(
        source=staged.source,
        actor=proof.actor,
        at=proof.at,
        files=json.dumps([asdict(file) for file in staged.files]),
        counts=json.dumps(plan.counts),
    )
    return int(staged.connection.execute(made).inserted_primary_key[0])  # type: ignore[index]


def _moment(proof: Proof) -> ColumnElement[Any]:
    return literal(proof.at, Moment)


def _add_people(connection: Connection, proof: Proof) -> None:
    """On SQLite in the order of the addresses, so that the index over them grows at its end."""
    columns = ["address", "address_key", "name", "created_at"]
    key = staged_row.c.key
    plain = [func.coalesce(staged_row.c.address, key), key, staged_row.c.name, _moment(proof)]
    if connection.dialect.name == "postgresql":
        numbered = select(*plain, NUMBER).select_from(staged_row).where(is_plain())
        connection.execute(insert(subscriber).from_select([*columns, "id"], numbered))
    else:
        connection.execute(insert(subscriber).from_select(columns, select(*plain).where(is_plain()).order_by(key)))
    decided = select(planned.c.address, planned.c.key, planned.c.name, _moment(proof)).where(
        planned.c.outcome == "new", planned.c.subscriber_id.is_(None)
    )
    connection.execute(insert(subscriber).from_select(columns, decided.order_by(planned.c.key)))


@dataclass(frozen=True, slots=True)
class _People:
    """Some of those in the plan: where their rows stand, what number they have, and which of them."""

    rows: Table
    number: ColumnElement[int]
    source: FromClause
    which: ColumnElement[bool]

    @property
    def order(self) -> tuple[ColumnElement[int], ...]:
        """By number, so that indexes grow at their end; rows that were numbered while they were copied stand so already."""
        return () if self.number is NUMBER else (self.number,)


def _by_address(rows: Table, which: ColumnElement[bool]) -> _People:
    return _People(rows, subscriber.c.id, subscriber.join(rows, subscriber.c.address_key == rows.c.key), which)


def _new_people(connection: Connection) -> list[_People]:
    decided = _by_address(planned, planned.c.outcome == "new")
    if connection.dialect.name == "postgresql":
        return [_People(staged_row, NUMBER, staged_row, is_plain()), decided]
    return [_by_address(staged_row, is_plain()), decided]


def _add_subscriptions(staged: Staged, proof: Proof, number: int) -> None:
    columns = [
        "subscriber_id", "bulletin", "choices", "amount", "frequency", "started_at", "source", "basis", "import_id",
    ]  # fmt: skip
    for people in _new_people(staged.connection):
        query = (
            select(
                people.number,
                literal(staged.bulletin),
                people.rows.c.choices,
                literal("selection"),
                case((people.rows.c.at_once == 1, "actions-at-once"), else_="weekly"),
                _moment(proof),
                literal("imported"),
                literal(staged.basis),
                literal(number),
            )
            .select_from(people.source)
            .where(people.which)
        )
        staged.connection.execute(insert(subscription).from_select(columns, query.order_by(*people.order)))


def _add_first_events(staged: Staged, proof: Proof, number: int) -> None:
    for people in _new_people(staged.connection):
        _add_events(staged, proof, number, "imported", people, _evidence(people.rows))


EVENT_COLUMNS = [
    "subscriber_id", "bulletin", "what", "at", "how", "actor", "wording", "source", "basis", "evidence", "import_id",
]  # fmt: skip


def _add_events(
    staged: Staged, proof: Proof, number: int, what: str, people: _People, evidence: ColumnElement[Any]
) -> None:
    said = [literal(staged.bulletin), literal(what), *_by_import(staged, proof), evidence, literal(number)]
    query = select(people.number, *said).select_from(people.source).where(people.which).order_by(*people.order)
    staged.connection.execute(insert(consent_event).from_select(EVENT_COLUMNS, query))


def _by_import(staged: Staged, proof: Proof) -> list[ColumnElement[Any]]:
    said = (proof.how, proof.actor, proof.wording, staged.source, staged.basis)
    return [_moment(proof), *(literal(each) for each in said)]


def _evidence(rows: Any) -> ColumnElement[Any]:
    """JSON: which file of the import, which line, and what the file itself knew of their consent."""
    where = literal('{"file": ') + cast(rows.c.file, String) + ', "line": ' + cast(rows.c.line, String) + "}"
    return func.coalesce(rows.c.evidence, where)


def _refuse(staged: Staged, proof: Proof, number: int) -> None:
    """Keep every "no" as a hash, and end what was open because of it."""
    connection = staged.connection
    scope = case((planned.c.everywhere == 1, EVERY_BULLETIN), else_=staged.bulletin)
    noes = select(
        planned.c.hash,
        scope,
        planned.c.suppress,
        _moment(proof),
        literal(staged.source),
        literal(proof.actor),
        literal(number),
    ).where(planned.c.suppress.is_not(None))
    columns = ["address_hash", "bulletin", "reason", "since", "source", "actor", "import_id"]
    connection.execute(_unless_there(connection, suppression, columns, noes))
    _end(staged, proof, number)


def _end(staged: Staged, proof: Proof, number: int) -> None:
    """End what the noes are about: this bulletin, or all of them; each ending has its event."""
    about = and_(
        subscription.c.subscriber_id == planned.c.subscriber_id,
        subscription.c.ended_at.is_(None),
        planned.c.suppress.is_not(None),
        or_(planned.c.everywhere == 1, subscription.c.bulletin == staged.bulletin),
    )
    query = select(
        subscription.c.subscriber_id,
        subscription.c.bulletin,
        literal("ended"),
        *_by_import(staged, proof),
        _evidence(planned),
        literal(number),
    ).join_from(subscription, planned, about)
    staged.connection.execute(insert(consent_event).from_select(EVENT_COLUMNS, query))
    refused = select(planned.c.subscriber_id).where(
        planned.c.suppress.is_not(None), planned.c.subscriber_id.is_not(None)
    )
    reason = select(planned.c.suppress).where(about).correlate(subscription)
    staged.connection.execute(
        update(subscription)
        .where(subscription.c.subscriber_id.in_(refused), subscription.c.ended_at.is_(None), reason.exists())
        .values(ended_at=proof.at, ended_reason=reason.scalar_subquery())
    )


def _unless_there(connection: Connection, table: Any, columns: list[str], query: Any) -> Any:
    """INSERT … SELECT that leaves a row alone which is there already; each database has it in its own dialect."""
    made: Any = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    return made.from_select(columns, query).on_conflict_do_nothing()


def _hold(staged: Staged, number: int) -> None:
    columns = ["import_id", "address", "address_key", "name", "bulletin", "choices", "why", "evidence"]
    query = select(
        literal(number),
        planned.c.address,
        planned.c.key,
        planned.c.name,
        literal(staged.bulletin),
        planned.c.choices,
        planned.c.hold,
        _evidence(planned),
    ).where(planned.c.hold.is_not(None))
    staged.connection.execute(insert(held).from_select(columns, query))


def _join(staged: Staged, proof: Proof, number: int) -> None:
    """Note the second list's yes, and add its audiences. What the choices were before is kept, for the way back."""
    before = (
        literal('{"before": ') + cast(planned.c.choices_before, String) + ', "after": ' + cast(planned.c.choices, String)
        + ', "row": ' + _evidence(planned) + "}"
    )  # fmt: skip
    joined = planned.c.record == 1
    _add_events(staged, proof, number, "joined", _by_address(planned, joined), before)
    wanted = select(planned.c.choices).where(planned.c.subscription_id == subscription.c.id, joined)
    changed = and_(joined, planned.c.choices != planned.c.choices_before)
    staged.connection.execute(
        update(subscription)
        .where(subscription.c.id.in_(select(planned.c.subscription_id).where(changed)))
        .values(choices=wanted.scalar_subquery())
    )
