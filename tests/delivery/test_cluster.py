"""Three worker processes, one of them killed: the mailing ends, each letter once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from delivery.ledger import books
from delivery.model import Counts
from tests.databases import dropped_postgresql, made_postgresql
from tests.delivery.house import frozen
from tests.delivery.servers import MailServer

HOUSE = Path(__file__).parents[2]
READERS = 800


class Workers:
    output: int | None = subprocess.DEVNULL

    def __init__(self, url: str, system: str, port: int) -> None:
        self._given = (url, system, port)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, mailing: str = "") -> None:
        url, system, port = self._given
        command = [
            sys.executable,
            "-m",
            "tests.delivery.worker",
            url,
            system,
            name,
            str(port),
            *([mailing] if mailing else []),
        ]
        self.processes[name] = subprocess.Popen(command, cwd=HOUSE, stdout=self.output)

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()

    def stop(self) -> None:
        for name in tuple(self.processes):
            self.kill(name)


@pytest.fixture
def system_url(postgresql_server: str) -> Iterator[str]:
    url = made_postgresql(postgresql_server)
    yield url
    dropped_postgresql(postgresql_server, url)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_three_workers_share_a_mailing_and_a_killed_one_is_replaced(
    database: Engine, database_url: str, system_url: str
) -> None:
    mailing = frozen(database, READERS)
    with MailServer(lambda stage, _: time.sleep(0.002) if stage == "DOT" else None) as server:  # type: ignore[func-returns-value]
        workers = Workers(database_url, system_url, server.port)
        try:
            for name in ("one", "two", "three"):
                workers.start(name, "weekly-2025-01-14")  # all three press the button
            _until(lambda: len(server.taken) >= 150)
            workers.kill("one")
            workers.start("four")
            counts = _ended(database, mailing)
        finally:
            workers.stop()
    assert counts.accepted + counts.in_doubt == READERS
    assert counts.in_doubt <= 2
    assert max(server.copies.values()) == 1
    with database.connect() as connection:
        assert books.recount(connection, mailing) == counts


def _until(condition: object, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def _ended(database: Engine, mailing: int) -> Counts:
    def counts() -> Counts:
        with database.connect() as connection:
            return books.counts(connection, mailing)

    _until(lambda: counts().waiting == 0)
    return counts()
