"""R1: kill -9 at every system call of a send, on SQLite and PostgreSQL; and a control that shows this can fail."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import Engine

from delivery.ledger import books
from delivery.model import State
from tests.databases import database, database_url, empty_database
from tests.delivery.house import deliver, frozen
from tests.delivery.servers import MailServer

__all__ = ["database", "database_url", "empty_database"]
pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("delivery kills")]

HOUSE = Path(__file__).parents[2]
READERS = 40
CONNECTIONS = 3
# Those of libuv's event loop and of the standard one; whichever is not used costs three runs.
LOOPS = ("writev", "write", "read", "epoll_pwait", "sendto", "recvfrom", "epoll_wait", "futex", "close")
CALLS = {"sqlite": ("pwrite64", "fdatasync", *LOOPS), "postgresql": ("poll", *LOOPS)}
POINTS = 520  # at least 500 a database that really killed the sender
TRACE_SECONDS = 0.15  # strace says nothing when it has attached


class Zygote:
    def __init__(self, stderr: IO[str] | None = None) -> None:
        command = [sys.executable, "-m", "tests.prove.delivery_zygote"]
        self._process = subprocess.Popen(
            command, cwd=HOUSE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
        )

    def kill_at(self, call: str, number: int, *victim: object) -> bool:
        """Whether the sender met its n-th such call, and died of it."""
        return self.meets(call, f"signal=KILL:when={number}", *victim) == signal.SIGKILL

    def meets(self, call: str, injected: str, *victim: object) -> int:
        """The sender's wait status after it met what strace injects into such calls."""
        pid = int(self._ask(" ".join(map(str, victim))))
        tracer = subprocess.Popen(
            ["strace", "-f", "-q", "-o", "/dev/null", f"--trace={call}", f"--inject={call}:{injected}", "-p", str(pid)],
            stderr=subprocess.DEVNULL,
        )
        _wait_until_traced(pid)
        status = int(self._ask("go"))
        tracer.wait(20)
        return status

    def run(self, *victim: object) -> int:
        """A sender's wait status."""
        self._ask(" ".join(map(str, victim)))
        return int(self._ask("go"))

    def _ask(self, line: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def way(number: int) -> str:
    """In turn: commits in the loop's own thread, and in the ledger's."""
    return "quick" if number % 2 else "patient"


def _wait_until_traced(pid: int) -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        status = Path(f"/proc/{pid}/status").read_text()
        if "TracerPid:\t0" not in status:
            return
        time.sleep(0.005)
    raise AssertionError("strace did not attach")


@dataclass
class Tally:
    points: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    lost: int = 0
    doubts: list[int] = field(default_factory=list)
    wrong_sums: int = 0


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    if not shutil.which("strace"):
        pytest.fail("this proof needs strace: apt-get install strace")
    running = Zygote()
    yield running
    running.close()


def _kill_and_resume(
    zygote: Zygote, database: Engine, url: str, call: str, number: int, tally: Tally, flags: str
) -> bool:
    """One point of the matrix; False when the send was over before its n-th call."""
    mailing = frozen(database, READERS, edition=f"{call.replace('_', '')}-{number}")
    with MailServer() as server:
        died = zygote.kill_at(call, number, url, mailing, server.port, CONNECTIONS, flags, way(number))
        server.settle()
        summary = deliver(database, mailing, server.port)
        server.settle()
    with database.connect() as connection:
        fates = list(books.fates(connection, mailing))
        tally.wrong_sums += books.counts(connection, mailing) != books.recount(connection, mailing)
    tally.points += died
    tally.killed[call] += died
    tally.twice += sum(copies > 1 for copies in server.copies.values())
    tally.lost += sum(
        not (fate.state is State.IN_DOUBT or (fate.state is State.ACCEPTED and server.copies[fate.address] >= 1))
        for fate in fates
    )
    tally.doubts.append(summary.counts.in_doubt)
    return died


def _matrix(zygote: Zygote, database: Engine, url: str, points: int, flags: str = "") -> Tally:
    """Each kind of call at its 1st, 2nd, 3rd … time, until the send survives; kinds in turn, until there are enough."""
    tally = Tally()
    open_calls = dict.fromkeys(CALLS[database.dialect.name], 0)
    survived = dict.fromkeys(open_calls, 0)
    while open_calls and tally.points < points:
        for call in tuple(open_calls):
            open_calls[call] += 1
            if _kill_and_resume(zygote, database, url, call, open_calls[call], tally, flags):
                survived[call] = 0
            else:
                survived[call] += 1
                if survived[call] == 3:
                    del open_calls[call]
    return tally


def _url(database: Engine) -> str:
    return database.url.render_as_string(hide_password=False).replace("+psycopg", "")


def test_killed_at_any_system_call_no_letter_goes_twice_and_none_is_lost(zygote: Zygote, database: Engine) -> None:
    tally = _matrix(zygote, database, _url(database), POINTS)
    print(
        f"{database.dialect.name}: {tally.points} kills, in doubt {sum(tally.doubts)}, at most {max(tally.doubts)} at once; "
        f"{', '.join(f'{call} {number}' for call, number in tally.killed.most_common())}"
    )
    assert tally.points >= 500
    assert tally.killed["writev"] + tally.killed["sendto"] >= 20, "no letter was cut off on its way"
    assert (tally.twice, tally.lost, tally.wrong_sums) == (0, 0, 0)
    assert max(tally.doubts) <= CONNECTIONS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_control_that_lets_the_dot_go_before_the_ledger_sends_twice(zygote: Zygote, database: Engine) -> None:
    tally = _matrix(zygote, database, _url(database), 120, "wrong")
    assert tally.twice > 0, "the matrix cannot see a letter that goes twice"
