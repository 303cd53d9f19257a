"""R6: the whole fault matrix on both databases, pipelined or not, and a control that shows it can fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from delivery import outcome
from delivery.ledger import books
from delivery.model import Outcome, State
from tests.databases import database, database_url, empty_database
from tests.delivery.faults import FAULTS, TARGET, Fault, at
from tests.delivery.house import deliver, frozen
from tests.delivery.servers import DROP_AFTER, OFFERS, MailServer

__all__ = ["database", "database_url", "empty_database"]
pytestmark = pytest.mark.prove

READERS = 40
PLAIN = tuple(offer for offer in OFFERS if offer != "PIPELINING")


def _copies_after_two_runs(
    database: Engine, fault: Fault, offers: tuple[str, ...], connections: int
) -> tuple[int, int]:
    """The server's most copies of one letter, and how many readers the ledger says nothing true about."""
    mailing = frozen(database, READERS)
    with MailServer(fault.script(), offers=offers) as server:
        deliver(database, mailing, server.port, connections=connections)
        server.script = lambda _stage, _session: None
        with database.begin() as connection:
            connection.execute(text("UPDATE recipient SET not_before = since WHERE state = 'deferred'"))
        deliver(database, mailing, server.port, connections=connections)
        server.settle()
    with database.connect() as connection:
        fates = list(books.fates(connection, mailing))
        assert books.counts(connection, mailing) == books.recount(connection, mailing)
    untrue = sum(
        (fate.state is State.ACCEPTED and server.copies[fate.address] != 1)
        or (fate.state is State.FAILED and server.copies[fate.address] != 0)
        or not fate.state.is_settled
        for fate in fates
    )
    return max(server.copies.values()), untrue


@pytest.mark.parametrize("offers", [OFFERS, PLAIN], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_whatever_the_server_does_the_second_run_ends_it_and_no_letter_goes_twice(
    database: Engine, fault: Fault, offers: tuple[str, ...]
) -> None:
    assert _copies_after_two_runs(database, fault, offers, 3) == (1, 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_control_that_guesses_after_a_lost_answer_sends_twice(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def guess(stage: str, why: str, *, dot_sent: bool) -> Outcome:
        return Outcome(State.DEFERRED, words=f"{why} {dot_sent}", stage=stage)

    monkeypatch.setattr(outcome, "lost", guess)
    fault = replace(FAULTS[0], script=at("DOT", DROP_AFTER))
    copies, _ = _copies_after_two_runs(database, fault, OFFERS, 2)
    assert copies == 2, f"the matrix cannot see that {TARGET} got two"
