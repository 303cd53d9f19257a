"""A list, a real server on loopback, and what the ledger says afterwards."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from delivery.ledger import books
from delivery.model import State
from tests.delivery.house import deliver
from tests.delivery.servers import MailServer, Session

Listed = Callable[[int], int]


def test_every_reader_gets_their_own_letter_once(database: Engine, server: MailServer, listed: Listed) -> None:
    mailing = listed(120)
    summary = deliver(database, mailing, server.port)
    assert summary.ended == "finished" and summary.is_good
    assert summary.counts.accepted == 120
    assert set(server.copies.values()) == {1} and len(server.copies) == 120
    for taken in server.taken:
        number = int(taken.recipient.partition("@")[0].removeprefix("reader"))
        assert f"\r\nkey{number}=\r\n".encode() in taken.data
        assert (b"For heads" in taken.data) is (number % 2 == 0)
        assert taken.sender.startswith(f"bounces+weekly-2025-01-14-{number}-")


def test_the_running_totals_are_the_recipients_counted(database: Engine, server: MailServer, listed: Listed) -> None:
    mailing = listed(60)
    server.script = lambda stage, session: _by_reader(stage, session)
    deliver(database, mailing, server.port)
    with database.connect() as connection:
        counts = books.counts(connection, mailing)
        assert counts == books.recount(connection, mailing)
        assert (counts.recipients, counts.failed, counts.deferred) == (60, 9, 9)
        refused, *_ = list(books.fates(connection, mailing, State.FAILED))
        assert (refused.code, refused.status, refused.words, refused.stage) == (550, "5.1.1", "no such person", "RCPT")


def _by_reader(stage: str, session: Session) -> str | None:
    if stage != "RCPT":
        return None
    domain = session.recipient.rpartition("@")[2]
    return {"school2.example": "550 5.1.1 no such person", "school3.example": "451 4.3.0 later"}.get(domain)


def test_the_same_command_twice_sends_nothing_twice(database: Engine, server: MailServer, listed: Listed) -> None:
    mailing = listed(30)
    deliver(database, mailing, server.port)
    again = deliver(database, mailing, server.port)
    assert again.ended == "finished"
    assert set(server.copies.values()) == {1}
