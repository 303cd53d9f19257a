"""What comes back, by the command line: bounces, complaints, farewells, people's mail; then the report and the doctor."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from delivery.doctor import World
from delivery.ledger import notes
from desk.doctoring import examine
from desk.mailing.office import open_office
from desk.settings import load
from tests.desk.sending_house import DAY, NAME, NOW, Desk, Inbox

BOUNCES = "bounces@norfolk.example"
GONE, ANGRY, FULL, LEAVER = "gone@home.co.uk", "angry@home.co.uk", "full@home.co.uk", "leaver@home.co.uk"


@pytest.fixture
def sent(desk: Desk, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An edition that four readers have."""
    monkeypatch.setenv("BULLETIN__DELIVERY__BOUNCES", BOUNCES)
    monkeypatch.setenv("BULLETIN__DELIVERY__UNSUBSCRIBE", "leave@norfolk.example")
    desk.subscribe(dict.fromkeys((GONE, ANGRY, FULL, LEAVER), ""))
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    return desk


def bounce(original: EmailMessage, address: str, status: str, words: str) -> bytes:
    """As Postfix writes it (RFC 3464), to the return path."""
    token = original["Message-ID"].strip("<>").split("@")[0]
    return (
        f"From: MAILER-DAEMON@mx.home.co.uk\r\nTo: bounces+{token}@norfolk.example\r\nSubject: Undelivered\r\n"
        "MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.home.co.uk\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {words}\r\n"
        "--b--\r\n"
    ).encode()


def complaint(original: EmailMessage, address: str) -> bytes:
    return (
        "From: feedback@home.co.uk\r\nTo: abuse@norfolk.example\r\nSubject: Complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSpam.\r\n"
        f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nOriginal-Rcpt-To: {address}\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {original['Message-ID']}\r\n\r\n--b--\r\n"
    ).encode()


def mailbox(folder: Path, *messages: bytes) -> Path:
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(messages):
        (folder / "new" / f"{number}.{len(message)}.host").write_bytes(message)
    return folder


def subscription(desk: Desk, address: str) -> str:
    """Open, or the reason of its end."""
    held = json.loads(desk.ok("subscribers", "show", address).stdout)
    found = json.dumps(held)
    reasons = re.findall(r'"ended_reason": (?:"([a-z]+)"|null)', found)
    return next(filter(None, reasons), "open")


def test_each_kind_of_returned_mail_has_its_consequence_once(sent: Desk, inbox: Inbox, tmp_path: Path) -> None:
    box = mailbox(
        tmp_path / "box",
        bounce(inbox.letter(GONE), GONE, "5.1.1", "550 5.1.1 user unknown"),
        bounce(inbox.letter(FULL), FULL, "4.2.2", "452 4.2.2 mailbox full"),
        complaint(inbox.letter(ANGRY), ANGRY),
        b"From: head@school.co.uk\r\nTo: us@norfolk.example\r\nSubject: A question\r\n\r\nWhen is the summit?\r\n",
        b"From: x@y.co.uk\r\nSubject: Automatic reply: your update\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n",
    )
    taken = sent.json("bounces", "read", str(box))
    assert (taken["hard"], taken["soft"], taken["complaint"], taken["messages"]) == (1, 1, 1, 5)
    ends = {address: subscription(sent, address) for address in (GONE, ANGRY, FULL, LEAVER)}
    assert ends == {GONE: "bounced", ANGRY: "complained", FULL: "open", LEAVER: "open"}
    assert len(list((box / "new").iterdir())) == 1  # the person's mail is left as it was
    assert sent.json("bounces", "read", str(box))["hard"] == 0
    assert sent.status(NAME)["accepted"] == 4  # what the relay took stays true


def test_a_bounce_that_is_read_again_does_not_end_a_new_subscription(sent: Desk, inbox: Inbox, tmp_path: Path) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(bounce(inbox.letter(GONE), GONE, "5.1.1", "550 5.1.1 user unknown"))
    sent.ok("bounces", "read", str(file))
    sent.ok("suppressions", "remove", GONE)
    sent.ok("subscribers", "add", GONE, "--over-a-no")
    sent.ok("bounces", "read", str(file))
    shown = json.loads(sent.ok("subscribers", "show", GONE).stdout)
    assert '"ended_reason": null' in json.dumps(shown)


