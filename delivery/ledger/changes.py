"""Changes of recipients → the statements that make them so, as the drivers take them: built by SQLAlchemy they cost seven
times as much.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from delivery.model import Outcome, State

Row = tuple[object, ...]

# Each row is a compare-and-set; `at` is this commit's own moment, so it tells which rows were changed.
ATTEMPT = """UPDATE recipient SET state = 'attempting', attempts = attempts + 1, since = coalesce(since, ?), at = ?
WHERE id = ? AND state = ?"""
SETTLE = """UPDATE recipient SET state = ?, code = ?, status = ?, words = ?, stage = ?, not_before = ?,
attempts = attempts + ?, since = coalesce(since, ?), at = ? WHERE id = ? AND state = ?"""
COUNT = f"UPDATE tally SET {', '.join(f'{state} = {state} + ?' for state in State)} WHERE mailing_id = ? AND owner = ?"
# Over a network each statement is a round trip, so PostgreSQL takes all rows in one, as JSON.
_ATTEMPT_ALL = """UPDATE recipient SET state = 'attempting', attempts = attempts + 1,
since = coalesce(since, (it->>0)::timestamptz), at = (it->>1)::timestamptz
FROM json_array_elements(%s::json) AS it WHERE id = (it->>2)::bigint AND state = it->>3"""
_SETTLE_ALL = """UPDATE recipient SET state = it->>0, code = (it->>1)::smallint, status = it->>2, words = it->>3, stage = it->>4,
not_before = (it->>5)::timestamptz, attempts = attempts + (it->>6)::smallint,
since = coalesce(since, (it->>7)::timestamptz), at = (it->>8)::timestamptz
FROM json_array_elements(%s::json) AS it WHERE id = (it->>9)::bigint AND state = it->>10"""
FOR_POSTGRESQL = {ATTEMPT: _ATTEMPT_ALL, SETTLE: _SETTLE_ALL}


class Change(NamedTuple):
    """One recipient, from the state we know it in to the next."""

    row: int
    before: State
    outcome: Outcome
    not_before: datetime | None = None


def spoken(moment: datetime, dialect: str) -> str:
    """As this database's driver would write it."""
    utc = moment.astimezone(UTC)
    return utc.isoformat() if dialect == "postgresql" else f"{utc:%Y-%m-%d %H:%M:%S.%f}"


def attempts(changes: Sequence[Change], moment: str) -> list[Row]:
    """Rows for ATTEMPT."""
    attempting = State.ATTEMPTING
    return [(moment, moment, one.row, one.before.value) for one in changes if one.outcome.state is attempting]


def outcomes(changes: Sequence[Change], moment: str, dialect: str) -> list[Row]:
    """Rows for SETTLE."""
    attempting = State.ATTEMPTING
    return [settling(one, moment, dialect) for one in changes if one.outcome.state is not attempting]


def settling(change: Change, moment: str, dialect: str, before: State | None = None) -> Row:
    result = change.outcome
    again = spoken(change.not_before, dialect) if change.not_before else None
    tried = int(change.before.is_waiting and result.state is not State.QUEUED)
    return (
        *(result.state.value, result.code, result.status, result.words.replace("\0", ""), result.stage, again),
        *(tried, moment, moment, change.row, (before or change.before).value),
    )


def sums(changes: Iterable[Change]) -> Mapping[State, int]:
    """How many recipients more or fewer are in each state."""
    found: Counter[State] = Counter()
    for change in changes:
        found[change.before] -= 1
        found[change.outcome.state] += 1
    return found


def committed(driver: sqlite3.Connection, work: Mapping[str, list[Row]]) -> bool:
    """Every row of every statement in one durable transaction; else False, and nothing was changed."""
    try:
        driver.execute("BEGIN IMMEDIATE")
        changed = sum(driver.executemany(statement, rows).rowcount for statement, rows in work.items() if rows)
        if changed != sum(map(len, work.values())):
            return False
        driver.execute("COMMIT")
        return True
    except sqlite3.Error:
        return False
    finally:
        if driver.in_transaction:
            driver.rollback()


@contextmanager
def impatient(driver: sqlite3.Connection, patience_ms: int) -> Iterator[None]:
    """Another writer is not waited for; whoever finds one is told at once."""
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience_ms}")
