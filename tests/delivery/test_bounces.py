"""What comes back, in the forms that servers really send; and everything else that lands in such a mailbox."""

from __future__ import annotations

import mailbox
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from delivery.ledger import books
from delivery.letter import verp
from delivery.model import State
from delivery.returning import bounces, mailboxes, returns
from tests.delivery.house import NOW, SECRET, deliver, frozen
from tests.delivery.servers import DROP_AFTER, MailServer

NAMED = verp.Named("weekly-2025-01-14", "5")
TOKEN = verp.token(SECRET, NAMED.mailing, NAMED.subscriber)
READER = "reader5@school5.example"


def notification(
    status: str, diagnostic: str, *, action: str = "failed", to: str = f"bounces+{TOKEN}@bulletin.example"
) -> bytes:
    return f"""Return-Path: <>
From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
Arrival-Date: Tue, 14 Jan 2025 09:00:00 +0000

Final-Recipient: rfc822; {READER}
Original-Recipient: rfc822;{READER}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.school5.example
Diagnostic-Code: smtp; {diagnostic}

--b
Content-Type: message/rfc822

From: news@bulletin.example
To: {READER}
Subject: Weekly update

--b--
""".replace("\n", "\r\n").encode()


KINDS = [
    ("5.1.1", "550 5.1.1 <x>: Recipient address rejected: User unknown", "hard"),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "hard"),
    ("5.0.0", "550 5.1.1 The email account that you tried to reach does not exist", "hard"),
    ("5.0.0", "550 No such user here", "hard"),
    ("5.1.2", "550 Host unknown", "hard"),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "hard"),
    ("5.4.4", "Host or domain name not found. Name service error for name=school5.example", "hard"),
    ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled", "hard"),
    ("5.2.2", "552 5.2.2 The email account that you tried to reach is over quota", "soft"),
    ("5.2.1", "554 5.2.1 mailbox over quota, try again later", "soft"),
    ("4.4.7", "421 4.4.7 Message expired: unable to deliver in 72 hours", "soft"),
    ("4.4.1", "connect to mx.school5.example: Connection timed out", "soft"),
    ("5.3.4", "552 5.3.4 Message size exceeds fixed limit", "soft"),
    ("5.0.0", "552 mailbox full", "soft"),
    ("5.7.1", "550 5.7.1 Service unavailable; Client host blocked using Spamhaus", "policy"),
    ("5.7.26", "550-5.7.26 This mail has been blocked because the sender is unauthenticated (DMARC)", "policy"),
    ("5.7.606", "550 5.7.606 Access denied, banned sending IP", "policy"),
    ("5.0.0", "554 Your message was rejected as spam", "policy"),
    ("5.1.8", "550 5.1.8 Sender address rejected: Domain not found", "policy"),
    ("5.5.0", "550 some thing happened", "soft"),
]


@pytest.mark.parametrize(("status", "diagnostic", "kind"), KINDS)
def test_a_notification_is_hard_soft_or_policy_by_its_status_code(status: str, diagnostic: str, kind: str) -> None:
    found = bounces.read(notification(status, diagnostic), SECRET)
    assert found.nature == "bounce"
    (report,) = found.reports
    assert (report.kind, report.named, report.address) == (kind, NAMED, READER)


def test_a_delay_is_no_bounce() -> None:
    assert bounces.read(notification("4.4.1", "try again", action="delayed"), SECRET) == bounces.Returned("delay")


def test_a_relayed_or_delivered_notice_is_no_bounce() -> None:
    assert bounces.read(notification("2.0.0", "250 ok", action="delivered"), SECRET).nature == "automatic"


@pytest.mark.parametrize(
    "to",
    [
        f"BOUNCES+{TOKEN.upper()}@BULLETIN.EXAMPLE",
        f"bounces={TOKEN}@bulletin.example",
        f'"bounces+{TOKEN}"@bulletin.example',
        f"prvs=abc=bounces+{TOKEN}@bulletin.example",
    ],
)
def test_a_mangled_return_path_still_names_the_reader(to: str) -> None:
    (report,) = bounces.read(notification("5.1.1", "no such user", to=to), SECRET).reports
    assert report.named == NAMED


