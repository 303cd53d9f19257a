"""An old list to inboxes and back, by what a person can use: the command line, the pages, the mailbox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from desk.readers.register import open_register
from desk.settings import load
from desk.web.app import create_app
from subscribers import acts
from subscribers.tokens import signed_link
from tests.databases import dropped_postgresql, made_postgresql
from tests.desk.sending_house import DAY, NAME, NOW, Desk, Inbox

SEND = ("send", "weekly", DAY, "--yes", "--now", NOW)


@pytest.fixture
def site(desk: Desk) -> Iterator[FlaskClient]:
    """The public pages of the same house, on the same database."""
    settings = load(desk.house, None, {**desk.environ, "BULLETIN__PUBLISHER__URL": "http://localhost"})
    register = open_register(settings)
    yield create_app(settings, engine=register.engine, keys=register.keys).test_client()
    register.engine.dispose()


def leave(site: FlaskClient, link: str) -> int:
    """As a mail programme does it: RFC 8058, no cookie, no form."""
    return site.post(urlsplit(link).path, data={"List-Unsubscribe": "One-Click"}).status_code


def test_from_an_old_list_to_inboxes_and_out_again(desk: Desk, inbox: Inbox, site: FlaskClient) -> None:
    desk.import_list(30)
    desk.ok(*SEND)
    assert len(inbox.addresses) == len(set(inbox.addresses)) == 30
    letter = inbox.letter("reader7@school0.co.uk")
    link = letter["List-Unsubscribe"].strip("<>")
    assert site.get(urlsplit(link).path).status_code == 200
    assert desk.json("subscribers", "counts")["readers"] == 30  # looking changed nothing
    assert leave(site, link) == 200
    assert desk.json("subscribers", "counts")["readers"] == 29
    assert desk.status(NAME)["accepted"] == 30
    inbox.letters.clear()
    desk.ok("send", "weekly", "2025-01-21", "--yes", "--now", "2025-01-21T09:00")
    assert len(inbox.addresses) == 29 and "reader7@school0.co.uk" not in inbox.addresses


def test_who_leaves_in_mid_send_gets_nothing_and_the_totals_add_up(desk: Desk, inbox: Inbox, site: FlaskClient) -> None:
    desk.import_list(80)
    register = open_register(load(desk.house, None, desk.environ))
    with register.engine.connect() as connection:
        number = acts.found(connection, "reader79@school2.co.uk").id
    register.engine.dispose()
    sender = desk.start(*SEND, BULLETIN__DELIVERY__RATE="25")
    while len(inbox.letters) < 3:
        assert sender.poll() is None, sender.communicate()
        time.sleep(0.01)
    assert leave(site, f"/unsubscribe/{signed_link(register.keys, 'unsubscribe', number, 'weekly')}") == 200
    assert sender.wait(60) == 0, sender.communicate()
    sender.communicate()
    counts = desk.status(NAME)
    assert (counts["accepted"], counts["withdrawn"]) == (79, 1)
    assert "reader79@school2.co.uk" not in inbox.addresses and len(set(inbox.addresses)) == 79


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_several_sender_processes_share_a_mailing(desk: Desk, inbox: Inbox, postgresql_server: str) -> None:
    system = made_postgresql(postgresql_server)
    cluster = {
        "BULLETIN__DELIVERY__ENGINE": "dbos",
        "BULLETIN__DELIVERY__DBOS_URL": system,
        "BULLETIN__DELIVERY__SHARE_SIZE": "20",
        "BULLETIN__DELIVERY__WORKERS": "3",
    }
    desk.import_list(200)
    workers = [desk.start("worker", "--name", f"worker-{n}", **cluster) for n in range(2)]
    try:
        sender = desk.start(*SEND, **cluster)
        said = sender.communicate(timeout=90)
        assert sender.returncode == 0, said
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.communicate(timeout=20)
        dropped_postgresql(postgresql_server, system)
    assert desk.status(NAME)["accepted"] == 200
    assert len(inbox.addresses) == len(set(inbox.addresses)) == 200


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_that_is_asked_to_end_leaves_its_share_to_the_others(
    desk: Desk, inbox: Inbox, postgresql_server: str
) -> None:
    system = made_postgresql(postgresql_server)
    cluster = {
        "BULLETIN__DELIVERY__ENGINE": "dbos",
        "BULLETIN__DELIVERY__DBOS_URL": system,
        "BULLETIN__DELIVERY__SHARE_SIZE": "60",
        "BULLETIN__DELIVERY__RATE": "60",
        "BULLETIN__DELIVERY__WORKERS": "2",
    }
    desk.import_list(240)
    worker = desk.start("worker", "--name", "worker", **cluster)
    sender = desk.start(*SEND, **cluster)
    try:
        while len(inbox.letters) < 40:
            assert sender.poll() is None, sender.communicate()
            time.sleep(0.01)
        worker.terminate()
        begun = time.monotonic()
        worker.communicate(timeout=30)
        assert time.monotonic() - begun < 10
        sender.communicate(timeout=90)
    finally:
        worker.kill()
        sender.kill()
        dropped_postgresql(postgresql_server, system)
    counts = desk.status(NAME)
    assert counts["accepted"] + counts["in_doubt"] == 240
    assert counts["in_doubt"] <= 4  # its connections
    assert len(inbox.addresses) == len(set(inbox.addresses))
