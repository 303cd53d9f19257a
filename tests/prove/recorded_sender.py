"""A sender whose every acknowledgement of the ledger is marked in a file, so that a trace shows what it had been promised.

`python -m tests.prove.recorded_sender URL MAILING PORT CONNECTIONS MARKS [SYNCHRONOUS]`
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import event

import db
from delivery.ledger.changes import Change
from delivery.ledger.sending import Ledger
from delivery.loop.run import send
from delivery.smtp.relay import SmtpEngine
from tests.delivery.house import relay, terms


class MarkingLedger(Ledger):
    marks = -1

    def commit(self, changes: Sequence[Change], now: datetime) -> set[int]:
        done = super().commit(changes, now)
        self._mark(changes, done)
        return done

    def commit_at_once(self, changes: Sequence[Change], now: datetime) -> bool:
        is_done = super().commit_at_once(changes, now)
        if is_done:
            self._mark(changes, {one.row for one in changes})
        return is_done

    def _mark(self, changes: Sequence[Change], done: set[int]) -> None:
        told = "".join(f"{one.row} {one.outcome.state.value}\n" for one in changes if one.row in done)
        os.write(self.marks, told.encode())


def main(url: str, mailing: str, port: str, connections: str, marks: str, synchronous: str = "") -> None:
    engine = db.open_database(url)
    if synchronous:  # the control
        event.listen(engine, "connect", lambda made, _record: _weaken(made, synchronous))
    with MarkingLedger(engine, int(mailing)) as ledger:
        ledger.marks = os.open(marks, os.O_WRONLY | os.O_APPEND)
        send(ledger, SmtpEngine(relay(int(port), connections=int(connections))), terms())
    engine.dispose()


def _weaken(connection: Any, synchronous: str) -> None:
    connection.execute(f"PRAGMA synchronous = {synchronous}")


if __name__ == "__main__":
    main(*sys.argv[1:])
