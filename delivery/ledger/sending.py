"""The sender's side of the ledger: claims, "attempting" before the dot, outcomes; one commit for all that is ready."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from db.opening import PAGE_CACHE_KIB
from db.schema import delivery as tables
from delivery.ledger import books, fence
from delivery.ledger.freezing import mailing_from
from delivery.letter.message import Frame
from delivery.model import Counts, DeliveryError, Mailing, Outcome, State

_recipient, _mailing, _letter = tables.recipient, tables.mailing, tables.letter
_CLAIM = ("id", "subscriber", "address", "letter_id", "tokens", "state", "attempts", "since")

# The statements of the hot path, as the driver takes them: built by SQLAlchemy they cost seven times as much.
# Each row is a compare-and-set; `at` is this commit's own moment, so it tells which rows were changed.
_ATTEMPT = """UPDATE recipient SET state = 'attempting', attempts = attempts + 1, since = coalesce(since, ?), at = ?
WHERE id = ? AND state = ?"""
_SETTLE = """UPDATE recipient SET state = ?, code = ?, status = ?, words = ?, stage = ?, not_before = ?,
attempts = attempts + ?, since = coalesce(since, ?), at = ? WHERE id = ? AND state = ?"""
# Over a network each statement is a round trip, so PostgreSQL takes all rows in one, as JSON.
_ATTEMPT_ALL = """UPDATE recipient SET state = 'attempting', attempts = attempts + 1,
since = coalesce(since, (it->>0)::timestamptz), at = (it->>1)::timestamptz
FROM json_array_elements(%s::json) AS it WHERE id = (it->>2)::bigint AND state = it->>3"""
_SETTLE_ALL = """UPDATE recipient SET state = it->>0, code = (it->>1)::smallint, status = it->>2, words = it->>3, stage = it->>4,
not_before = (it->>5)::timestamptz, attempts = attempts + (it->>6)::smallint,
since = coalesce(since, (it->>7)::timestamptz), at = (it->>8)::timestamptz
FROM json_array_elements(%s::json) AS it WHERE id = (it->>9)::bigint AND state = it->>10"""
_FOR_POSTGRESQL = {_ATTEMPT: _ATTEMPT_ALL, _SETTLE: _SETTLE_ALL}
_COUNT = f"UPDATE tally SET {', '.join(f'{state} = {state} + ?' for state in State)} WHERE mailing_id = ? AND owner = ?"


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


class Change(NamedTuple):
    """One recipient, from the state we know it in to the next."""

    row: int
    before: State
    outcome: Outcome
    not_before: datetime | None = None


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
        self._last_moment = datetime.min.replace(tzinfo=UTC)

    def __enter__(self) -> "Ledger":
        with ExitStack() as stack:
            self._connection: Connection = stack.enter_context(self._engine.connect())
            stack.enter_context(fence.held(self._connection, self._id, self._share))
            stack.enter_context(_lean(self._connection))
            self.left_in_doubt = self._settle_leftovers()
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
        self._last_moment = max(now, self._last_moment + timedelta(microseconds=1))
        moment = self._moment(self._last_moment)
        attempts = [change for change in changes if change.outcome.state is State.ATTEMPTING]
        settled = [change for change in changes if change.outcome.state is not State.ATTEMPTING]
        with self._connection.begin():
            number = self._do(_SETTLE, [self._settling(change, moment) for change in settled])
            number += self._do(_ATTEMPT, [(moment, moment, one.row, one.before.value) for one in attempts])
            done = {change.row for change in changes}
            if number < len(changes):
                done = self._changed(done) | self._late_truths(changes, moment)
            self._count(change for change in changes if change.row in done)
        return done

    def _do(self, statement: str, rows: list[tuple[object, ...]]) -> int:
        """How many rows of the table it changed."""
        if not rows:
            return 0
        if self._connection.dialect.name != "postgresql":
            return self._connection.exec_driver_sql(statement, rows).rowcount
        if statement in _FOR_POSTGRESQL:
            return self._connection.exec_driver_sql(_FOR_POSTGRESQL[statement], (json.dumps(rows),)).rowcount
        return self._connection.exec_driver_sql(statement.replace("?", "%s"), rows).rowcount

    def _settling(self, change: Change, moment: str, before: State | None = None) -> tuple[object, ...]:
        result = change.outcome
        again = self._moment(change.not_before) if change.not_before else None
        tried = int(change.before.is_waiting and result.state is not State.QUEUED)
        return (
            *(result.state.value, result.code, result.status, result.words.replace("\0", ""), result.stage, again),
            *(tried, moment, moment, change.row, (before or change.before).value),
        )

    def _changed(self, rows: set[int]) -> set[int]:
        query = select(_recipient.c.id).where(_recipient.c.id.in_(rows), _recipient.c.at == self._last_moment)
        return set(self._connection.execute(query).scalars())

    def _late_truths(self, changes: Sequence[Change], moment: str) -> set[int]:
        """An answer that comes after somebody put the letter in doubt is still the answer."""
        answers = (State.ACCEPTED, State.FAILED)
        late = [one for one in changes if one.before is State.ATTEMPTING and one.outcome.state in answers]
        found = {one.row for one in late if self._do(_SETTLE, [self._settling(one, moment, State.IN_DOUBT)])}
        books.add_up(
            self._connection, self._id, self._owner, {State.IN_DOUBT: -len(found), State.ATTEMPTING: len(found)}
        )
        return found

    def _count(self, changes: Iterable[Change]) -> None:
        sums = _deltas(changes)
        numbers = [sums[state] for state in State]
        if not self._do(_COUNT, [(*numbers, self._id, self._owner)]):
            books.add_up(self._connection, self._id, self._owner, sums)

    def _moment(self, moment: datetime) -> str:
        utc = moment.astimezone(UTC)
        return utc.isoformat() if self._connection.dialect.name == "postgresql" else f"{utc:%Y-%m-%d %H:%M:%S.%f}"

    def tell(self, problem: str) -> None:
        """What stopped this run, for whoever asks how the mailing stands; nothing when it goes on."""
        with self._connection.begin():
            told = update(_mailing).where(_mailing.c.id == self._id, _mailing.c.problem != problem)
            self._connection.execute(told.values(problem=problem))

    def finish(self, now: datetime) -> bool:
        """Marks the mailing finished when nobody waits any more."""
        with self._connection.begin():
            if books.counts(self._connection, self._id).waiting:
                return False
            done = update(_mailing).where(_mailing.c.id == self._id, _mailing.c.finished_at.is_(None))
            self._connection.execute(done.values(finished_at=now))
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


def _deltas(changes: Iterable[Change]) -> Counter[State]:
    sums: Counter[State] = Counter()
    for change in changes:
        sums[change.before] -= 1
        sums[change.outcome.state] += 1
    return sums


def _claim(row: Row[Any]) -> Claim:
    tokens = json.loads(row.tokens)
    return Claim(row.id, row.subscriber, row.address, row.letter_id, tokens, State(row.state), row.attempts, row.since)


def settle_leftovers(engine: Engine, mailing_id: int) -> int:
    """For a status that is true after a crash: when nobody sends it, what is "attempting" is in doubt. How many."""
    try:
        with Ledger(engine, mailing_id) as ledger:
            return ledger.left_in_doubt
    except fence.BusyError:
        return 0
