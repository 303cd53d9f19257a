"""A relay that fails in the middle of a sending by several workers: it ends broken, as on one machine, and is resumed."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from delivery.ledger import books
from delivery.model import Counts
from tests.databases import (
    database,
    database_url,
    dropped_postgresql,
    empty_database,
    made_postgresql,
)
from tests.delivery.house import frozen
from tests.delivery.servers import MailServer
from tests.delivery.test_cluster import Workers, _until

__all__ = ["database", "database_url", "empty_database"]
pytestmark = [pytest.mark.prove, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]

READERS = 600
MAILING = "weekly-2025-01-14"


@pytest.fixture
def system_url(postgresql_server: str) -> Iterator[str]:
    url = made_postgresql(postgresql_server)
    yield url
    dropped_postgresql(postgresql_server, url)


class Pressing(Workers):
    """Workers whose word on how the mailing ended can be read."""

    output = subprocess.PIPE

    def told(self, name: str) -> tuple[str, str]:
        process = self.processes[name]
        assert process.stdout and select.select([process.stdout], [], [], 90)[0], f"{name} says nothing"
        how, problem = json.loads(process.stdout.readline())
        return how, problem


def counts(database: Engine, mailing: int) -> Counts:
    with database.connect() as connection:
        return books.counts(connection, mailing)


def test_a_relay_that_dies_ends_the_mailing_broken_for_all_and_resuming_goes_on(
    database: Engine, database_url: str, system_url: str
) -> None:
    mailing = frozen(database, READERS)
    with MailServer() as server:
        port = server.port
        workers = Pressing(database_url, system_url, port)
        for name in ("one", "two", "three"):
            workers.start(name, MAILING)
        _until(lambda: len(server.taken) >= 150)
    try:
        ends = {workers.told(name) for name in ("one", "two", "three")}
        (how, problem), *others = ends
        assert not others and how == "broken" and "cannot be reached" in problem
        broken = counts(database, mailing)
        assert broken.queued + broken.deferred > 0 and broken.recipients == READERS
        with database.begin() as connection:  # those that were on their way are due again only later
            connection.execute(text("UPDATE recipient SET not_before = since WHERE state = 'deferred'"))
        with MailServer(port=port) as again:
            workers.start("four", MAILING)
            workers.start("five", MAILING)  # pressed twice: one task
            assert workers.told("four") == workers.told("five") == ("finished", "")
            again.settle()
            copies = server.copies + again.copies
    finally:
        workers.stop()
    ended = counts(database, mailing)
    assert ended.accepted + ended.in_doubt == READERS and ended.in_doubt <= 6
    assert max(copies.values()) == 1


def test_a_relay_that_refuses_everything_stops_all_workers_before_the_list_has_failed(
    database: Engine, database_url: str, system_url: str
) -> None:
    mailing = frozen(database, READERS)
    with MailServer(lambda stage, _: "554 5.7.1 not from you" if stage == "RCPT" else None) as server:
        workers = Pressing(database_url, system_url, server.port)
        try:
            for name in ("one", "two"):
                workers.start(name, MAILING)
            how, problem = workers.told("one")
        finally:
            workers.stop()
    assert how == "broken" and "in a row" in problem
    stopped = counts(database, mailing)
    assert stopped.accepted == 0 and 25 <= stopped.failed <= 150, "each share has refused its own twenty-five"
    assert stopped.queued >= READERS - 150
