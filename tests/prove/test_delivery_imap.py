"""`bulletin bounces read imaps://…` against a real Dovecot: over TLS, once, through crashes, and people's mail stays as it was."""

from __future__ import annotations

import imaplib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.delivery.certificates import server_context
from tests.desk.sending_house import DAY, NOW, Desk, Inbox, make_house, receiving
from tests.desk.test_sending_returns import ANGRY, FULL, GONE, LEAVER, bounce, complaint, subscription
from tests.prove.test_delivery_postfix import _free_port

pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("dovecot")]

USER, PASSWORD, TOKEN = "bounces@norfolk.example", 'pass "word" £', "eyJ0.of.this-test"
CONFIG = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{pem}
ssl_key = <{pem}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox "Rückläufer" {{
    auto = create
  }}
}}
"""
OAUTH = """
tokeninfo_url = http://127.0.0.1:{port}/?access_token=
introspection_mode = auth
username_attribute = email
active_attribute = active
active_value = yes
"""
PERSON = b"From: head@school.co.uk\r\nTo: us@norfolk.example\r\nSubject: A question\r\n\r\nWhen is the summit?\r\n"


@dataclass(frozen=True)
class Dovecot:
    plain: int
    tls: int
    pem: str

    @property
    def address(self) -> str:
        return f"imaps://{USER.replace('@', '%40')}@127.0.0.1:{self.tls}/INBOX"

    @contextmanager
    def box(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.plain) as box:
            box.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            box.select("INBOX")
            yield box

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        with self.box() as box:
            for mail in mails:
                assert box.append(folder, "", None, mail)[0] == "OK"  # type: ignore[arg-type]

    def flags(self) -> list[str]:
        """Of each mail, in the order in which they came."""
        with self.box() as box:
            _, found = box.fetch("1:*", "(FLAGS)")
            return [
                one.decode().partition("FLAGS ")[2].strip("()").replace("\\Recent", "").strip() for one in found if one
            ]  # type: ignore[union-attr]

    def empty(self) -> None:
        with self.box() as box:
            if box.search(None, "ALL")[1][0]:
                box.store("1:*", "+FLAGS", r"\Deleted")
                box.expunge()


class TokenInfo(BaseHTTPRequestHandler):
    """Says whose a token is, as the directory of a provider does."""

    def do_GET(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
        body = json.dumps({"email": USER, "active": "yes"} if token == TOKEN else {"active": "no"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    if not shutil.which("dovecot"):
        pytest.fail("this proof needs a mailbox: apt-get install --no-install-recommends dovecot-imapd")
    if os.getuid() != 0:
        pytest.fail("this proof starts Dovecot, which root must do")
    folder = Path(f"/var/tmp/bulletin-imap-{os.getpid()}")
    for name in ("run", "mail"):
        (folder / name).mkdir(parents=True)
    shutil.chown(folder / "mail", "nobody", "nogroup")
    _, pem = server_context(folder)
    plain, tls = _free_port(), _free_port()
    info = ThreadingHTTPServer(("127.0.0.1", 0), TokenInfo)
    threading.Thread(target=info.serve_forever, daemon=True).start()
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "oauth2.conf").write_text(OAUTH.format(port=info.server_port))
    (folder / "dovecot.conf").write_text(CONFIG.format(folder=folder, pem=pem, plain=plain, tls=tls))
    subprocess.run(["dovecot", "-c", str(folder / "dovecot.conf")], check=True)
    try:
        yield Dovecot(plain, tls, pem)
    finally:
        subprocess.run(["doveadm", "-c", str(folder / "dovecot.conf"), "stop"], check=False)
        info.shutdown()
        info.server_close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sent(dovecot: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Desk, Inbox]]:
    """An edition that four readers have; the mailbox is empty, and the settings name it."""
    dovecot.empty()
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("BULLETIN__DELIVERY__BOUNCES", USER)
    with receiving() as (inbox, port):
        desk = Desk(
            make_house(tmp_path / "house"),
            {
                "BULLETIN__DELIVERY__TRANSPORT": "smtp",
                "BULLETIN__DELIVERY__HOST": "127.0.0.1",
                "BULLETIN__DELIVERY__PORT": str(port),
                "BULLETIN__DELIVERY__TLS": "none",
            },
        )
        desk.subscribe(dict.fromkeys((GONE, ANGRY, FULL, LEAVER), ""))
        desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
        monkeypatch.setenv("BULLETIN__DELIVERY__MAILBOX", dovecot.address)
        monkeypatch.setenv("BULLETIN__DELIVERY__MAILBOX_PASSWORD_FILE", str(tmp_path / "password"))
        monkeypatch.setenv("BULLETIN__DELIVERY__AUTHORITIES", dovecot.pem)
        yield desk, inbox


def returned(inbox: Inbox) -> list[bytes]:
    return [
        bounce(inbox.letter(GONE), GONE, "5.1.1", "550 5.1.1 user unknown"),
        PERSON,
        bounce(inbox.letter(FULL), FULL, "4.2.2", "452 4.2.2 mailbox full"),
        complaint(inbox.letter(ANGRY), ANGRY),
    ]


def test_a_mailbox_is_read_once_over_tls_and_a_persons_mail_stays_unread(
    sent: tuple[Desk, Inbox], dovecot: Dovecot
) -> None:
    desk, inbox = sent
    dovecot.put(*returned(inbox))
    taken = desk.json("bounces", "read")
    assert [taken[kind] for kind in ("messages", "hard", "soft", "complaint")] == [4, 1, 1, 1]
    done = r"\Seen $BulletinRead"
    assert dovecot.flags() == [done, "", done, done]
    assert desk.json("bounces", "read")["messages"] == 1, "only the person's mail is still there to be looked at"
    assert [subscription(desk, one) for one in (GONE, FULL, ANGRY)] == ["bounced", "open", "complained"]


def test_many_mails_are_read_in_a_few_batches(sent: tuple[Desk, Inbox], dovecot: Dovecot) -> None:
    desk, inbox = sent
    full = bounce(inbox.letter(FULL), FULL, "4.2.2", "452 4.2.2 mailbox full")
    dovecot.put(*[full] * 530)
    taken = desk.json("bounces", "read")
    assert (taken["messages"], taken["soft"]) == (530, 1)
    assert set(dovecot.flags()) == {r"\Seen $BulletinRead"}


def test_another_folder_with_a_name_that_is_not_ascii(sent: tuple[Desk, Inbox], dovecot: Dovecot) -> None:
    desk, inbox = sent
    dovecot.put(returned(inbox)[0], folder="R&APw-ckl&AOQ-ufer")
    where = dovecot.address.replace("INBOX", "R%C3%BCckl%C3%A4ufer")
    assert desk.json("bounces", "read", where)["hard"] == 1


@contextmanager
def in_between(port: int, at_store: Callable[[], None]) -> Iterator[int]:
    """A port before Dovecot's: when the reader sends STORE, `at_store` is called and the line is cut before it arrives."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=_pump, args=(far, near, None), daemon=True).start()
        _pump(near, far, at_store)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()
    thread.join(10)


