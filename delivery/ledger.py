"""The sender's side of the ledger: claims, "attempting" before the dot, outcomes; one commit for all that is ready."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, select, text, update

from db.schema import delivery as tables

from . import books, fence
from .freezing import mailing_from
from .message import Frame
from .model import Counts, Mailing, Outcome, State

_recipient, _mailing, _letter = tables.recipient, tables.mailing, tables.letter
_CLAIM = ("id", "subscriber", "address", "letter_id", "tokens", "state", "attempts", "since")

# All that is ready in two statements, each row a compare-and-set; they name those that they changed.
_ATTEMPT = """
UPDATE recipient SET state = 'attempting', attempts = attempts + 1, since = coalesce(since, {now}), at = {now}
WHERE id {ids} AND state IN ('queued', 'deferred')
RETURNING id
"""
_SQLITE_ATTEMPT = _ATTEMPT.format(now=":now", ids="IN (SELECT value FROM json_each(:ids))")
_POSTGRESQL_ATTEMPT = _ATTEMPT.format(
    now="CAST(:now AS timestamptz)", ids="IN (SELECT value::bigint FROM json_array_elements_text(CAST(:ids AS json)))"
)
_SQLITE_SETTLE = """
UPDATE recipient SET
  state = json_extract(v.value, '$[2]'), code = json_extract(v.value, '$[3]'), status = json_extract(v.value, '$[4]'),
  words = json_extract(v.value, '$[5]'), stage = json_extract(v.value, '$[6]'),
  not_before = json_extract(v.value, '$[7]'),
  attempts = attempts + json_extract(v.value, '$[8]'), since = coalesce(since, :now), at = :now
FROM json_each(:rows) AS v
WHERE recipient.id = json_extract(v.value, '$[0]') AND recipient.state = json_extract(v.value, '$[1]')
RETURNING recipient.id
"""
_POSTGRESQL_SETTLE = """
UPDATE recipient SET
  state = v.value->>2, code = (v.value->>3)::smallint, status = v.value->>4, words = v.value->>5, stage = v.value->>6,
  not_before = (v.value->>7)::timestamptz,
  attempts = attempts + (v.value->>8)::smallint, since = coalesce(since, CAST(:now AS timestamptz)),
  at = CAST(:now AS timestamptz)
FROM json_array_elements(CAST(:rows AS json)) AS v
WHERE recipient.id = (v.value->>0)::bigint AND recipient.state = v.value->>1
RETURNING recipient.id
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A recipient whose turn it is."""

    row: int
    subscriber: str
    address: str
    letter: int
    tokens: Mapping[str, str]
    state: State
    attempts: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
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
        is_sqlite = engine.dialect.name == "sqlite"
        self._attempt = text(_SQLITE_ATTEMPT if is_sqlite else _POSTGRESQL_ATTEMPT)
        self._settle = text(_SQLITE_SETTLE if is_sqlite else _POSTGRESQL_SETTLE)

    def __enter__(self) -> "Ledger":
        with ExitStack() as stack:
            self._connection: Connection = stack.enter_context(self._engine.connect())
            stack.enter_context(fence.held(self._connection, self._id, self._share))
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
        attempts = [change.row for change in changes if change.outcome.state is State.ATTEMPTING]
        settled = [self._row(change) for change in changes if change.outcome.state is not State.ATTEMPTING]
        moment = self._moment(now)
        done: set[int] = set()
        with self._connection.begin():
            if settled:
                given = {"rows": json.dumps(settled), "now": moment}
                done.update(self._connection.execute(self._settle, given).scalars())
            if attempts:
                given = {"ids": json.dumps(attempts), "now": moment}
                done.update(self._connection.execute(self._attempt, given).scalars())
            if len(done) < len(changes):
                done |= self._late_truths(changes, done, now)
            books.add_up(
                self._connection, self._id, self._owner, _deltas(change for change in changes if change.row in done)
            )
        return done

    def _late_truths(self, changes: Sequence[Change], done: set[int], now: datetime) -> set[int]:
        """An answer that comes after somebody put the letter in doubt is still the answer."""
        found = set()
        for change in changes:
            if change.row not in done and change.before is State.ATTEMPTING:
                late = Change(change.row, State.IN_DOUBT, change.outcome, change.not_before)
                if change.outcome.state in (State.ACCEPTED, State.FAILED):
                    rows = json.dumps([self._row(late)])
                    given = {"rows": rows, "now": self._moment(now)}
                    if self._connection.execute(self._settle, given).first():
                        books.add_up(self._connection, self._id, self._owner, {State.IN_DOUBT: -1, State.ATTEMPTING: 1})
                        found.add(change.row)
        return found

    def _row(self, change: Change) -> list[object]:
        result = change.outcome
        again = self._moment(change.not_before) if change.not_before else None
        tried = int(change.before.is_waiting and result.state is not State.QUEUED)
        return [
            *(change.row, change.before.value, result.state.value, result.code),
            *(result.status, result.words.replace("\0", ""), result.stage, again, tried),
        ]

    def _moment(self, moment: datetime) -> str:
        utc = moment.astimezone(UTC)
        return utc.isoformat() if self._connection.dialect.name == "postgresql" else f"{utc:%Y-%m-%d %H:%M:%S.%f}"

    def finish(self, now: datetime) -> bool:
        """Marks the mailing finished when nobody waits any more."""
        with self._connection.begin():
            if books.counts(self._connection, self._id).waiting:
                return False
            done = update(_mailing).where(_mailing.c.id == self._id, _mailing.c.finished_at.is_(None))
            self._connection.execute(done.values(finished_at=now))
            return True


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
