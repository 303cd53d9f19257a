"""kill -9 at the worst moments; the matrix of every system call is in tests/prove."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from delivery.ledger import books
from delivery.ledger import sending as ledger
from delivery.model import DeliveryError, State
from tests.delivery.house import deliver
from tests.delivery.servers import MailServer, Session

HOUSE = Path(__file__).parents[2]
CONNECTIONS = 3


class Victim:
    """Started only once the server knows it, so that the server can kill it."""

    def __init__(self, url: str, mailing: int, server: MailServer, *flags: str) -> None:
        given = [url, str(mailing), str(server.port), str(CONNECTIONS), *flags]
        self.process = subprocess.Popen([sys.executable, "-m", "tests.delivery.victim", *given], cwd=HOUSE)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)


def killing(server: MailServer, url: str, mailing: int, stage: str, after: int, action: str | None) -> int:
    """Kills the sender when the server has taken so many letters and hears `stage`; its exit status."""
    victims: list[Victim] = []

    def script(now: str, session: Session) -> str | None:
        if now == stage and len(server.taken) >= after and victims:
            victims[0].kill()
            victims[0].process.wait()
            return action
        return None

    server.script = script
    victims.append(Victim(url, mailing, server))
    status = victims[0].process.wait(30)
    server.script = lambda _stage, _session: None
    time.sleep(0.05)  # the server's other sessions see the end
    return status


@pytest.mark.parametrize("stage", ["MAIL", "DATA", "BODY", "DOT"])
def test_a_crash_is_never_resent_and_nobody_is_missed(
    database: Engine, database_url: str, server: MailServer, listed: Callable[[int], int], stage: str
) -> None:
    mailing = listed(40)
    assert killing(server, database_url, mailing, stage, 10, None) == -signal.SIGKILL
    summary = deliver(database, mailing, server.port)
    assert summary.counts.accepted + summary.counts.in_doubt == 40
    assert summary.counts.in_doubt <= CONNECTIONS
    assert max(server.copies.values()) == 1
    with database.connect() as connection:
        for fate in books.fates(connection, mailing):
            assert fate.state is State.IN_DOUBT or server.copies[fate.address] == 1
        assert books.counts(connection, mailing) == books.recount(connection, mailing)


def test_status_after_a_crash_names_those_in_doubt_before_anything_is_resumed(
    database: Engine, database_url: str, server: MailServer, listed: Callable[[int], int]
) -> None:
    mailing = listed(20)
    killing(server, database_url, mailing, "DOT", 5, None)
    assert 1 <= ledger.settle_leftovers(database, mailing) <= CONNECTIONS
    with database.connect() as connection:
        counts = books.counts(connection, mailing)
        assert counts.attempting == 0 and counts.recipients == 20
        assert len(list(books.fates(connection, mailing, State.IN_DOUBT))) == counts.in_doubt


def test_sigterm_ends_the_letters_under_way_and_leaves_none_in_doubt(
    database: Engine, database_url: str, server: MailServer, listed: Callable[[int], int]
) -> None:
    mailing = listed(2000)
    victim = Victim(database_url, mailing, server)
    while len(server.taken) < 50:
        time.sleep(0.01)
    victim.process.terminate()
    begun = time.monotonic()
    assert victim.process.wait(10) == 0
    assert time.monotonic() - begun < 10
    with database.connect() as connection:
        counts = books.counts(connection, mailing)
    assert (counts.in_doubt, counts.attempting) == (0, 0)
    assert counts.accepted == len(server.taken) < 2000
    assert deliver(database, mailing, server.port).is_good
    assert set(server.copies.values()) == {1} and len(server.copies) == 2000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_stops_the_send_and_loses_nothing(
    database: Engine, database_url: str, server: MailServer, listed: Callable[[int], int]
) -> None:
    mailing = listed(300)
    database.dispose()  # the write-ahead log is folded into the database
    victim = Victim(database_url, mailing, server, "full")
    assert victim.process.wait(30) != 0
    server.settle()
    assert len(server.taken) < 300
    assert_accounted_for(database, mailing, server, 300)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_sender_that_loses_its_database_session_stops(
    database: Engine, server: MailServer, listed: Callable[[int], int]
) -> None:
    mailing = listed(300)

    def cut(stage: str, _session: Session) -> str | None:
        if stage == "DOT" and len(server.taken) == 50:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            with database.connect() as connection:
                connection.execute(text(f"{others} AND datname = current_database()"))
        return None

    server.script = cut
    with pytest.raises(DeliveryError):
        deliver(database, mailing, server.port)
    server.script = lambda _stage, _session: None
    server.settle()
    database.dispose()
    assert_accounted_for(database, mailing, server, 300)


def assert_accounted_for(database: Engine, mailing: int, server: MailServer, number: int) -> None:
    counts = deliver(database, mailing, server.port).counts
    assert counts.accepted + counts.in_doubt == number
    assert max(server.copies.values()) == 1
    with database.connect() as connection:
        assert books.recount(connection, mailing) == counts