def _pump(source: socket.socket, target: socket.socket, at_store: Callable[[], None] | None) -> None:
    try:
        while data := source.recv(65_536):
            if at_store and b" STORE " in data.upper():
                at_store()
                break
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        end.close()


def test_killed_between_taking_and_flagging_nothing_counts_twice(sent: tuple[Desk, Inbox], dovecot: Dovecot) -> None:
    desk, inbox = sent
    dovecot.put(*returned(inbox))
    running: list[subprocess.Popen[str]] = []
    with in_between(dovecot.plain, lambda: running[0].send_signal(signal.SIGKILL)) as port:
        where = f"imap://{USER.replace('@', '%40')}@127.0.0.1:{port}/INBOX"
        running.append(desk.start("bounces", "read", where))
        running[0].communicate(timeout=60)
        assert running[0].returncode == -signal.SIGKILL
    assert set(dovecot.flags()) == {""}, "the kill came too late to show anything"
    assert [subscription(desk, one) for one in (GONE, FULL, ANGRY)] == ["bounced", "open", "complained"]
    taken = desk.json("bounces", "read")
    assert [taken[kind] for kind in ("messages", "hard", "soft", "complaint")] == [4, 0, 0, 0]
    assert dovecot.flags()[1] == "" and desk.json("bounces", "read")["messages"] == 1


