"""The letters of the relationship as they leave the house."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from builder.model import Letter, Variant
from desk.notes.outbox import to_bytes
from desk.readers.shelves import forget_letters
from desk.settings import load
from subscribers.address import parse
from tests.editions import ROOT
from tests.web.place import MORNING, Mail, Place

PUBLISHER = load(ROOT, None, {}).house.publisher
LETTER = Letter(
    Variant("x", ()),
    "Gr\u00fc\u00dfe \u2013 a subject",
    "<p>Gr\u00fc\u00dfe \u2013 [[x]]</p>",
    "Gr\u00fc\u00dfe \u2013 text\n.\nFrom here",
)


def test_a_long_unsubscribe_link_stays_in_one_piece() -> None:
    link = f"<https://together.norfolk.example/unsubscribe/{'x' * 200}>"
    raw = to_bytes("a@school.example.org", LETTER, link.strip("<>"), PUBLISHER, MORNING)
    assert f"\r\nList-Unsubscribe: {link}\r\n".encode() in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize("evil", ["\r\nBcc: x@evil.example", "\nBcc: x", "\r", "\x00", "\u2028Bcc: x", "\x0b", "\x85"])
def test_no_value_begins_another_header(evil: str) -> None:
    letter = Letter(LETTER.variant, f"Subject{evil}", LETTER.html, LETTER.text)
    raw = to_bytes("a@school.example.org", letter, f"https://x{evil}", PUBLISHER, MORNING)
    assert message_from_bytes(raw, policy=policy.default)["Bcc"] is None
    assert b"\x00" not in raw


def test_text_and_html_come_back_as_they_were() -> None:
    mail = Mail(to_bytes("a@school.example.org", LETTER, "", PUBLISHER, MORNING))
    assert mail.text.replace("\r\n", "\n").strip() == LETTER.text
    assert mail.part("html").strip() == LETTER.html
    assert mail.subject == LETTER.subject
    for name in ("From", "To", "Date", "Message-ID", "MIME-Version", "Subject", "Reply-To"):
        assert mail.message[name]


def test_every_letter_says_that_a_program_wrote_it_and_none_has_an_open_token(place: Place) -> None:
    reader = place.reader()
    welcome = reader.subscribe("head@school.example.org")
    reader.sign_up("head@school.example.org")
    reader.post(f"{welcome.link('preferences')}/choices/weekly", {"audience": "special"})
    reader.post(f"{welcome.link('preferences')}/address", {"address": "new@school.example.org"})
    reader.client.post(welcome.link("unsubscribe"))
    assert len({mail.subject for mail in place.mail}) == 7
    for mail in place.mail:
        assert mail.message["Auto-Submitted"] == "auto-generated"
        assert mail.message["X-Auto-Response-Suppress"] == "All"
        assert mail.message["Date"]
        assert "[[" not in mail.text + mail.part("html") + mail.subject
        assert mail.message["Message-ID"].endswith("@norfolk.example>")
    assert len({mail.message["Message-ID"] for mail in place.mail}) == len(place.mail)


def test_a_subscriber_can_leave_from_the_letters_that_begin_and_change_things(place: Place) -> None:
    welcome = place.reader().subscribe("head@school.example.org")
    assert welcome.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(welcome.message["List-Unsubscribe"]).strip("<>").removeprefix("http://localhost")
    assert place.app.test_client().post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert place.mail[0].message["List-Unsubscribe"] is None  # who has not confirmed has nothing to leave


def test_a_letter_is_in_the_folder_whole_and_for_its_owner_only(place: Place) -> None:
    place.reader().sign_up("head@school.example.org")
    [file] = place.outbox.iterdir()
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o077 == 0
    assert place.outbox.stat().st_mode & 0o077 == 0
    assert "school" not in file.name


def test_forgetting_takes_one_readers_letters_only(tmp_path: Path) -> None:
    for number, address in enumerate(("a@school.example.org", "A@School.example.org", "aa@school.example.org")):
        (tmp_path / f"{number}.eml").write_bytes(to_bytes(address, LETTER, "", PUBLISHER, MORNING))
    forget_letters(tmp_path, parse("a@school.example.org"))
    assert [Mail(file.read_bytes()).to for file in tmp_path.iterdir()] == ["aa@school.example.org"]


def test_a_house_with_a_broken_letter_is_told_when_the_site_starts(
    open_place: Callable[..., Place], tmp_path: Path
) -> None:
    import shutil

    from builder.model import BuilderError
    from tests.web.place import make_house

    settings = make_house(tmp_path / "house")
    (tmp_path / "house" / "content").unlink()
    shutil.copytree(ROOT / "content" / "letters", tmp_path / "house" / "content" / "letters")
    (tmp_path / "house" / "content" / "letters" / "welcome.md").write_text("no subject")
    with pytest.raises(BuilderError, match=r"welcome\.md"):
        open_place(settings)
