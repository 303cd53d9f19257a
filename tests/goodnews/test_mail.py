"""Mail as it comes: the writer's own words and pictures are taken, machines are told from people, nothing raises (R15)."""

from __future__ import annotations

import random
import time

import pytest

from goodnews.mail import MOST_BYTES, read
from goodnews.quoting import own_words
from tests.goodnews.mails import BOUNCE, QUOTED, mail
from tests.goodnews.pictures import jpeg


def test_a_schools_mail_is_read_as_its_writer_meant_it() -> None:
    found = read(mail(pictures=[jpeg(300, 300)]))
    assert (found.reason, found.sender, found.name) == ("", "office@example-primary.example", "Example Person")
    assert found.subject == "A garden of our own"
    assert found.text == "In September it was a car park.\n\nNow there are six beds."
    assert len(found.pictures) == 1 and found.reference == ""


@pytest.mark.parametrize("kind", QUOTED)
def test_signature_quoted_thread_greeting_and_small_print_are_cut(kind: str) -> None:
    assert own_words(QUOTED[kind]) == "Year 4."


def test_what_only_looks_like_an_end_stays() -> None:
    text = "Thank you to everyone who came.\nFrom: the heart.\nWe wrote: a poem.\nBest of all\nwas the cake."
    assert own_words(text) == text


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "automatic"),
        ({"Auto_Submitted": "no"}, ""),
        ({"X_Autoreply": "yes"}, "automatic"),
        ({"Precedence": "bulk"}, "list"),
        ({"List_Id": "<heads.lists.example>"}, "list"),
        ({"List_Unsubscribe": "<https://x.example/>"}, "list"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"sender": "MAILER-DAEMON@mail.example"}, "automatic"),
        ({"sender": "no-reply@parentmail.example"}, "automatic"),
        ({"sender": "nobody"}, "no-sender"),
        ({"text": " \n"}, "empty"),
    ],
)
def test_what_a_machine_wrote_is_no_story(headers: dict[str, str], reason: str) -> None:
    assert read(mail(**headers)).reason == reason  # type: ignore[arg-type]


def test_a_bounce_is_no_story() -> None:
    assert read(BOUNCE).reason == "bounce"


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: Fwd: [EXTERNAL] A garden", "A garden"),
        ("=?utf-8?q?Caf=C3=A9?= opens", "Café opens"),
        ("=?x-unknown?q?abc?=", "abc"),
        ("", "In September it was a car park."),
    ],
)
def test_the_headline_is_the_subject_without_what_programs_add(subject: str, title: str) -> None:
    assert read(mail(subject=subject)).subject == title


def test_a_mail_in_html_only_is_read_without_what_it_quotes() -> None:
    html = "<p>Dear all,</p><p>We <b>dug</b>.</p><script>alert(1)</script><div class='gmail_quote'><p>Old</p></div>"
    assert read(mail("", html=html)).text == r"We \*\*dug\*\*." or read(mail("", html=html)).text == "We dug."


def test_a_reply_names_its_story_and_a_new_mail_that_quotes_nothing_does_not() -> None:
    quoted = "Year 4.\n\n> Your story, reference GN-B2C3D4, …"
    assert read(mail(quoted, subject="Re: A question", In_Reply_To="<x@norfolk.example>")).reference == "GN-B2C3D4"
    assert read(mail("See GN-B2C3D4.", subject="Another story")).reference == ""


def test_pictures_are_known_by_content_each_once_and_other_files_are_counted() -> None:
    raw = mail(pictures=[jpeg(300, 300), jpeg(300, 300), b"MZ not a picture", b"%PDF-1.7"])
    found = read(raw)
    assert (len(found.pictures), found.left_out) == (1, 2)


def test_the_same_mail_has_the_same_key_and_one_without_an_id_is_told_by_its_bytes() -> None:
    assert read(mail(number="7")).key == read(mail(number="7", text="Other")).key != read(mail(number="8")).key
    bare = mail().replace(b"Message-ID: <1@example-primary.example>\r\n", b"")
    assert read(bare).key == read(bare).key != read(bare + b"x").key


NESTED = (
    b"From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 400
)
HOSTILE = [
    b"",
    b"\0" * 1000,
    b"\xff\xfe" * 500,
    b"From: \r\n" * 10_000,
    b"From: a@b.example\nSubject: " + b"x" * 3_000_000 + b"\n\nhi",
    b'From: a@b.example\nContent-Type: text/plain; charset="no such charset"\n\nhi \xff',
    b"From: a@b.example\nContent-Type: text/plain; charset*0*=bad%ZZ\n\nhi",
    b"From: a@b.example\nContent-Transfer-Encoding: base64\n\n!!!!",
    b"From: =?utf-8?b?//8=?= <a@b.example>\nSubject: =?utf-8?b?" + b"A" * 5000 + b"?=\n\nhi",
    b"From: a@b.example\nContent-Type: multipart/mixed\n\nno boundary",
    b"From: a@b.example\nContent-Type: image/jpeg\nContent-Transfer-Encoding: base64\n\n/9j/////",
    b"From: a@b.example\n\n" + b"> " * 200_000 + b"\n" + b"x" * 2_000_000,
    b"From: a@b.example, b@c.example\nFrom: d@e.example\nMessage-ID: \n\nhi\xe2\x80\xae",
    b"From: a@b.example\nContent-Type: text/html\n\n" + b"<div>" * 20_000 + b"deep",
    NESTED,
    b"x" * (MOST_BYTES + 1),
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_no_mail_raises_or_takes_long(raw: bytes) -> None:
    began = time.process_time()
    found = read(raw)
    assert found.key.startswith("mail:") and time.process_time() - began < 3
    assert "\u202e" not in found.text


def test_a_mail_damaged_anywhere_never_raises() -> None:
    chance = random.Random(5)
    whole = mail(pictures=[jpeg(300, 300, quality=20)], html="<p>We dug.</p>")
    for _ in range(150):
        spoilt = bytearray(whole)
        for _ in range(chance.randrange(1, 30)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        read(bytes(spoilt[: chance.randrange(len(spoilt))]))