def test_a_forged_bounce_changes_nothing(sent: Desk, inbox: Inbox, tmp_path: Path) -> None:
    forged = bounce(inbox.letter(GONE), GONE, "5.1.1", "550 5.1.1 user unknown")
    token = inbox.letter(GONE)["Message-ID"].strip("<>").split("@")[0]
    file = tmp_path / "forged.eml"
    file.write_bytes(forged.replace(token.encode(), f"{token[:-4]}abcd".encode()))
    assert sent.json("bounces", "read", str(file))["unknown"] == 1
    assert subscription(sent, GONE) == "open"


def test_a_policy_refusal_is_told_to_staff_and_never_held_against_the_reader(
    sent: Desk, inbox: Inbox, tmp_path: Path
) -> None:
    file = tmp_path / "policy.eml"
    file.write_bytes(bounce(inbox.letter(FULL), FULL, "5.7.1", "550 5.7.1 blocked by reputation"))
    told = sent.run("bounces", "read", str(file))
    assert "Refused because of us" in told.stderr
    assert subscription(sent, FULL) == "open"


def test_a_reader_leaves_by_the_mail_that_list_unsubscribe_names(sent: Desk, inbox: Inbox, tmp_path: Path) -> None:
    link = re.search(r"<mailto:leave@norfolk\.example\?subject=([^>]+)>", inbox.letter(LEAVER)["List-Unsubscribe"])
    assert link
    subject = link[1].replace("%20", " ")
    box = mailbox(tmp_path / "box", f"From: {LEAVER}\r\nSubject: {subject}\r\n\r\n\r\n".encode())
    assert sent.json("bounces", "read", str(box))["natures"] == {"unsubscribe": 1}
    assert subscription(sent, LEAVER) == "unsubscribed"
    assert subscription(sent, FULL) == "open"


def test_no_message_stops_the_reading(sent: Desk, tmp_path: Path) -> None:
    odd = [
        b"",
        b"\0\xff\r\n\r\n",
        b"Subject: unsubscribe AAAA\r\n\r\n",
        b"From: a@b.c\r\nSubject: =?x?q?\xff?=\r\n\r\n",
    ]
    taken = sent.json("bounces", "read", str(mailbox(tmp_path / "box", *odd)))
    assert taken["messages"] == len(odd)


# --- the report ------------------------------------------------------------------------------------------------------


def test_the_report_is_a_page_that_loads_nothing_and_a_sheet_of_everyone(
    sent: Desk, inbox: Inbox, tmp_path: Path
) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(bounce(inbox.letter(GONE), GONE, "5.1.1", "550 5.1.1 user unknown"))
    sent.ok("bounces", "read", str(file))
    page, sheet, _ = sent.ok("report", NAME).stdout.split()
    html = Path(page).read_text()
    assert "<svg" in html and "fewer than 5" in html and "Accepted" in html
    assert not re.search(r'(src|href)="http', html)
    assert not re.search(r"[\w.]+@home\.co\.uk", html)  # the page names nobody
    rows = list(csv.DictReader(Path(sheet).read_text().splitlines()))
    assert {row["address"] for row in rows} == {GONE, ANGRY, FULL, LEAVER}
    assert oct(Path(sheet).stat().st_mode)[-3:] == "600"


def test_the_reports_numbers_for_machines_hide_small_counts(sent: Desk, inbox: Inbox, tmp_path: Path) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(bounce(inbox.letter(GONE), GONE, "5.1.1", "550 5.1.1 user unknown"))
    sent.ok("bounces", "read", str(file))
    numbers = sent.json("report", NAME)
    assert numbers["accepted"] == 4 and numbers["bounced"]["hard"] is None and numbers["bounced"]["soft"] == 0


# --- the doctor ------------------------------------------------------------------------------------------------------


def resolver(answers: dict[tuple[str, str], list[str]]) -> Callable[[str, str], list[str]]:
    def resolve(name: str, kind: str) -> list[str]:
        if (name, kind) not in answers:
            raise LookupError(name)
        return answers[name, kind]

    return resolve


