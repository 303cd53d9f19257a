"""A house whose site is served needs no timer: what is planned leaves, what waits goes on, and stopping leaves no doubt."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from desk.mailing.planning import is_due
from desk.readers.register import Register, open_register
from desk.settings import load
from desk.web.outgoing import Sender
from subscribers import requests
from subscribers.address import parse
from subscribers.model import Choices, Proof
from tests.desk.sending_house import DAY, NAME, NOW, READERS, Desk, Inbox

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MORNING = datetime(2025, 1, 14, 9, tzinfo=UTC)


@contextmanager
def served(desk: Desk, now: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    running = desk.start("serve", "--port", port, "--now", now, **environ)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)


def wait_for(inbox: Inbox, number: int) -> None:
    until = time.monotonic() + 30
    while len(inbox.letters) < number and time.monotonic() < until:
        time.sleep(0.01)
    assert len(inbox.letters) >= number


@SQLITE
def test_a_planned_edition_leaves_and_goes_on_after_the_site_was_stopped(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", "2025-01-13T17:00")
    with served(desk, NOW, BULLETIN__DELIVERY__RATE="2"):
        wait_for(inbox, 1)
    counts = desk.status(NAME)
    assert counts["in_doubt"] == 0
    assert counts["queued"] >= 1
    with served(desk, NOW):
        wait_for(inbox, len(READERS))
    assert inbox.addresses == sorted(READERS)
    assert desk.status(NAME)["accepted"] == len(READERS)


@pytest.fixture
def register(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)
    opened = open_register(load(desk.house, None, desk.environ))
    yield opened
    opened.engine.dispose()


@SQLITE
def test_who_signs_up_after_the_edition_is_sent_it_by_the_site(desk: Desk, inbox: Inbox, register: Register) -> None:
    desk.subscribe()
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    later = MORNING + timedelta(hours=2)
    sender = Sender(register, lambda: later, is_pretending=True)
    assert not is_due(register.engine, later, later.date(), late=True)
    with register.engine.begin() as connection:
        wish = requests.Wish(parse("late@home.co.uk"), {"weekly": Choices(frozenset({"governor"}))}, wording="1")
        token = requests.ask(connection, register.keys, wish, later, secrets.token_bytes)
        assert token
        requests.confirm(connection, register.keys, token, register.bases, Proof(later, "confirmation link"))
    assert not is_due(register.engine, later, later.date(), late=False)
    assert is_due(register.engine, later, later.date(), late=True)
    assert sender.look()
    assert inbox.addresses == sorted([*READERS, "late@home.co.uk"])
    assert not is_due(register.engine, later, later.date(), late=True)
    assert sender.look()


@SQLITE
def test_a_mailing_that_another_process_sends_is_only_watched(desk: Desk, inbox: Inbox, register: Register) -> None:
    desk.import_list(30)
    other = desk.start("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__RATE="10")
    wait_for(inbox, 2)
    assert not is_due(register.engine, MORNING, MORNING.date(), late=True)
    other.kill()
    other.communicate()
    assert is_due(register.engine, MORNING, MORNING.date(), late=True)
