"""Stopping, pacing, and people who change their minds while letters leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from delivery.ledger import books, fence, freezing
from delivery.ledger.sending import Ledger
from delivery.loop.pace import Limits, warm_up
from delivery.loop.run import Summary, send
from delivery.model import Counts, Recipient, State
from delivery.smtp.relay import SmtpEngine
from tests.delivery.house import LETTERS, MAILING, NOW, deliver, frozen, relay, terms
from tests.delivery.servers import OFFERS, MailServer, Session

Listed = Callable[[int], int]


class Sender(threading.Thread):
    def __init__(self, database: Engine, mailing: int, server: MailServer, rate: float = 0) -> None:
        super().__init__()
        self.given = (database, mailing, server.port)
        self.rate = rate
        self.summary: Summary | None = None
        self.start()

    def run(self) -> None:
        self.summary = deliver(*self.given, sent_on=terms(limits=Limits(rate=self.rate)))

    def ended(self) -> Summary:
        self.join(20)
        assert self.summary
        return self.summary


def until(number: int, server: MailServer) -> None:
    while len(server.taken) < number:
        time.sleep(0.005)


def test_a_cancel_stops_within_a_second_and_the_rest_is_withdrawn(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(5000)
    sender = Sender(database, mailing, server)
    until(100, server)
    with database.begin() as connection:
        books.cancel(connection, mailing, now=NOW)
    cancelled = len(server.taken)
    begun = time.monotonic()
    summary = sender.ended()
    assert time.monotonic() - begun <= 1
    assert summary.ended == "cancelled"
    assert len(server.taken) <= cancelled + 4  # whose dot was out
    assert summary.counts.accepted == len(server.taken)
    assert summary.counts.withdrawn == 5000 - summary.counts.accepted
    assert summary.counts.in_doubt == 0


def test_a_pause_holds_and_a_resume_goes_on(database: Engine, server: MailServer, listed: Listed) -> None:
    mailing = listed(300)
    sender = Sender(database, mailing, server, rate=300)
    until(30, server)
    with database.begin() as connection:
        books.pause(connection, mailing)
    summary = sender.ended()
    assert summary.ended == "paused" and 0 < summary.counts.queued < 300 and summary.counts.in_doubt == 0
    assert deliver(database, mailing, server.port).ended == "paused"
    with database.begin() as connection:
        books.unpause(connection, mailing)
    assert deliver(database, mailing, server.port).is_good
    assert set(server.copies.values()) == {1} and len(server.copies) == 300


def test_two_senders_of_one_mailing_are_one(database: Engine, server: MailServer, listed: Listed) -> None:
    mailing = listed(300)
    sender = Sender(database, mailing, server, rate=300)
    until(5, server)
    with pytest.raises(fence.BusyError):
        deliver(database, mailing, server.port)
    assert sender.ended().is_good
    assert set(server.copies.values()) == {1}


def test_whoever_unsubscribes_during_the_send_gets_no_letter(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(200)
    sender = Sender(database, mailing, server, rate=200)
    until(10, server)
    with database.begin() as connection:
        assert books.withdraw(connection, ["199", "198"], now=NOW, words="unsubscribed") == 2
    summary = sender.ended()
    assert (summary.counts.accepted, summary.counts.withdrawn) == (198, 2)
    assert "reader199@school3.example" not in server.copies
    with database.connect() as connection:
        fate = books.find(connection, mailing, "199")
        assert fate and (fate.state, fate.words) == (State.WITHDRAWN, "unsubscribed")


def test_a_withdrawal_between_the_body_and_the_dot_still_counts(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(3)

    def withdraw_at_data(stage: str, session: Session) -> str | None:
        if stage == "DATA" and session.recipient.startswith("reader1@"):
            with database.begin() as connection:
                books.withdraw(connection, ["1"], now=NOW, words="unsubscribed")
        return None

    server.script = withdraw_at_data
    summary = deliver(database, mailing, server.port, connections=1)
    assert (summary.counts.accepted, summary.counts.withdrawn) == (2, 1)
    assert "reader1@school1.example" not in server.copies


def test_an_edition_is_frozen_once(database: Engine) -> None:
    frozen(database, 3)
    with pytest.raises(freezing.AlreadyFrozenError, match="already on its way"):
        frozen(database, 3)


def test_a_freeze_that_fails_leaves_nothing_behind(database: Engine) -> None:
    def readers() -> object:
        yield Recipient("1", "a@school.example", "1")
        yield Recipient("2", "b@school.example", "no such variant")

    with pytest.raises(freezing.DeliveryError, match="no such variant"), database.begin() as connection:
        freezing.freeze(connection, MAILING, LETTERS, readers(), now=NOW)  # type: ignore[arg-type]
    with database.connect() as connection:
        assert books.mailings(connection) == []
        assert connection.execute(text("SELECT count(*) FROM recipient")).scalar() == 0


def test_late_readers_get_the_letter_as_it_was_frozen_and_nobody_twice(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(5)
    deliver(database, mailing, server.port)
    late = [Recipient("3", "reader3@school3.example", "1"), Recipient("77", "late@school.example", "2", {"key": "k77"})]
    with database.begin() as connection:
        assert freezing.add_late(connection, mailing, late) == 1
    assert deliver(database, mailing, server.port).counts.accepted == 6
    assert server.copies["late@school.example"] == server.copies["reader3@school3.example"] == 1


def test_suppressed_readers_are_listed_and_not_sent(database: Engine, server: MailServer) -> None:
    readers = [
        Recipient("1", "a@school.example", "1", {"key": "k"}),
        Recipient("2", "b@school.example", "1", {}, suppressed=True),
    ]
    with database.begin() as connection:
        mailing = freezing.freeze(connection, MAILING, LETTERS, readers, now=NOW)
    counts = deliver(database, mailing, server.port).counts
    assert (counts.accepted, counts.suppressed) == (1, 1) and len(server.taken) == 1


def test_a_letter_that_cannot_be_made_is_set_aside_and_the_others_go(database: Engine, server: MailServer) -> None:
    readers = [
        Recipient("1", "a@school.example", "1", {"key": "k"}),
        Recipient("2", "b@school.example", "1", {}),
        Recipient("3", "not an address", "1", {"key": "k"}),
        Recipient("4", "zoë@school.example", "1", {"key": "k"}),
        Recipient("5", "e@school.example", "1", {"key": "k"}),
    ]
    with database.begin() as connection:
        mailing = freezing.freeze(connection, MAILING, LETTERS, readers, now=NOW)
    counts = deliver(database, mailing, server.port).counts
    assert (counts.accepted, counts.failed) == (2, 3)
    with database.connect() as connection:
        words = {fate.subscriber: fate.words for fate in books.fates(connection, mailing, State.FAILED)}
    assert "[[unsubscribe]]" in words["2"] or "[[key]]" in words["2"]
    assert "not an address" in words["3"] and "SMTPUTF8" in words["4"]


def test_a_mailbox_beyond_ascii_goes_where_the_server_takes_it(database: Engine) -> None:
    readers = [Recipient("4", "zoë@münchen.example", "1", {"key": "k"})]
    with database.begin() as connection:
        mailing = freezing.freeze(connection, MAILING, LETTERS, readers, now=NOW)
    with MailServer(offers=(*OFFERS, "SMTPUTF8")) as server:
        assert deliver(database, mailing, server.port).is_good
        assert "RCPT TO:<zoë@xn--mnchen-3ya.example>" in server.sessions[0].lines
        assert any(line.endswith("BODY=8BITMIME SMTPUTF8") for line in server.sessions[0].lines)


def test_the_rate_is_kept_and_each_domain_has_its_own(database: Engine, server: MailServer, listed: Listed) -> None:
    begun = time.monotonic()
    limits = Limits(rate=100, domain_rates={"school0.example": 5})
    summary = deliver(database, listed(70), server.port, sent_on=terms(limits=limits))
    assert summary.is_good
    assert 1.5 < time.monotonic() - begun < 6  # ten letters to school0 at five a second


def test_while_an_address_warms_up_a_domain_gets_its_share_and_the_rest_waits_for_tomorrow(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    summary = deliver(database, listed(70), server.port, sent_on=terms(limits=Limits(daily=4)))
    assert (summary.ended, summary.counts.accepted, summary.counts.deferred) == ("waiting", 28, 42)
    assert summary.next_due and summary.next_due > datetime.now(UTC)
    assert [warm_up(day) for day in (0, 1, 3, 9)] == [50, 100, 400, 0]


def test_deferred_letters_are_tried_again_when_they_are_due(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(10)
    server.script = lambda stage, session: (
        "451 4.7.1 greylisted" if stage == "RCPT" and session.recipient.startswith("reader4@") else None
    )
    first = deliver(database, mailing, server.port)
    assert first.ended == "waiting" and first.counts.deferred == 1 and first.next_due
    server.script = lambda _stage, _session: None
    assert deliver(database, mailing, server.port).counts.deferred == 1  # not yet due
    with database.begin() as connection:
        connection.execute(text("UPDATE recipient SET not_before = since WHERE state = 'deferred'"))
    assert deliver(database, mailing, server.port).is_good


def test_after_72_hours_of_trying_a_letter_has_failed_with_the_servers_words(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(1)
    server.script = lambda stage, _session: "451 4.7.1 greylisted" if stage == "RCPT" else None
    deliver(database, mailing, server.port)
    with database.begin() as connection:
        connection.execute(text("UPDATE recipient SET not_before = since"))
        old = "2025-01-01 00:00:00.000000" + ("+00" if connection.dialect.name == "postgresql" else "")
        connection.execute(text(f"UPDATE recipient SET since = '{old}', not_before = '{old}'"))
    assert deliver(database, mailing, server.port).counts.failed == 1
    with database.connect() as connection:
        fate = books.find(connection, mailing, "0")
    assert fate and fate.words == "gave up after 72 hours: greylisted"


def test_an_unreachable_relay_changes_nothing(database: Engine, listed: Listed) -> None:
    mailing = listed(5)
    summary = deliver(database, mailing, 1, patience_seconds=0.2)
    assert summary.ended == "broken" and "cannot be reached" in summary.problem
    assert summary.counts.queued == 5


def test_why_a_sending_stopped_stands_in_the_ledger_until_it_goes_on(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(5)
    deliver(database, mailing, 1, patience_seconds=0.2)
    with database.connect() as connection:
        (broken,) = books.mailings(connection)
    assert "cannot be reached" in broken.problem
    deliver(database, mailing, server.port)
    with database.connect() as connection:
        (whole,) = books.mailings(connection)
    assert whole.problem == "" and whole.finished_at


def test_progress_is_told_and_ends_with_the_truth(database: Engine, server: MailServer, listed: Listed) -> None:
    mailing = listed(50)
    told: list[Counts] = []
    with Ledger(database, mailing) as ledger:
        send(ledger, SmtpEngine(relay(server.port)), terms(limits=Limits(rate=60)), progress=told.append)
    assert len(told) >= 2 and told[-1].accepted == 50
    assert all(counts.recipients == 50 for counts in told)


def test_of_an_old_mailing_only_the_counts_stay(database: Engine, listed: Listed) -> None:
    mailing_id = listed(5)
    with database.begin() as connection:
        before = books.counts(connection, mailing_id)
        assert books.forget_before(connection, datetime(2000, 1, 1, tzinfo=UTC)) == 0
        assert books.forget_before(connection, datetime(2100, 1, 1, tzinfo=UTC)) == 5
        assert books.forget_before(connection, datetime(2100, 1, 1, tzinfo=UTC)) == 0
        assert {fate.address for fate in books.fates(connection, mailing_id)} == {""}
        assert books.recount(connection, mailing_id) == before


def test_forgetting_a_reader_leaves_no_address(database: Engine, listed: Listed) -> None:
    mailing = listed(3)
    with database.begin() as connection:
        assert books.forget(connection, "1") == 1
        fate = books.find(connection, mailing, "1")
        assert fate and fate.address == ""


def test_a_restored_backup_sends_nothing_until_a_person_says_so(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(5)
    with database.begin() as connection:
        assert books.hold_all(connection) == ["weekly-2025-01-14"]
        assert books.hold_all(connection) == []
    assert deliver(database, mailing, server.port).ended == "paused" and not server.taken
    with database.begin() as connection:
        books.unpause(connection, mailing)
    assert deliver(database, mailing, server.port).is_good


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_somebody_locks_for_a_while_delays_letters_and_loses_none(
    database: Engine, server: MailServer, listed: Listed
) -> None:
    mailing = listed(100)
    sender = Sender(database, mailing, server, rate=200)
    until(10, server)
    with database.begin():
        time.sleep(2)
        locked = len(server.taken)
    assert locked < 40
    assert sender.ended().is_good and set(server.copies.values()) == {1}