def test_a_forged_return_path_names_nobody() -> None:
    forged = verp.token(b"guess", NAMED.mailing, NAMED.subscriber)
    (report,) = bounces.read(notification("5.1.1", "no such user", to=f"bounces+{forged}@b.example"), SECRET).reports
    assert report.named is None


QMAIL = f"""Return-Path: <>
From: MAILER-DAEMON@mail.example
To: bounces+{TOKEN}@bulletin.example
Subject: failure notice

Hi. This is the qmail-send program at mail.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<{READER}>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 unknown user

--- Below this line is a copy of the message.
"""
EXIM = f"""Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mail.example>
To: bounces+{TOKEN}@bulletin.example
X-Failed-Recipients: {READER}
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender

A message that you sent could not be delivered to one or more of its recipients.

  {READER}
    mailbox is full: retry timeout exceeded
"""


@pytest.mark.parametrize(("raw", "kind"), [(QMAIL, "hard"), (EXIM, "soft")], ids=["qmail", "exim"])
def test_bounces_that_follow_no_standard_are_read(raw: str, kind: str) -> None:
    found = bounces.read(raw.encode(), SECRET)
    assert found.nature == "bounce"
    assert [(one.kind, one.named, one.address) for one in found.reports] == [(kind, NAMED, READER)]


COMPLAINT = f"""From: <feedback@provider.example>
To: <complaints@bulletin.example>
Subject: FW: Weekly update
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: KIND
User-Agent: Provider/1.0
Version: 1
Original-Mail-From: <bounces+{TOKEN}@bulletin.example>
Original-Rcpt-To: <{READER}>

--b
Content-Type: message/rfc822

From: news@bulletin.example
Message-ID: <{TOKEN}@bulletin.example>
Subject: Weekly update

--b--
"""


def test_a_complaint_names_its_reader() -> None:
    found = bounces.read(COMPLAINT.replace("KIND", "abuse").encode(), SECRET)
    assert found.nature == "complaint"
    assert [(one.kind, one.named, one.address) for one in found.reports] == [("complaint", NAMED, READER)]


def test_a_complaint_whose_address_was_blacked_out_is_known_by_its_message_id() -> None:
    raw = (
        COMPLAINT.replace("KIND", "abuse")
        .replace(f"Original-Rcpt-To: <{READER}>\n", "")
        .replace(f"bounces+{TOKEN}", "redacted")
    )
    (report,) = bounces.read(raw.encode(), SECRET).reports
    assert report.named == NAMED


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_praise_and_reports_of_authentication_are_no_complaints(kind: str) -> None:
    assert not bounces.read(COMPLAINT.replace("KIND", kind).encode(), SECRET).reports


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "Subject: Automatic reply: Weekly update",
        "Subject: Out of office",
    ],
)
def test_automatic_answers_are_ignored(header: str) -> None:
    raw = f"From: Head <head@school.example>\nTo: bounces+{TOKEN}@bulletin.example\n{header}\n\nI am away. No such user for spam: 550 5.1.1\n"
    assert bounces.read(raw.encode(), SECRET) == bounces.Returned("automatic")


@pytest.mark.parametrize("subject", ["Re: Weekly update", "Question", "mailbox full?", "Undelivered parcels of books"])
def test_a_persons_mail_is_left_to_people(subject: str) -> None:
    raw = f"Return-Path: <head@school.example>\nFrom: head@school.example\nTo: team@bulletin.example\nSubject: {subject}\n\nuser unknown, 550 5.1.1\n"
    assert bounces.read(raw.encode(), SECRET) == bounces.Returned("person")


EVERYTHING = [notification("5.1.1", "no such user"), QMAIL.encode(), EXIM.encode(), COMPLAINT.encode()]


@pytest.mark.parametrize("raw", EVERYTHING)
def test_cut_off_anywhere_it_is_still_read_without_an_exception(raw: bytes) -> None:
    for end in range(0, len(raw), 7):
        bounces._read(_parsed(raw[:end]), raw[:end], SECRET)


def _parsed(raw: bytes):  # type: ignore[no-untyped-def]
    import email
    import email.policy

    return email.message_from_bytes(raw, policy=email.policy.compat32)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(EVERYTHING), st.integers(0, 2000), st.integers(0, 2000))
