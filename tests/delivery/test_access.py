"""Signing in with an access token: at a relay that takes nothing else (aiosmtpd), and what is said when it cannot be."""

from __future__ import annotations

import shlex
import socket
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from sqlalchemy import Engine

from delivery.access import AccessToken
from delivery.ledger.sending import Ledger
from delivery.loop.run import Summary, send
from delivery.model import DeliveryError
from delivery.smtp.relay import SmtpEngine
from tests.delivery.house import frozen, relay, terms

TOKEN = "eyJ0.token-of.this-test"


class Bearers:
    """A mail server that takes XOAUTH2 and nothing else. A refusal is explained first, as Microsoft's is."""

    def __init__(self) -> None:
        self.letters = 0
        self.shown: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        shown = b64decode(args[1]).decode()
        self.shown.append(shown)
        if shown == f"user=news@bulletin.example\1auth=Bearer {TOKEN}\1\1":
            return AuthResult(success=True)
        await server.challenge_auth('{"status":"401"}')
        return AuthResult(success=False, handled=False)

    async def handle_DATA(self, _server: SMTP, session: Session, _envelope: Envelope) -> str:  # noqa: N802
        if not session.authenticated:
            return "530 5.7.0 who are you?"
        self.letters += 1
        return "250 2.0.0 kept"


@contextmanager
def listening(**how: object) -> Iterator[tuple[Bearers, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    handler = Bearers()
    given = {"auth_require_tls": False, "auth_exclude_mechanism": ["LOGIN", "PLAIN"], **how}
    controller = Controller(handler, hostname="127.0.0.1", port=port, **given)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def printing(words: str, status: int = 0) -> str:
    return shlex.join([sys.executable, "-c", f"import sys; print({words!r}); sys.exit({status})"])


def sent(database: Engine, port: int, token: AccessToken, connections: int = 2) -> Summary:
    mailing = frozen(database, 6)
    engine = SmtpEngine(relay(port, username="news@bulletin.example", token=token, connections=connections))
    with Ledger(database, mailing) as ledger:
        return send(ledger, engine, terms())


sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@sqlite_only
def test_letters_leave_by_a_relay_that_wants_an_access_token(database: Engine, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    command = f"sh -c {shlex.quote(f'echo once >> {asked}; echo {TOKEN}')}"
    with listening() as (server, port):
        assert sent(database, port, AccessToken(command)).counts.accepted == server.letters == 6
        assert len(server.shown) == 2, "two connections, and each signed in"
    assert asked.read_text() == "once\n", "the program is asked once, not once a connection"


@sqlite_only
def test_a_token_that_is_refused_stops_the_sending_and_is_asked_for_anew(database: Engine, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    token = AccessToken(f"sh -c {shlex.quote(f'echo once >> {asked}; echo an-old-token')}")
    with listening() as (server, port):
        summary = sent(database, port, token, connections=1)  # a second one may ask anew before all stop
        assert (summary.ended, server.letters) == ("broken", 0)
        assert "access token" in summary.problem and "an-old-token" not in summary.problem
    assert asked.read_text() == "once\n"
    token()
    assert asked.read_text() == "once\nonce\n"


@sqlite_only
def test_a_relay_that_takes_no_tokens_is_told(database: Engine) -> None:
    with listening(auth_exclude_mechanism=["XOAUTH2"]) as (_, port):
        summary = sent(database, port, AccessToken(printing(TOKEN)))
    assert summary.ended == "broken" and "XOAUTH2" in summary.problem


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("/no/such/program", "cannot be run"),
        ("unclosed 'quote", "cannot be run"),
        (printing("", 3), "ended with 3"),
        (printing(""), "one access token"),
        (printing("two words"), "one access token"),
        (printing("a\nb"), "one access token"),
        (printing("naïve"), "one access token"),
    ],
)
def test_a_program_that_gives_no_token_is_told(command: str, told: str) -> None:
    with pytest.raises(DeliveryError, match=told):
        AccessToken(command)()


def test_a_token_never_stands_in_an_error() -> None:
    with pytest.raises(DeliveryError) as error:
        AccessToken(printing("a secret"))()
    assert "a secret" not in str(error.value).replace("import sys; print('a secret')", "")
