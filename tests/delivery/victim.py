"""A sender in a process of its own, to be killed: `python -m tests.delivery.victim URL MAILING PORT CONNECTIONS [wrong]`."""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import db
from delivery.engine import Parcel
from delivery.ledger.changes import Change
from delivery.ledger.sending import Ledger
from delivery.loop import run
from delivery.model import ATTEMPTING
from delivery.smtp.relay import SmtpEngine
from tests.delivery.house import relay, terms


class WrongRun(run.Run):
    """The control: lets the dot go before "attempting" is durable. A crash between the two sends a letter twice."""

    def attempt(self, parcel: Parcel, go: Callable[[bool], None]) -> None:
        change = Change(parcel.row, self._held[parcel.row].state, ATTEMPTING)
        self._commits._waiting.append((change, lambda _change, _is_done: None))
        parcel.is_attempted = True
        asyncio.get_running_loop().call_later(0.02, self._news.set)
        go(True)


def send(url: str, mailing_id: int, port: int, connections: int, *, is_wrong: bool = False) -> None:
    if is_wrong:
        run.Run = WrongRun  # type: ignore[misc]
    engine = db.open_database(url)
    with Ledger(engine, mailing_id) as ledger:
        run.send(ledger, SmtpEngine(relay(port, connections=connections)), terms())
    engine.dispose()


if __name__ == "__main__":
    if "full" in sys.argv:  # files may grow a little more, then the disk is full
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        wal = Path(sys.argv[1].removeprefix("sqlite:///") + "-wal")
        most = max(wal.stat().st_size if wal.exists() else 0, 4096) + 60_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    send(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), is_wrong="wrong" in sys.argv)
