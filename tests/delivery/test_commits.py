"""The ordinary commit by SQLite's own driver, in the loop's thread: all or nothing, and nobody is waited for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from delivery.ledger import books
from delivery.ledger.changes import Change
from delivery.ledger.sending import Ledger
from delivery.loop import commits
from delivery.model import ATTEMPTING, Counts, Outcome, State
from tests.delivery.house import deliver
from tests.delivery.servers import MailServer, Session

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOW = datetime(2025, 1, 14, 9, tzinfo=UTC)
ACCEPTED = Outcome(State.ACCEPTED, 250, "2.0.0", "Ok", "DOT")


def counted(database: Engine, mailing: int) -> Counts:
    with database.connect() as connection:
        counts = books.counts(connection, mailing)
        assert counts == books.recount(connection, mailing)
        return counts


def attempts(ledger: Ledger) -> list[Change]:
    return [Change(claim.row, claim.state, ATTEMPTING) for claim in ledger.page(-1, 10)]


def test_attempts_and_outcomes_of_one_moment_are_one_commit(database: Engine, listed: Callable[[int], int]) -> None:
    mailing = listed(3)
    with Ledger(database, mailing) as ledger:
        first, *others = attempts(ledger)
        assert ledger.commit([first], NOW) == {first.row}  # the first makes this sender's row of the totals
        assert ledger.commit_at_once([Change(first.row, State.ATTEMPTING, ACCEPTED), *others], NOW)
    assert counted(database, mailing) == Counts(accepted=1, attempting=2)


def test_one_who_was_withdrawn_meanwhile_leaves_the_rest_to_the_thorough_way(
    database: Engine, listed: Callable[[int], int]
) -> None:
    mailing = listed(3)
    with Ledger(database, mailing) as ledger:
        wanted = attempts(ledger)
        with database.begin() as connection:
            books.withdraw(connection, ["1"], now=NOW, words="left")
        assert not ledger.commit_at_once(wanted, NOW)
        assert counted(database, mailing) == Counts(queued=2, withdrawn=1)
        assert ledger.commit(wanted, NOW) == {wanted[0].row, wanted[2].row}
    assert counted(database, mailing) == Counts(attempting=2, withdrawn=1)


def test_another_writer_is_not_waited_for(database: Engine, listed: Callable[[int], int]) -> None:
    mailing = listed(3)
    with Ledger(database, mailing) as ledger:
        wanted = attempts(ledger)
        with database.begin() as connection:
            connection.execute(text("UPDATE mailing SET control = control"))
            begun = time.monotonic()
            assert not ledger.commit_at_once(wanted, NOW)
            assert time.monotonic() - begun < 1
        assert ledger.commit(wanted, NOW) == {one.row for one in wanted}


@pytest.mark.parametrize("quick_seconds", [0.0, math.inf], ids=["in the ledger's thread", "in the loop's own thread"])
def test_readers_who_leave_while_it_runs_get_nothing_and_the_totals_add_up(
    database: Engine,
    server: MailServer,
    listed: Callable[[int], int],
    monkeypatch: pytest.MonkeyPatch,
    quick_seconds: float,
) -> None:
    monkeypatch.setattr(commits, "QUICK_SECONDS", quick_seconds)
    mailing = listed(60)

    def leave(stage: str, _session: Session) -> str | None:
        if stage == "DOT" and len(server.taken) == 20:
            with database.begin() as connection:
                books.withdraw(connection, [str(number) for number in range(50, 60)], now=NOW, words="left")
        return None

    server.script = leave
    assert deliver(database, mailing, server.port).counts == Counts(accepted=50, withdrawn=10)
    assert counted(database, mailing) == Counts(accepted=50, withdrawn=10)
    assert len(server.copies) == 50 and set(server.copies.values()) == {1}