def test_the_doctor_names_what_to_publish(desk: Desk) -> None:
    with open_office(load(desk.house, None, desk.environ)) as office:
        found = examine(office, World(resolver({}), lambda: datetime.now(UTC)))
    bad = {finding.subject: finding for finding in found if finding.level == "bad"}
    assert {"SPF", "DMARC", "MX"} <= bad.keys()
    assert bad["SPF"].publish.startswith("norfolk.example TXT v=spf1")


def test_the_doctor_is_content_with_a_healthy_world(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        ("norfolk.example", "TXT"): ["v=spf1 mx -all"],
        ("_dmarc.norfolk.example", "TXT"): ["v=DMARC1; p=quarantine"],
        ("norfolk.example", "MX"): ["10 mx.norfolk.example."],
    }
    for name, value in desk.environ.items():  # the relay is the test's server
        monkeypatch.setenv(name, value)
    with open_office(load(desk.house)) as office:
        found = examine(office, World(resolver(answers), lambda: datetime.now(UTC)))
    assert [finding for finding in found if finding.level == "bad"] == []
    assert any(finding.subject == "relay" and finding.level == "good" for finding in found)


def test_the_doctor_reads_every_template_and_misses_no_word(desk: Desk) -> None:
    own = desk.house / "templates"
    (own / "public").mkdir(parents=True)
    (own / "public" / "left.html").write_text("<h1>{{ said }</h1>")
    (own / "public" / "thanks.html").write_text("<h1>{{ said }}</h1>\n{{ words.public.nobody_wrote_this }}")
    with open_office(load(desk.house, None, desk.environ)) as office:
        found = examine(office, World(resolver({}), lambda: datetime.now(UTC)))
    bad = [finding.words for finding in found if finding.subject == "templates"]
    assert len(bad) == 2
    assert "templates/public/left.html, line 1" in bad[0]
    assert "templates/public/thanks.html, line 2: there are no words for [public] nobody_wrote_this" in bad[1]


def test_the_doctor_tells_of_letters_that_nobody_carries(desk: Desk) -> None:
    with open_office(load(desk.house, None, desk.environ)) as office:
        with office.engine.begin() as connection:
            notes.keep(connection, "confirm", GONE, b"x", now=datetime.now(UTC) - timedelta(hours=1))
        found = examine(office, World(resolver({}), lambda: datetime.now(UTC)))
    (told,) = [finding.words for finding in found if finding.subject == "notes"]
    assert told.startswith("1 letter about")
    assert GONE not in told


# --- after an erasure ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "words"), [("5.1.1", "550 5.1.1 unknown"), ("5.7.1", "550 5.7.1 blocked as spam")])
def test_a_bounce_that_comes_after_an_erasure_brings_no_byte_of_the_address_back(
    sent: Desk, inbox: Inbox, tmp_path: Path, status: str, words: str
) -> None:
    late = bounce(inbox.letter(GONE), GONE, status, f"{words} <{GONE}>")
    sent.ok("subscribers", "erase", GONE, "--yes")
    told = sent.ok("bounces", "read", str(mailbox(tmp_path / "box", late)))
    assert GONE not in told.output + told.stderr
    files = [file for file in (sent.house / "var").rglob("*") if file.is_file()]
    assert not [file.name for file in files if GONE.encode() in file.read_bytes().lower()]
    assert any(FULL.encode() in file.read_bytes().lower() for file in files), "the search finds nobody's address"


def test_who_complained_and_bounced_in_one_batch_has_complained_once(sent: Desk, inbox: Inbox, tmp_path: Path) -> None:
    both = bounce(inbox.letter(ANGRY), ANGRY, "5.1.1", "550 5.1.1 unknown"), complaint(inbox.letter(ANGRY), ANGRY)
    taken = sent.json("bounces", "read", str(mailbox(tmp_path / "box", *both, both[0] + b"\r\n")))
    assert (taken["hard"], taken["complaint"]) == (1, 1)
    assert subscription(sent, ANGRY) == "complained"
