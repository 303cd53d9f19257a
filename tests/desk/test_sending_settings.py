"""[delivery]: what it may say, that every mistake is told with its line, and that secrets stay in files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dkim
import pytest

from delivery.letter.dkim import new_keys
from desk.delivering import Delivering, read_delivering
from desk.mailing.engines import make_limits, make_relay
from desk.settings import SettingsError, load
from tests.delivery.servers import OFFERS, MailServer
from tests.desk.sending_house import DAY, NOW, Desk, Inbox, over_smtp


def written(desk: Desk, text: str, environ: dict[str, str] | None = None) -> Delivering:
    file = desk.house / "bulletin.toml"
    file.write_text(f"{file.read_text()}\n{text}\n")
    given = environ or {}
    return read_delivering(load(desk.house, None, given), given)


def test_without_settings_letters_go_to_a_folder_of_the_house(desk: Desk) -> None:
    found = written(desk, "")
    assert (found.transport, found.folder, found.form) == ("folder", desk.house / "var" / "outbox", "maildir")
    assert not found.approval


def test_every_mistake_is_told_with_its_line_in_one_pass(desk: Desk) -> None:
    text = '[delivery]\ntransport = "smtp"\ntls = "ssl"\nport = 0\nrate = -1\nbounces = "nobody"\nhosts = "x"'
    with pytest.raises(SettingsError) as caught:
        written(desk, text)
    said = str(caught.value)
    for words in ("host is missing", "tls must be", "port must be", "rate must be", "bounces must be", "Did you mean"):
        assert words in said
    first = (desk.house / "bulletin.toml").read_text().split("\n").index('tls = "ssl"') + 1
    assert f"line {first}: delivery.tls" in said


def test_the_environment_wins_and_a_number_may_be_a_user_name(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("open sesame\n")
    environ = {
        **over_smtp(2525),
        "BULLETIN__DELIVERY__HOST": "mail.example.org",
        "BULLETIN__DELIVERY__TLS": "tls",
        "BULLETIN__DELIVERY__USERNAME": "12345",
        "BULLETIN__DELIVERY__PASSWORD_FILE": str(tmp_path / "secret"),
        "BULLETIN__DELIVERY__RATE": "0.5",
    }
    found = written(desk, '[delivery]\ntransport = "folder"\nport = 25', environ)
    relay = make_relay(found)
    assert (relay.host, relay.port, relay.tls, relay.username) == ("mail.example.org", 2525, "tls", "12345")
    assert relay.password == "open sesame" and "sesame" not in f"{relay!r}{found!r}"
    assert found.rate == 0.5


@pytest.mark.parametrize("held", ["", "\n", "one\ntwo\n"])
def test_a_secrets_file_holds_one_line(desk: Desk, tmp_path: Path, held: str) -> None:
    (tmp_path / "secret").write_text(held)
    text = f'[delivery]\ntransport = "smtp"\nhost = "m.example"\nusername = "u"\npassword-file = "{tmp_path}/secret"'
    with pytest.raises(SettingsError, match="one line"):
        make_relay(written(desk, text))


def test_a_password_is_never_sent_in_the_clear(desk: Desk) -> None:
    text = '[delivery]\ntransport = "smtp"\nhost = "m.example"\ntls = "none"\nusername = "u"\npassword-file = "x"'
    with pytest.raises(SettingsError, match="never sent in the clear"):
        written(desk, text)


def test_a_new_sender_warms_up_by_the_day(desk: Desk) -> None:
    found = written(
        desk, "[delivery]\nwarm-up = 2025-01-13\ndomain-rate = 2\n[delivery.domain-rates]\n'Big.example' = 9.5"
    )
    assert make_limits(found, date(2025, 1, 13)).daily == 50
    assert make_limits(found, date(2025, 1, 14)).daily == 100
    assert make_limits(found, date(2026, 1, 14)).daily == 0
    assert make_limits(found, date(2025, 1, 14)).of("big.example") == 9.5


def test_a_wrong_password_is_told_and_nothing_is_sent(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong\n")
    desk.subscribe({"a@home.co.uk": ""})
    refuse = {"AUTH": "535 5.7.8 no such user and password"}
    with MailServer(lambda stage, _: refuse.get(stage), offers=(*OFFERS, "AUTH PLAIN")) as server:
        environ = {
            **over_smtp(server.port),
            "BULLETIN__DELIVERY__USERNAME": "us",
            "BULLETIN__DELIVERY__PASSWORD_FILE": str(tmp_path / "secret"),
        }
        done = desk.run("send", "weekly", DAY, "--yes", "--now", NOW, **environ)
        assert done.exit_code == 1 and "535" in done.stderr and not server.taken
    assert desk.status()["queued"] == 1


def test_letters_are_signed_twice_when_keys_are_listed(desk: Desk, inbox: Inbox) -> None:
    rsa, ed = new_keys()
    (desk.house / "rsa.pem").write_bytes(rsa)
    (desk.house / "ed.pem").write_bytes(ed)
    written(
        desk,
        '[[delivery.dkim]]\nselector = "r1"\nkey-file = "rsa.pem"\n[[delivery.dkim]]\nselector = "e1"\nkey-file = "ed.pem"',
    )
    desk.subscribe({"a@home.co.uk": ""})
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    from delivery.letter.dkim import load_key

    records = {
        f"{key.host}.".encode(): key.record.encode()
        for key in (load_key("norfolk.example", "r1", rsa), load_key("norfolk.example", "e1", ed))
    }
    ((_, raw),) = inbox.letters
    verifier = dkim.DKIM(raw)
    assert raw.count(b"DKIM-Signature:") == 2
    for index in (0, 1):
        assert verifier.verify(index, dnsfunc=lambda name, **_: records[name])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('username = "u"\ntoken-command = "t"\npassword-file = "x"', "a relay wants one of them"),
        ('token-command = "t"', "username is missing, and there is a token-command"),
        ('mailbox-token-command = "t"\nmailbox-password-file = "x"', "a mailbox wants one of them"),
    ],
)
def test_a_password_and_an_access_token_exclude_each_other(desk: Desk, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        written(desk, f"[delivery]\n{text}")


def test_a_program_that_gives_access_tokens_stands_in_for_the_password(desk: Desk) -> None:
    text = '[delivery]\ntransport = "smtp"\nhost = "m.example"\nusername = "u"\ntoken-command = "echo tok"'
    relay = make_relay(written(desk, text))
    assert relay.token and relay.token() == "tok" and "tok" not in repr(relay)
