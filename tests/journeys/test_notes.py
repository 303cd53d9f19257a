"""Letters about one subscription leave by the mail server of the house: once each, later when it is down, none when erased."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from threading import Thread
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

import db
from delivery.ledger import notes
from delivery.model import State
from desk.notes.carrying import make_postman
from desk.notes.outbox import Outbox
from desk.readers.person import forget
from desk.readers.register import Register, open_register, staff_proof
from desk.settings import load
from desk.web.app import create_app
from tests.delivery.servers import DROP_AFTER, MailServer, Session
from tests.desk.sending_house import Desk, Inbox
from tests.editions import ROOT
from tests.web.place import Clock, Place, Reader

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HEAD = "head@school.norfolk-schools.co.uk"


@pytest.fixture
def register(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Register]:
    for name, value in desk.environ.items():
        monkeypatch.setenv(name, value)
    opened = open_register(load(desk.house, None, desk.environ))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def reader(register: Register) -> Reader:
    """Somebody at the pages, which leave carrying to others."""
    clock = Clock(datetime.now(UTC))
    sending = Outbox(register.settings.house.publisher, clock)
    app = create_app(
        register.settings,
        engine=register.engine,
        keys=register.keys,
        clock=clock,
        sending=sending,
        pause=lambda _: None,
    )
    return Place(app, register.engine, register.settings, register.outbox, clock).reader()


def link(raw: bytes, page: str) -> str:
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))  # type: ignore[attr-defined]
    found = re.search(rf"https?://[^\s()]+/{page}/[^\s()]+", body.get_content())
    assert found
    return urlsplit(found[0]).path


def kept(register: Register) -> list[tuple[str, str, int]]:
    """State, address and the size of the message of every note."""
    query = text("SELECT state, address, message FROM note ORDER BY id")
    with register.engine.connect() as connection:
        return [(row.state, row.address, len(row.message)) for row in connection.execute(query)]


def test_from_confirm_to_goodbye_every_letter_goes_through_the_mail_server(
    desk: Desk, inbox: Inbox, reader: Reader, register: Register
) -> None:
    reader.sign_up(HEAD)
    assert inbox.letters == []  # the page did not wait for any mail server
    desk.ok("notes", "--send")
    reader.post(link(inbox.letters[-1][1], "confirm"))
    desk.ok("notes", "--send")
    reader.client.post(link(inbox.letters[-1][1], "unsubscribe"))
    desk.ok("notes", "--send")
    assert [address for address, _ in inbox.letters] == [HEAD] * 3
    assert len({message_from_bytes(raw)["Message-ID"] for _, raw in inbox.letters}) == 3
    assert kept(register) == [("accepted", "", 0)] * 3
    assert list(register.outbox.glob("**/*.eml")) == []
    assert desk.json("notes")["accepted"] == 3


@SQLITE
def test_an_act_that_is_undone_leaves_no_letter(register: Register) -> None:
    with pytest.raises(RuntimeError), db.writing(register.engine) as connection:
        notes.keep(connection, "confirm", HEAD, b"x", now=datetime.now(UTC))
        raise RuntimeError
    assert kept(register) == []


@SQLITE
def test_while_the_mail_server_is_down_letters_wait_and_then_go(
    desk: Desk, inbox: Inbox, reader: Reader, monkeypatch: pytest.MonkeyPatch, register: Register
) -> None:
    monkeypatch.setattr("desk.notes.carrying.PATIENCE_SECONDS", 0.1)
    reader.sign_up(HEAD)
    down = desk.run("notes", "--send", BULLETIN__DELIVERY__PORT="1")
    assert down.exit_code == 1
    assert "cannot be reached" in down.stderr
    assert [state for state, _, _ in kept(register)] == ["queued"]
    desk.ok("schedule", "run")
    assert inbox.addresses == [HEAD]


@SQLITE
def test_a_wrong_password_is_told_and_costs_nobody_their_letter(desk: Desk, reader: Reader, register: Register) -> None:
    reader.sign_up(HEAD)
    (desk.house / "password").write_text("wrong")
    said = desk.run(
        "notes",
        "--send",
        BULLETIN__DELIVERY__USERNAME="bulletin",
        BULLETIN__DELIVERY__PASSWORD_FILE="password",
    )
    assert said.exit_code == 1
    assert "sign in" in said.stderr
    assert [state for state, _, _ in kept(register)] == ["queued"]


Notes = Callable[[int], None]


@pytest.fixture
def written(register: Register) -> Notes:
    """So many letters that wait."""
    outbox = Outbox(register.settings.house.publisher, lambda: datetime.now(UTC))

    def write(number: int) -> None:
        from builder.model import Letter, Variant

        with db.writing(register.engine) as connection:
            for n in range(number):
                letter = Letter(Variant("x", ()), "Confirm", f"<p>.{n}</p>" * 50, f".\nletter {n}\n")
                outbox.keep(connection, "confirm", f"reader{n}@school.norfolk-schools.co.uk", letter)

    return write


def test_what_a_server_says_becomes_the_outcome(register: Register, written: Notes, desk: Desk) -> None:
    """Refused for good, for now, taken and the line lost: each is written down, and only what waits keeps its address."""

    def script(stage: str, session: Session) -> str | None:
        if stage == "RCPT" and session.recipient.startswith("reader0"):
            return f"550 5.1.1 <{session.recipient.upper()}> unknown"
        if stage == "RCPT" and session.recipient.startswith("reader1"):
            return "451 4.7.1 greylisted"
        return DROP_AFTER if stage == "DOT" and session.recipient.startswith("reader2") else None

    written(4)
    with MailServer(script) as server:
        said = desk.run("notes", "--send", BULLETIN__DELIVERY__PORT=str(server.port))
        again = desk.run("notes", "--send", BULLETIN__DELIVERY__PORT=str(server.port))
    assert (said.exit_code, again.exit_code) == (1, 1)  # somebody is in doubt
    assert [(state, bool(address), bool(size)) for state, address, size in kept(register)] == [
        ("failed", False, False),
        ("deferred", True, True),
        ("in_doubt", True, True),
        ("accepted", False, False),
    ]
    assert "reader2@" in again.stdout and "reader0@" not in again.stdout
    assert set(server.copies.values()) == {1}
    with register.engine.connect() as connection:
        words = connection.execute(text("SELECT words FROM note ORDER BY id")).scalars().all()
    assert words[0] == "<—> unknown"
    later = desk.json("notes", "--in-doubt", "leave")
    assert (later["in_doubt"], later["deferred"]) == (0, 1)


@SQLITE
def test_a_relay_that_refuses_everything_does_not_cost_everybody_their_letter(
    register: Register, written: Notes, desk: Desk
) -> None:
    written(30)
    with MailServer(lambda stage, _: "550 5.7.1 you may not send" if stage == "RCPT" else None) as server:
        said = desk.run("notes", "--send", BULLETIN__DELIVERY__PORT=str(server.port))
    assert "refuses everything" in said.stderr
    assert Counter(state for state, _, _ in kept(register))["queued"] >= 20


def test_whoever_is_erased_gets_no_letter_that_waited(
    desk: Desk, inbox: Inbox, reader: Reader, register: Register
) -> None:
    reader.sign_up(HEAD)
    reader.sign_up("other@school.norfolk-schools.co.uk")
    forget(register, HEAD.upper(), staff_proof("erased"))
    desk.ok("notes", "--send")
    assert inbox.addresses == ["other@school.norfolk-schools.co.uk"]
    assert len(kept(register)) == 1


@SQLITE
def test_a_note_that_nobody_takes_for_three_days_is_given_up_and_forgotten(register: Register, written: Notes) -> None:
    written(1)
    with db.writing(register.engine) as connection:
        assert notes.give_up(connection, datetime.now(UTC) + timedelta(days=2)) == 0
        assert notes.give_up(connection, datetime.now(UTC) + timedelta(days=4)) == 1
    assert kept(register) == [("failed", "", 0)]
    with db.writing(register.engine) as connection:
        assert notes.forget_before(connection, datetime.now(UTC) + timedelta(days=31)) == 1


@SQLITE
def test_served_pages_send_their_letters_by_themselves(reader: Reader, inbox: Inbox, register: Register) -> None:
    postman = make_postman(register.engine, register.settings, lambda: datetime.now(UTC))
    reader.sign_up(HEAD)
    thread = postman.watch()
    postman.hurry()
    until = time.monotonic() + 10
    while not inbox.letters and time.monotonic() < until:
        time.sleep(0.01)
    postman.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert inbox.addresses == [HEAD]
    assert kept(register) == [("accepted", "", 0)]


CARRIER = "import sys; from desk.cli import main; main(['--directory', sys.argv[1], 'notes', '--send'])"
KILLS = 8


@pytest.mark.parametrize("database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)], indirect=True)
def test_a_carrier_killed_at_any_moment_sends_each_note_once(
    desk: Desk, inbox: Inbox, register: Register, written: Notes
) -> None:
    number, chance = 150, random.Random(20250114)
    written(number)
    for _ in range(KILLS):
        goal = len(inbox.letters) + chance.randrange(1, 12)
        carrier = subprocess.Popen(
            [sys.executable, "-c", CARRIER, str(desk.house)],
            cwd=ROOT,
            env={**os.environ, **desk.environ, "BULLETIN__DELIVERY__RATE": "300"},
            stdout=subprocess.DEVNULL,
        )
        while len(inbox.letters) < goal and carrier.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.random() / 200)
        assert carrier.poll() is None
        carrier.kill()
        carrier.wait()
    time.sleep(0.05)
    counts = desk.json("notes", "--send")
    copies = Counter(address for address, _ in inbox.letters)
    assert max(copies.values()) == 1
    assert counts["accepted"] + counts["in_doubt"] == number
    assert counts["in_doubt"] <= 2 * KILLS
    assert len(copies.keys() | {one["address"] for one in counts["doubted"]}) == number


def test_two_carriers_at_once_send_each_note_once(desk: Desk, inbox: Inbox, register: Register, written: Notes) -> None:
    written(60)
    both = [make_postman(register.engine, register.settings, lambda: datetime.now(UTC)) for _ in range(2)]
    threads = [Thread(target=postman.carry) for postman in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    desk.ok("notes", "--send")
    assert len(inbox.letters) == 60
    assert set(Counter(inbox.addresses).values()) == {1}
    assert {state for state, _, _ in kept(register)} == {State.ACCEPTED.value}
