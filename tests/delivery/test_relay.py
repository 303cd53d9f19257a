"""How the relay is reached: TLS is verified, nothing is downgraded, a wrong secret is told (M22, R19)."""

from __future__ import annotations

import base64
import socket
from pathlib import Path

import pytest
from sqlalchemy import Engine

from delivery.loop.run import Summary
from tests.databases import open_migrated
from tests.delivery.certificates import server_context
from tests.delivery.house import deliver, frozen
from tests.delivery.servers import OFFERS, MailServer, Session

SECURE = (*OFFERS, "STARTTLS", "AUTH PLAIN LOGIN")


@pytest.fixture
def sqlite(tmp_path: Path) -> Engine:
    return open_migrated(tmp_path / "bulletin.db")


def sent(database: Engine, server: MailServer, **changes: object) -> Summary:
    return deliver(database, frozen(database, 8), server.port, **changes)


def assert_told(summary: Summary, words: str) -> None:
    assert summary.ended == "broken" and words in summary.problem, summary.problem
    assert summary.counts.queued == 8


def test_letters_go_through_starttls_and_a_sign_in(sqlite: Engine, tmp_path: Path) -> None:
    context, authorities = server_context(tmp_path)
    with MailServer(offers=SECURE, tls=context) as server:
        summary = sent(
            sqlite, server, tls="starttls", authorities=authorities, username="bulletin", password="pässword"
        )
        assert summary.is_good
        assert all(session.is_secure for session in server.sessions)
        assert base64.b64decode(server.credentials[0].split()[2]).decode() == "\0bulletin\0pässword"


def test_letters_go_through_tls_from_the_first_byte(sqlite: Engine, tmp_path: Path) -> None:
    context, authorities = server_context(tmp_path)
    with MailServer(tls=context, tls_at_once=True) as server:
        assert sent(sqlite, server, tls="tls", authorities=authorities).is_good


def test_a_certificate_that_nobody_vouches_for_stops_everything(sqlite: Engine, tmp_path: Path) -> None:
    context, _ = server_context(tmp_path)
    with MailServer(offers=SECURE, tls=context) as server:
        assert_told(sent(sqlite, server, tls="starttls"), "cannot be trusted")
        assert not server.taken


def test_a_certificate_for_another_host_stops_everything(sqlite: Engine, tmp_path: Path) -> None:
    context, authorities = server_context(tmp_path, "other.example")
    with MailServer(offers=SECURE, tls=context) as server:
        assert_told(sent(sqlite, server, tls="starttls", authorities=authorities), "cannot be trusted")


def test_a_server_without_starttls_gets_nothing_in_the_clear(sqlite: Engine) -> None:
    with MailServer() as server:
        assert_told(sent(sqlite, server, tls="starttls", username="u", password="p"), "offers no STARTTLS")
        assert not any(line.startswith(("AUTH", "MAIL")) for line in server.sessions[0].lines)


def test_what_is_said_between_starttls_and_tls_is_not_listened_to(sqlite: Engine, tmp_path: Path) -> None:
    context, authorities = server_context(tmp_path)
    script = lambda stage, _: "220 go ahead\r\n250-evil\r\n250 AUTH PLAIN" if stage == "STARTTLS" else None  # noqa: E731
    with MailServer(script, offers=SECURE, tls=context) as server:
        summary = sent(sqlite, server, tls="starttls", authorities=authorities, patience_seconds=0.1)
        assert summary.ended == "broken" and summary.counts.queued == 8
        assert not server.credentials and not server.taken


def test_a_handshake_that_fails_loses_nothing(sqlite: Engine, tmp_path: Path) -> None:
    _, authorities = server_context(tmp_path)
    with MailServer() as server:  # speaks no TLS at all
        summary = sent(sqlite, server, tls="tls", authorities=authorities, patience_seconds=0.1)
        assert summary.ended == "broken" and summary.counts.queued == 8


def test_a_wrong_password_is_told_at_once(sqlite: Engine) -> None:
    script = lambda stage, _: "535 5.7.8 authentication failed" if stage == "AUTH" else None  # noqa: E731
    with MailServer(script, offers=SECURE) as server:
        assert_told(sent(sqlite, server, username="u", password="wrong"), "535 5.7.8 authentication failed")
        assert len(server.credentials) <= 4  # once a connection: accounts get locked


def test_a_password_is_never_sent_in_the_clear_to_another_machine(sqlite: Engine) -> None:
    with MailServer(offers=SECURE) as server:
        host = socket.gethostbyname(socket.gethostname())
        if host.startswith("127."):
            host = "0.0.0.0"  # this machine under a name that is not loopback's
        assert_told(sent(sqlite, server, host=host, username="u", password="p"), "not sent without TLS")
        assert not server.credentials


def test_a_host_without_an_address_is_told(sqlite: Engine) -> None:
    mailing = frozen(sqlite, 8)
    assert_told(deliver(sqlite, mailing, 25, host="nowhere.invalid", patience_seconds=0.1), "cannot be reached")


def test_a_server_that_allows_few_connections_is_served_by_few(sqlite: Engine) -> None:
    def two_at_most(stage: str, session: Session) -> str | None:
        return "421 4.7.0 too many connections" if stage == "connect" and session.number >= 2 else None

    with MailServer(two_at_most) as server:
        summary = deliver(sqlite, frozen(sqlite, 60), server.port, connections=5)
        assert summary.is_good and set(server.copies.values()) == {1}


def test_a_server_that_closes_after_ten_letters_is_called_again(sqlite: Engine) -> None:
    def ten_each(stage: str, session: Session) -> str | None:
        return "421 4.7.0 enough for now" if stage == "MAIL" and session.letters >= 10 else None

    with MailServer(ten_each) as server:
        summary = deliver(sqlite, frozen(sqlite, 60), server.port, connections=2)
        assert summary.is_good and summary.counts.deferred == 0
        assert set(server.copies.values()) == {1} and len(server.copies) == 60
