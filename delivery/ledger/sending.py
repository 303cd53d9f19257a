"""The sender's side of the ledger: claims, "attempting" before the dot, outcomes; one commit for all that is ready."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from db.opening import PAGE_CACHE_KIB
from db.schema import delivery as tables
from delivery.ledger import books, fence
from delivery.ledger.changes import (
    ATTEMPT,
    COUNT,
    FOR_POSTGRESQL,
    SETTLE,
    Change,
    Row,
    attempts,
    committed,
    impatient,
    outcomes,
    settling,
    spoken,
    sums,
)
from delivery.ledger.freezing import mailing_from
from delivery.letter.message import Frame
from delivery.model import Counts, DeliveryError, Mailing, State

_recipient, _mailing, _letter = tables.recipient, tables.mailing, tables.letter
_CLAIM = ("id", "subscriber", "address", "letter_id", "tokens", "state", "attempts", "since")


class SessionLostError(DeliveryError):
    """Another sender may hold the fence by now: nothing more may be written, so nothing more may be sent."""


class Claim(NamedTuple):
    """A recipient whose turn it is."""

    row: int
    subscriber: str
    address: str
    letter: int
    tokens: Mapping[str, str]
    state: State
    attempts: int
    since: datetime | None


class Ledger:
    """One mailing (or a share of it), held behind its fence by this process: `with Ledger(engine, id) as ledger`.

    Entering raises fence.BusyError when another process has it, and turns what a dead one left "attempting" into
    in doubt: its final dot may have left.
    """

    def __init__(
        self, engine: Engine, mailing_id: int, *, owner: int = 1, share: int = 0, rows: range | None = None
    ) -> None:
        self._engine = engine
        self._id = mailing_id
        self._owner = owner
        self._share = share
        self._rows = rows or range(2**62)
        self._held = ExitStack()
        self._dialect = engine.dialect.name
        self._driver: sqlite3.Connection | None = None
        self._last_moment = datetime.min.replace(tzinfo=UTC)

    def __enter__(self) -> "Ledger":
        with ExitStack() as stack:
            self._connection: Connection = stack.enter_context(self._engine.connect())
            stack.enter_context(fence.held(self._connection, self._id, self._share))
            stack.enter_context(_lean(self._connection))
            self.left_in_doubt = self._settle_leftovers()
            if self._dialect == "sqlite":
                self._driver = cast(sqlite3.Connection, self._connection.connection.driver_connection)
                self._patience_ms = int(self._driver.execute("PRAGMA busy_timeout").fetchone()[0])
            self._held = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _settle_leftovers(self) -> int:
        with self._connection.begin():
            return books.move(
                self._connection,
                self._id,
                State.ATTEMPTING,
                State.IN_DOUBT,
                datetime.now(UTC),
                _recipient.c.id.between(self._rows.start, self._rows.stop - 1),
                words="the sender stopped before the server's answer was written down",
            )

    def details(self) -> Mailing:
        with self._connection.begin():
            query = select(_mailing.c.details).where(_mailing.c.id == self._id)
            return mailing_from(self._connection.execute(query).scalar_one())

    def frame(self, letter: int) -> Frame:
        with self._connection.begin():
            return Frame.load(
                self._connection.execute(select(_letter.c.frame).where(_letter.c.id == letter)).scalar_one()
            )

    def control(self) -> str:
        """run, paused or cancelled: what somebody wants of this mailing."""
        with self._connection.begin():
            return str(
                self._connection.execute(select(_mailing.c.control).where(_mailing.c.id == self._id)).scalar_one()
            )

    def counts(self) -> Counts:
        with self._connection.begin():
            return books.counts(self._connection, self._id)

    def page(self, after: int, size: int) -> list[Claim]:
        """The next queued recipients behind the row `after`, in the order of the list."""
        first = max(after + 1, self._rows.start)
        query = self._claims(State.QUEUED).where(_recipient.c.id.between(first, self._rows.stop - 1))
        with self._connection.begin():
            rows = self._connection.execute(query.order_by(_recipient.c.id).limit(size)).all()
        return [_claim(row) for row in rows]

    def due(self, now: datetime, size: int) -> list[Claim]:
        """Deferred recipients whose time has come."""
        query = self._claims(State.DEFERRED).where(_recipient.c.not_before <= now, self._mine())
        with self._connection.begin():
            rows = self._connection.execute(query.order_by(_recipient.c.not_before).limit(size)).all()
        return [_claim(row) for row in rows]

    def next_due(self) -> datetime | None:
        """When the next deferred one may be tried; None when none waits."""
        query = select(func.min(_recipient.c.not_before)).where(
            _recipient.c.mailing_id == self._id, books.is_state(State.DEFERRED), self._mine()
        )
        with self._connection.begin():
            found: datetime | None = self._connection.execute(query).scalar()
            return found

    def _claims(self, state: State) -> Select[Any]:
        return select(*(_recipient.c[name] for name in _CLAIM)).where(
            _recipient.c.mailing_id == self._id, books.is_state(state)
        )

    def _mine(self) -> ColumnElement[bool]:
        return _recipient.c.id.between(self._rows.start, self._rows.stop - 1)

    def commit(self, changes: Sequence[Change], now: datetime) -> set[int]:
        """All in one durable transaction; the rows that were changed. One that was withdrawn meanwhile is not."""
        if self._connection.invalidated:  # SQLAlchemy would open another session, which does not hold the fence
            raise SessionLostError("the database session was lost, and with it the right to send")
        done = {change.row for change in changes}
        if self.commit_at_once(changes, now):
            return done
        moment = self._moment(now)
        with self._connection.begin():
            number = sum(self._do(*work) for work in self._work(changes, moment).items())
            if number < len(changes):
                done = self._changed(done) | self._late_truths(changes, moment)
            self._count(sums(change for change in changes if change.row in done))
        return done

    def commit_at_once(self, changes: Sequence[Change], now: datetime) -> bool:
        """The same by SQLite's own driver, for a third of the cost: all of them, or False and nothing was changed.

        False when anything is out of the ordinary: another writer is at work, somebody was withdrawn, the disk is full,
        it is PostgreSQL. `commit` finds out which, and waits where waiting helps.
        """
        if self._driver is None:
            return False
        work = self._work(changes, self._moment(now)) | {COUNT: [self._counting(sums(changes))]}
        with impatient(self._driver, self._patience_ms):
            return committed(self._driver, work)

    def _work(self, changes: Sequence[Change], moment: str) -> dict[str, list[Row]]:
        return {SETTLE: outcomes(changes, moment, self._dialect), ATTEMPT: attempts(changes, moment)}

    def _moment(self, now: datetime) -> str:
        """This commit's own: later than any before."""
        self._last_moment = max(now, self._last_moment + timedelta(microseconds=1))
        return spoken(self._last_moment, self._dialect)

    def _do(self, statement: str, rows: list[Row]) -> int:
        """How many rows of the table it changed."""
        if not rows:
            return 0
        if self._dialect != "postgresql":
            return self._connection.exec_driver_sql(statement, rows).rowcount
        if statement in FOR_POSTGRESQL:
            return self._connection.exec_driver_sql(FOR_POSTGRESQL[statement], (json.dumps(rows),)).rowcount
        return self._connection.exec_driver_sql(statement.replace("?", "%s"), rows).rowcount

    def _changed(self, rows: set[int]) -> set[int]:
        query = select(_recipient.c.id).where(_recipient.c.id.in_(rows), _recipient.c.at == self._last_moment)
        return set(self._connection.execute(query).scalars())

    def _late_truths(self, changes: Sequence[Change], moment: str) -> set[int]:
        """An answer that comes after somebody put the letter in doubt is still the answer."""
        answers = (State.ACCEPTED, State.FAILED)
        late = [one for one in changes if one.before is State.ATTEMPTING and one.outcome.state in answers]
        found = {
            one.row for one in late if self._do(SETTLE, [settling(one, moment, self._dialect, before=State.IN_DOUBT)])
        }
        books.add_up(
            self._connection, self._id, self._owner, {State.IN_DOUBT: -len(found), State.ATTEMPTING: len(found)}
        )
        return found

    def _count(self, more: Mapping[State, int]) -> None:
        if not self._do(COUNT, [self._counting(more)]):
            books.add_up(self._connection, self._id, self._owner, more)

    def _counting(self, more: Mapping[State, int]) -> Row:
        return (*(more[state] for state in State), self._id, self._owner)

    def tell(self, problem: str) -> None:
        with self._connection.begin():
            books.tell(self._connection, self._id, problem)

    def finish(self, now: datetime) -> bool:
        """Marks the mailing finished when nobody waits any more. Marked first: whoever is queued meanwhile is seen, or waits."""
        with self._connection.begin() as transaction:
            done = update(_mailing).where(_mailing.c.id == self._id, _mailing.c.finished_at.is_(None))
            self._connection.execute(done.values(finished_at=now))
            if books.counts(self._connection, self._id).waiting:
                transaction.rollback()
                return False
            return True


