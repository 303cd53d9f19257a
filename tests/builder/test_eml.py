"""The .eml file: one message that any mail programme opens, with the readers' tokens whole."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from builder.letter.eml import quoted, to_eml
from builder.model import Letter, Publisher, Variant
from tests.editions import Built

PUBLISHER = Publisher("Council", "Team", "1 Street", "https://a.example", "us@a.example", "reply@a.example")
DATE = datetime(2025, 1, 14, 9, tzinfo=UTC)
TOKEN = rb"\[\[[a-z-]{1,40}\]\]"


def raw(built: Built) -> bytes:
    return to_eml(built.letter, built.press.house.publisher, sender="", date=DATE)


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_it_parses_to_the_same_subject_text_and_html(each: Built) -> None:
    message = parsed(raw(each))
    assert message["Subject"] == each.letter.subject
    assert part(message, "plain").rstrip("\n") == each.letter.text.rstrip("\n")
    assert part(message, "html").rstrip("\n") == each.letter.html.rstrip("\n")
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects and not any(p.defects for p in message.walk())


def test_the_bytes_are_crlf_lines_of_at_most_998_in_seven_bits(each: Built) -> None:
    data = raw(each)
    assert b"\x00" not in data
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert max(data) < 128


def test_every_token_stands_whole_on_a_line_of_its_own(each: Built) -> None:
    data = raw(each)
    whole = re.findall(rb"(?:^|\r\n)" + TOKEN + rb"=\r\n", data)
    written = len(re.findall(TOKEN.decode(), each.letter.html + each.letter.text))
    assert len(whole) == len(re.findall(TOKEN, data)) == written >= 6


def test_the_same_letter_gives_the_same_bytes_and_another_letter_another_id(everything: Built) -> None:
    other = structs.replace(everything.letter, text=everything.letter.text + "x")
    assert raw(everything) == raw(everything)
    assert parsed(raw(everything))["Message-ID"] != parsed(raw(replace_letter(everything, other)))["Message-ID"]


def replace_letter(built: Built, letter: Letter) -> Built:
    return replace(built, letter=letter)


@pytest.mark.parametrize("subject", ["Plain", "Größe £5", "“Long” words " * 12, "🎉 " * 40])
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    letter = Letter(Variant("all", ()), subject.strip(), "<p>x</p>", "x")
    assert parsed(to_eml(letter, PUBLISHER, sender="Sender", date=DATE))["Subject"] == subject.strip()


@pytest.mark.parametrize(
    "unseen", ["\r\nBcc: x@evil.example", "\nX: y", "\r", "\x00", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
)
def test_no_subject_or_sender_adds_a_header(unseen: str) -> None:
    letter = Letter(Variant("all", ()), f"Words{unseen} more", "<p>x</p>", "x")
    message = parsed(to_eml(letter, PUBLISHER, sender=f"Us{unseen}", date=DATE))
    assert message.keys() == ["From", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=300))
def test_quoted_printable_brings_back_any_text(text: str) -> None:
    import quopri

    text = text.replace("\r\n", "\n").replace("\r", "\n")
    assert quopri.decodestring(quoted(text)).decode() == text


@given(st.lists(st.sampled_from(["[[unsubscribe]]", "[[a]]", "é", "=", " ", "\n", "x" * 70, "[[", "]]"]), max_size=20))
@example(["[[", "x" * 70, "x" * 70, "]]"])
def test_tokens_stay_whole_wherever_they_stand(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert len(re.findall(TOKEN, quoted(text))) == len(re.findall(TOKEN.decode(), text))
    assert all(len(line) <= 76 + 1 for line in quoted(text).split(b"\n"))
