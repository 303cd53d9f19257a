"""A server may say anything at any point: no letter twice, none lost, and the rest of the list goes."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from delivery.ledger import books
from delivery.model import State
from delivery.outcome import is_about_the_server
from delivery.smtp.reply import Reply
from tests.databases import open_migrated
from tests.delivery.faults import FAULTS, TARGET, Fault
from tests.delivery.house import NOW, deliver, frozen
from tests.delivery.servers import DROP_AFTER, OFFERS, MailServer, Session

READERS = 12
WITHOUT_PIPELINING = tuple(offer for offer in OFFERS if offer != "PIPELINING")
CHUNKING = (*OFFERS, "CHUNKING")


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    return open_migrated(tmp_path / "bulletin.db")


@pytest.mark.parametrize("offers", [OFFERS, WITHOUT_PIPELINING], ids=["pipelined", "step by step"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_letter_meets_the_fault_and_the_others_arrive(
    sqlite: Engine, fault: Fault, offers: tuple[str, ...]
) -> None:
    mailing = frozen(sqlite, READERS)
    with MailServer(fault.script(), offers=offers) as server:
        summary = deliver(sqlite, mailing, server.port, connections=2)
    with sqlite.connect() as connection:
        fates = {fate.address: fate for fate in books.fates(connection, mailing)}
        assert books.counts(connection, mailing) == books.recount(connection, mailing)
    assert fates[TARGET].state in fault.expected, fates[TARGET]
    assert {fate.state for address, fate in fates.items() if address != TARGET} == {State.ACCEPTED}
    assert summary.counts.recipients == READERS
    for address, fate in fates.items():
        copies = server.copies[address]
        if fate.state is State.ACCEPTED:
            assert copies == 1
        elif address == TARGET and fault.taken is not None:
            assert copies == fault.taken
        elif fate.state is not State.IN_DOUBT:
            assert copies == 0


def test_with_several_in_flight_no_more_are_in_doubt_than_were_in_flight(sqlite: Engine) -> None:
    mailing = frozen(sqlite, 40)

    def die_at_the_tenth(stage: str, session: Session) -> str | None:
        return "\0drop" if stage == "BDAT" and session.number == 0 and session.letters == 10 else None

    with MailServer(die_at_the_tenth, offers=CHUNKING) as server:
        summary = deliver(sqlite, mailing, server.port, connections=1, in_flight=4)
    # those that the ledger had let go but that had not been written yet are known not to have left
    assert summary.counts.accepted + summary.counts.in_doubt + summary.counts.deferred == 40
    assert 1 <= summary.counts.in_doubt <= 4
    assert max(server.copies.values()) == 1
    assert any(line.startswith("BDAT") for line in server.sessions[0].lines)


def test_a_refused_reader_among_chunks_in_flight_is_the_only_one_refused(sqlite: Engine) -> None:
    mailing = frozen(sqlite, 40)

    def refuse_the_seventh(stage: str, session: Session) -> str | None:
        return "550 5.1.1 no such person" if stage == "RCPT" and session.recipient.startswith("reader7@") else None

    with MailServer(refuse_the_seventh, offers=CHUNKING) as server:
        summary = deliver(sqlite, mailing, server.port, connections=2, in_flight=4)
    assert (summary.counts.accepted, summary.counts.failed) == (39, 1)
    assert max(server.copies.values()) == 1


def test_without_the_offer_nothing_is_pipelined_or_chunked(sqlite: Engine) -> None:
    mailing = frozen(sqlite, 6)
    with MailServer(offers=("SIZE",)) as server:
        deliver(sqlite, mailing, server.port, connections=1, in_flight=4)
    assert not any(line.startswith("BDAT") for line in server.sessions[0].lines)
    assert not any("SMTPUTF8" in line for line in server.sessions[0].lines)


def test_a_relay_that_refuses_everything_stops_the_run_before_the_list_has_failed(sqlite: Engine) -> None:
    mailing = frozen(sqlite, 200)
    with MailServer(lambda stage, _: "550 5.7.1 relaying denied" if stage == "RCPT" else None) as server:
        summary = deliver(sqlite, mailing, server.port)
    assert summary.ended == "broken" and "relaying denied" in summary.problem
    assert summary.counts.failed < 60 and summary.counts.queued > 140


def test_in_doubt_is_never_sent_again_by_itself_and_once_when_a_person_says_so(sqlite: Engine) -> None:
    mailing = frozen(sqlite, 10)
    with MailServer(lambda stage, s: DROP_AFTER if stage == "DOT" and s.recipient == TARGET else None) as server:
        deliver(sqlite, mailing, server.port)
        assert deliver(sqlite, mailing, server.port).counts.in_doubt == 1
        assert server.copies[TARGET] == 1
        server.script = lambda _stage, _session: None
        with sqlite.begin() as connection:
            assert books.resend_in_doubt(connection, mailing, now=NOW) == 1
        assert deliver(sqlite, mailing, server.port).is_good
    assert server.copies[TARGET] == 2
    assert sum(server.copies.values()) == 11


@pytest.mark.parametrize(
    ("reply", "everybody_waits"),
    [
        (Reply(421, "", "busy"), True),
        (Reply(421, "4.2.1", "try later"), True),
        (Reply(452, "4.3.1", "no room"), True),
        (Reply(452, "", "too many"), True),
        (Reply(452, "4.2.2", "Mailbox full"), False),
        (Reply(450, "4.2.1", "later"), False),
    ],
)
def test_one_full_mailbox_makes_nobody_else_wait(reply: Reply, everybody_waits: bool) -> None:
    assert is_about_the_server(reply) is everybody_waits