# SQLite: the list is read once, from its top to its end, so a small cache of it is enough.
# PostgreSQL: a commit names a dozen rows; the planner guesses a hundred, and would read a small table whole for them.
_LEAN = {
    "sqlite": ("PRAGMA cache_size = -4096", f"PRAGMA cache_size = -{PAGE_CACHE_KIB}"),
    "postgresql": tuple(
        "; ".join(f"{verb} enable_{way}{to}" for way in ("seqscan", "hashjoin", "mergejoin"))
        for verb, to in (("SET", " = off"), ("RESET", ""))
    ),
}


@contextmanager
def _lean(connection: Connection) -> Iterator[None]:
    before, after = _LEAN[connection.dialect.name]
    with connection.begin():
        connection.exec_driver_sql(before)
    try:
        yield
    finally:
        with suppress(SQLAlchemyError), connection.begin():  # a session that was lost has nothing to be reset
            connection.exec_driver_sql(after)


def _claim(row: Any) -> Claim:
    tokens = json.loads(row.tokens)
    return Claim(row.id, row.subscriber, row.address, row.letter_id, tokens, State(row.state), row.attempts, row.since)


def settle_leftovers(engine: Engine, mailing_id: int) -> int:
    """For a status that is true after a crash: when nobody sends it, what is "attempting" is in doubt. How many."""
    try:
        with Ledger(engine, mailing_id) as ledger:
            return ledger.left_in_doubt
    except fence.BusyError:
        return 0