def test_no_bytes_make_it_fail(noise: bytes, raw: bytes, start: int, end: int) -> None:
    bounces.read(noise, SECRET)
    bounces.read(raw[:start] + noise + raw[end:], SECRET)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"\xff\xfe\x00",
        b"From: " + b"x" * 3_000_000,
        b"Subject: x\n\n" + b">" * 100_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(3000)),
        b"Content-Type: multipart/report; report-type=delivery-status\n\n",
        b"Content-Type: message/delivery-status\n\n\xff\xff: x\n\n: :\n",
        b"From: mailer-daemon@x\nSubject: =?utf-8?b?????=\n\n" + b"a-" * 50_000,
    ],
)
def test_hostile_mail_is_read_quickly_and_without_an_exception(raw: bytes) -> None:
    begun = time.process_time()
    bounces.read(raw, SECRET)
    assert time.process_time() - begun < 3


# ---- what follows


def test_a_hard_bounce_suppresses_and_a_policy_one_is_told_to_staff(database: Engine) -> None:
    frozen(database, 10)
    hard = bounces.read(notification("5.1.1", "no such user"), SECRET).reports
    policy = bounces.read(notification("5.7.1", "blocked"), SECRET).reports
    with database.begin() as connection:
        (first,) = returns.take(connection, hard, now=NOW)
        (again,) = returns.take(connection, hard, now=NOW)
        (third,) = returns.take(connection, policy, now=NOW)
    assert (first.subscriber, first.is_new, first.suppress, first.tell_staff) == ("5", True, True, False)
    assert not again.is_new
    assert (third.suppress, third.tell_staff) == (False, True)


def test_a_bounce_proves_that_a_letter_in_doubt_had_left(database: Engine) -> None:
    mailing = frozen(database, 6)
    with MailServer(lambda stage, s: DROP_AFTER if stage == "DOT" and s.recipient == READER else None) as server:
        assert deliver(database, mailing, server.port).counts.in_doubt == 1
    with database.begin() as connection:
        returns.take(connection, bounces.read(notification("4.2.2", "full"), SECRET).reports, now=NOW)
        fate = books.find(connection, mailing, "5")
        assert fate and fate.state is State.ACCEPTED
        assert books.counts(connection, mailing) == books.recount(connection, mailing)


def test_five_full_mailboxes_in_a_row_suppress(database: Engine, server: MailServer) -> None:
    suppressed = []
    for week in range(6):
        day = datetime(2025, 1, 14, 9, tzinfo=UTC) + timedelta(days=7 * week)
        mailing = frozen(database, 6, edition=f"{day:%Y-%m-%d}")
        deliver(database, mailing, server.port)
        named = verp.Named(f"weekly-{day:%Y-%m-%d}", "5")
        report = bounces.Report("soft", named, READER, "5.2.2", "full")
        with database.begin() as connection:
            suppressed += [one.suppress for one in returns.take(connection, [report], now=day)]
    assert suppressed == [False, False, False, False, True, True]


def test_a_report_without_proof_changes_nothing(database: Engine) -> None:
    frozen(database, 6)
    with database.begin() as connection:
        (found,) = returns.take(connection, [bounces.Report("hard", None, READER, "5.1.1", "")], now=NOW)
    assert (found.subscriber, found.suppress) == ("", False)


# ---- where they wait


def test_a_maildir_is_read_once_and_a_persons_mail_stays_new(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    box.add(notification("5.1.1", "no such user"))
    box.add(b"From: head@school.example\nSubject: Thanks\n\nLovely.\n")
    box.close()
    assert sorted(_ticked(tmp_path / "mail")) == ["bounce", "person"]
    assert _ticked(tmp_path / "mail") == ["person"]


def _ticked(path: Path) -> list[str]:
    """What is there; all is ticked off at the end, but a person's mail."""
    with mailboxes.opened(str(path)) as stream:
        found = [(waiting, bounces.read(waiting.raw, SECRET).nature) for waiting in stream]
        for waiting, nature in found:
            if nature != "person":
                waiting.done()
    return [nature for _, nature in found]


def test_files_and_folders_of_eml_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(notification("5.1.1", "x"))
    assert _ticked(tmp_path) == _ticked(tmp_path / "a.eml") == ["bounce"]


def test_a_mailbox_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(mailboxes.DeliveryError, match="no mailbox"):
        _ticked(tmp_path / "nowhere")
