"""A reader's own letter in the browser: what they were sent, for as long as it is kept, and for nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from delivery.letter import verp
from delivery.letter.message import single
from delivery.model import DeliveryError, Mailing
from delivery.model import Letter as Sheet
from desk.mailing.sending import return_secret
from desk.readers.register import open_register
from desk.settings import load
from desk.web.app import create_app
from tests.desk.sending_house import DAY, NAME, NOW, Desk, Inbox, make_house, over_smtp, receiving, text
from tests.web.place import MORNING, Clock, Place, Reader

HEAD, PARENT = "head@primary.norfolk-schools.co.uk", "parent@home.co.uk"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Inbox]]:
    with receiving() as (inbox, port):
        desk = Desk(make_house(tmp_path_factory.mktemp("letter") / "house"), over_smtp(port))
        desk.subscribe({HEAD: "primary,head", PARENT: "parents-carers"})
        desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
        yield desk, inbox


@pytest.fixture
def reader(sent: tuple[Desk, Inbox], tmp_path: Path) -> Iterator[Reader]:
    register = open_register(load(sent[0].house, None, {}))
    clock = Clock(MORNING)
    app = create_app(register.settings, engine=register.engine, keys=register.keys, clock=clock, outbox=tmp_path)
    yield Place(app, register.engine, register.settings, tmp_path, clock).reader()
    register.engine.dispose()


def own_link(inbox: Inbox, address: str) -> str:
    found = re.search(r"https?://\S+/read/\S+", text(inbox.letter(address)))
    assert found
    return urlsplit(found[0]).path


def test_each_reader_sees_their_own_letter_with_links_that_work(sent: tuple[Desk, Inbox], reader: Reader) -> None:
    _, inbox = sent
    page = reader.get(own_link(inbox, PARENT))
    part = inbox.letter(PARENT).get_body(("html",))
    assert part is not None
    assert page.text.split() == str(part.get_content()).split()
    assert page.text != reader.get(own_link(inbox, HEAD)).text
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    leave = re.search(r'href="[^"]*(/unsubscribe/[^"]+)"', page.text)
    assert leave and reader.get(leave[1]).status_code == 200


def test_a_link_that_is_not_ours_shows_nothing(sent: tuple[Desk, Inbox], reader: Reader) -> None:
    link = own_link(sent[1], HEAD)
    message_id = str(sent[1].letter(HEAD)["Message-ID"]).strip("<>").partition("@")[0]
    other = re.sub(r"-(\d+)-(?=[0-9a-f]{20}$)", lambda m: f"-{int(m[1]) + 1}-", link)
    for wrong in (link[:-1], f"{link[:-1]}x", link.upper(), other, "/read/x", f"/read/{message_id}", f"{link}%00"):
        assert reader.get(wrong).status_code == 404, wrong
    assert reader.client.post(link).status_code in (400, 403, 405)


def test_what_is_no_longer_kept_leads_to_the_public_edition(sent: tuple[Desk, Inbox], reader: Reader) -> None:
    desk, inbox = sent
    desk.ok("subscribers", "erase", PARENT, "--yes")
    gone = reader.get(own_link(inbox, PARENT))
    assert (gone.status_code, gone.headers["Location"]) == (303, f"/editions/{DAY}/")
    register = open_register(load(desk.house, None, {}))
    nobody = verp.reading(return_secret(register.keys), "weekly-2020-01-07", "1")
    register.engine.dispose()
    assert reader.get(f"/read/{nobody}").headers["Location"] == "/"


def test_a_house_without_pages_leads_to_the_edition(tmp_path: Path) -> None:
    with receiving() as (inbox, port):
        desk = Desk(make_house(tmp_path / "house"), {**over_smtp(port), "BULLETIN__DELIVERY__BROWSER": "edition"})
        desk.subscribe({HEAD: "primary,head"})
        desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
        assert f"/editions/{DAY}/" in text(inbox.letter(HEAD)).partition("browser")[2][:80]
        assert "/read/" not in text(inbox.letter(HEAD))
        assert desk.status(NAME)["accepted"] == 1


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: x@evil.example", "a@b.example\nX: y", "a b@c.example", "x"])
def test_no_address_of_a_note_begins_a_header(address: str) -> None:
    mailing = Mailing("note", "one", "Us", "us@bulletin.example", MORNING)
    with pytest.raises(DeliveryError):
        single(mailing, Sheet("x", "s", "<p>h</p>", "t"), address, "name")