def test_a_line_that_breaks_is_told_and_the_next_reading_goes_on(sent: tuple[Desk, Inbox], dovecot: Dovecot) -> None:
    desk, inbox = sent
    dovecot.put(*returned(inbox))
    with in_between(dovecot.plain, lambda: None) as port:
        told = desk.run("bounces", "read", f"imap://{USER.replace('@', '%40')}@127.0.0.1:{port}/INBOX")
    assert told.exit_code != 0 and "cannot be flagged" in told.stderr and "Traceback" not in told.output
    assert desk.json("bounces", "read")["hard"] == 0


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"MAILBOX": "imaps://bounces%40norfolk.example@127.0.0.1:1/INBOX"}, "is not reached"),
        ({"MAILBOX": "imaps://bounces%40norfolk.example@no-such-host.invalid/INBOX"}, "is not reached"),
        ({"AUTHORITIES": ""}, "CERTIFICATE_VERIFY_FAILED"),
        ({"MAILBOX_PASSWORD_FILE": "wrong"}, "does not let bounces@norfolk.example sign in"),
        ({"MAILBOX_PASSWORD_FILE": "missing"}, "cannot be read"),
        ({"MAILBOX": "FOLDER"}, "no folder Nowhere"),
        ({"MAILBOX": "imaps://127.0.0.1/INBOX"}, "write the mailbox as"),
        ({"MAILBOX": "imaps://a%0d%0a1@127.0.0.1/INBOX"}, "write the mailbox as"),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else given[:20],
)
def test_what_cannot_be_opened_is_told_and_ends_with_an_error(
    sent: tuple[Desk, Inbox], dovecot: Dovecot, tmp_path: Path, environ: dict[str, str], told: str
) -> None:
    desk, inbox = sent
    dovecot.put(*returned(inbox))
    (tmp_path / "wrong").write_text("guess\n")
    values = {
        f"BULLETIN__DELIVERY__{key}": str(tmp_path / value) if key == "MAILBOX_PASSWORD_FILE" else value
        for key, value in environ.items()
    }
    if environ.get("MAILBOX") == "FOLDER":
        values["BULLETIN__DELIVERY__MAILBOX"] = dovecot.address.replace("INBOX", "Nowhere")
    done = desk.run("bounces", "read", **values)
    assert done.exit_code != 0 and told in done.stderr, done.output + done.stderr
    assert "Traceback" not in done.stderr and PASSWORD not in done.stderr
    assert set(dovecot.flags()) == {""}


def _token_command(token: str) -> str:
    return shlex.join([sys.executable, "-c", f"print({token!r})"])


def test_a_mailbox_that_wants_an_access_token_is_read_with_one(sent: tuple[Desk, Inbox], dovecot: Dovecot) -> None:
    desk, inbox = sent
    dovecot.put(*returned(inbox))
    key = "BULLETIN__DELIVERY__MAILBOX_TOKEN_COMMAND"
    without = {"BULLETIN__DELIVERY__MAILBOX_PASSWORD_FILE": ""}
    refused = desk.run("bounces", "read", **without, **{key: _token_command("an-old-token")})
    assert refused.exit_code != 0 and "sign in" in refused.stderr and "an-old-token" not in refused.stderr
    assert desk.json("bounces", "read", **without, **{key: _token_command(TOKEN)})["hard"] == 1
