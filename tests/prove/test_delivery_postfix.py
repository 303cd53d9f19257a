"""The whole way: our sender → a real Postfix → Dovecot by LMTP → read back by IMAP; and bounces the same way."""

from __future__ import annotations

import email
import email.policy
import imaplib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from delivery.letter import verp
from delivery.returning import bounces, mailboxes
from delivery.returning.imap import SignIn
from tests.databases import database, database_url, empty_database
from tests.delivery.house import SECRET, deliver, frozen
from tests.delivery.test_bounces import notification

__all__ = ["database", "database_url", "empty_database"]
pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("postfix")]

READERS = 200
PASSWORD = "of-this-test"

POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mail.box.example
mydestination =
virtual_alias_domains =
virtual_mailbox_domains = static:all
virtual_alias_maps = static:all@box.example
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_data_restrictions = reject_unauth_pipelining
smtputf8_enable = yes
maillog_file = {folder}/mail.log
maillog_file_prefixes = /var/tmp
"""
MASTER = """
127.0.0.1:{smtp} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
scache unix - - n - 1 scache
"""
DOVECOT = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True)
class Box:
    smtp: int
    imap: int

    @property
    def address(self) -> str:
        return f"imap://all%40box.example@127.0.0.1:{self.imap}/INBOX"

    def letters(self, number: int) -> list[bytes]:
        """All that arrived, once there are so many and no more come."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = self._fetch()
            if len(found) >= number:
                time.sleep(1)
                return self._fetch()
            time.sleep(0.5)
        return self._fetch()

    def _fetch(self) -> list[bytes]:
        with imaplib.IMAP4("127.0.0.1", self.imap) as box:
            box.login("all@box.example", PASSWORD)
            box.select("INBOX", readonly=True)
            _, numbers = box.search(None, "ALL")
            _, parts = box.fetch(numbers[0].replace(b" ", b",").decode(), "(BODY.PEEK[])") if numbers[0] else ("OK", [])
            return [part[1] for part in parts if isinstance(part, tuple)]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def box() -> Iterator[Box]:
    if not (shutil.which("postfix") and shutil.which("dovecot")):
        pytest.fail(
            "this proof needs a mail server: apt-get install --no-install-recommends postfix dovecot-imapd dovecot-lmtpd"
        )
    if os.getuid() != 0:
        pytest.fail("this proof starts Postfix and Dovecot, which root must do")
    folder = Path(f"/var/tmp/bulletin-mail-{os.getpid()}")
    smtp, imap, lmtp = _free_port(), _free_port(), _free_port()
    for name in ("postfix", "queue", "data", "run", "mail"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", "nobody", "nogroup")
    (folder / "postfix/main.cf").write_text(POSTFIX.format(folder=folder, lmtp=lmtp))
    (folder / "postfix/master.cf").write_text(MASTER.format(smtp=smtp))
    (folder / "dovecot.conf").write_text(DOVECOT.format(folder=folder, imap=imap, lmtp=lmtp, password=PASSWORD))
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["dovecot", "-c", str(folder / "dovecot.conf")], **quiet)  # type: ignore[call-overload]
    subprocess.run(["postfix", "-c", str(folder / "postfix"), "start"], **quiet)  # type: ignore[call-overload]
    time.sleep(1)
    try:
        yield Box(smtp, imap)
    finally:
        subprocess.run(["postfix", "-c", str(folder / "postfix"), "abort"], **{**quiet, "check": False})  # type: ignore[call-overload]
        subprocess.run(["doveadm", "-c", str(folder / "dovecot.conf"), "stop"], **{**quiet, "check": False})  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


def test_every_readers_letter_goes_through_postfix_and_is_read_back_by_imap(database: Engine, box: Box) -> None:
    mailing = frozen(database, READERS)
    summary = deliver(database, mailing, box.smtp, connections=8)
    assert summary.is_good and summary.counts.accepted == READERS
    letters = [email.message_from_bytes(raw, policy=email.policy.default) for raw in box.letters(READERS)]
    assert sorted(str(one["To"]) for one in letters) == sorted(
        f"reader{n}@school{n % 7}.example" for n in range(READERS)
    )
    for one in letters:
        number = str(one["To"]).partition("@")[0].removeprefix("reader")
        assert f"/unsubscribe/key{number}" in one.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
        named = verp.Named("weekly-2025-01-14", number)
        assert verp.find(SECRET, str(one["Return-Path"])) == verp.find(SECRET, str(one["Message-ID"])) == named


def test_bounces_are_read_from_an_imap_mailbox_and_a_persons_mail_stays_unread(box: Box) -> None:
    import smtplib

    mails = [
        notification("5.1.1", "no such user"),
        b"From: head@school.example\r\nTo: t@b.example\r\nSubject: Thanks\r\n\r\nLovely.\r\n",
    ]
    with smtplib.SMTP("127.0.0.1", box.smtp) as client:
        for raw in mails:
            client.sendmail("", ["bounces@bulletin.example"], raw)
    assert len(box.letters(2)) == 2
    assert sorted(_ticked(box)) == ["bounce", "person"]
    assert _ticked(box) == ["person"]


def _ticked(box: Box) -> list[str]:
    with mailboxes.opened(box.address, SignIn(PASSWORD)) as stream:
        found = [(waiting, bounces.read(waiting.raw, SECRET)) for waiting in stream]
        for waiting, returned in found:
            if returned.reports:
                waiting.done()
    return [returned.nature for _, returned in found]
