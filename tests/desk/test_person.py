"""A person's rights through the command line and the pages: everything is shown, and erased means no byte in var/."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

import db
from db.schema.delivery import came_back
from desk.readers.register import Register, open_register
from desk.readers.shelves import drop_older, forget_in_reports, forget_letters
from desk.settings import load
from desk.web.app import create_app
from subscribers.address import parse
from subscribers.tokens import signed_link
from tests.desk.sending_house import DAY, NAME, NOW, Desk, make_house
from tests.web.place import Clock, Place

SECRET = "Penelope.Featherstonehaugh@rare-domain.co.uk"
OTHER = "other.penelope.featherstonehaugh@rare-domain.co.uk"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A house that has imported two people, written to both, and reported on it."""
    desk = Desk(make_house(tmp_path / "house"))
    (tmp_path / "old.csv").write_text(f"Email,Name\n{SECRET},Penelope\n{OTHER},Other\n")
    desk.ok("subscribers", "import", str(tmp_path / "old.csv"), "--source", "old", "--yes")
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    desk.ok("report", NAME)
    return desk


def traces(desk: Desk) -> list[str]:
    """Every file of var/ with the address in it, the longer address of somebody else left aside."""
    secret, other = SECRET.lower().encode(), OTHER.lower().encode()
    files = (file for file in (desk.house / "var").rglob("*") if file.is_file())
    return sorted(file.name for file in files if secret in file.read_bytes().lower().replace(other, b""))


def test_what_the_ledger_has_is_shown_with_the_rest(desk: Desk) -> None:
    (letter,) = json.loads(desk.ok("subscribers", "show", SECRET).output)["letters"]
    assert (letter["name"], letter["address"], letter["state"]) == (NAME, SECRET, "accepted")
    assert json.loads(desk.ok("subscribers", "show", "stranger@rare-domain.co.uk").output)["letters"] == []


def test_erased_by_staff_means_no_byte_in_any_file(desk: Desk) -> None:
    before = traces(desk)
    assert {"import-1.html", "import-1.csv", f"{NAME}.csv"} <= set(before)
    assert any(name.endswith(".bulletin") for name in before), "a letter"
    desk.ok("subscribers", "erase", SECRET.upper(), "--yes")
    assert traces(desk) == []
    assert json.loads(desk.ok("subscribers", "show", OTHER).output)["subscriber"]["address"] == OTHER
    assert OTHER in (desk.house / "var" / "reports" / "import-1.csv").read_text()


@pytest.fixture
def register(desk: Desk) -> Iterator[Register]:
    opened = open_register(load(desk.house, environ={}))
    yield opened
    opened.engine.dispose()


def test_erased_by_oneself_means_no_byte_after_the_night(desk: Desk, register: Register) -> None:
    clock = Clock()
    app = create_app(register.settings, engine=register.engine, keys=register.keys, clock=clock, pause=lambda _: None)
    reader = Place(app, register.engine, register.settings, register.outbox, clock).reader()
    number = json.loads(desk.ok("subscribers", "show", SECRET).output)["subscriber"]["number"]
    own = f"/preferences/{signed_link(register.keys, 'preferences', number)}"
    assert json.loads(reader.post(f"{own}/data", form=own).data)["letters"][0]["state"] == "accepted"
    assert "You are erased" in reader.post(f"{own}/erase").text
    assert [name for name in traces(desk) if not name.startswith("bulletin.db")] == []
    desk.ok("subscribers", "retention")
    assert traces(desk) == []


def test_a_server_s_words_about_the_address_are_shown_and_then_erased(desk: Desk, register: Register) -> None:
    number = json.loads(desk.ok("subscribers", "show", SECRET).output)["subscriber"]["number"]
    back = {"mailing_id": 1, "subscriber": str(number), "kind": "soft", "words": f"<{SECRET}> is full"}
    with db.writing(register.engine) as connection:
        connection.execute(came_back.insert().values(**back, at=datetime.now(UTC)))
    (letter,) = json.loads(desk.ok("subscribers", "show", SECRET).output)["letters"]
    assert letter["came_back"][0]["words"] == f"<{SECRET}> is full"
    desk.ok("subscribers", "erase", SECRET, "--yes")
    assert traces(desk) == []


def test_old_letters_and_reports_are_thrown_away_at_night(desk: Desk) -> None:
    letters = list((desk.house / "var" / "outbox" / "new").iterdir())
    long_ago = (datetime.now(UTC) - timedelta(days=31)).timestamp()
    os.utime(letters[0], (long_ago, long_ago))
    gone = desk.json("subscribers", "retention")
    assert (gone["letters"], gone["reports"]) == (1, 0)
    assert [file for file in letters if file.exists()] == letters[1:]
    desk.ok("subscribers", "retention", BULLETIN__SUBSCRIBERS__RETENTION__REPORT_DAYS="1")
    report = desk.house / "var" / "reports" / "import-1.csv"
    os.utime(report, (long_ago, long_ago))
    gone = desk.json("subscribers", "retention", BULLETIN__SUBSCRIBERS__RETENTION__REPORT_DAYS="30")
    assert gone["reports"] == 1 and not report.exists()


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("a@x.org", "—"),
        ("new,A@X.ORG,list.csv,2", "new,—,list.csv,2"),
        ("jim.a@x.org", "jim.a@x.org"),
        ("a@x.org.uk a@x.orgs a@x.org.", "a@x.org.uk a@x.orgs —."),
        ("öa@x.org <a@x.org> 'a@x.org", "öa@x.org <—> '—"),
    ],
)
def test_a_report_loses_one_address_and_nothing_else(tmp_path: Path, line: str, left: str) -> None:
    report = tmp_path / "report.csv"
    report.write_bytes(f"\ufeffone\r\n{line}\r\n".encode() + b"\xff\r\n")
    forget_in_reports(tmp_path, parse("a@x.org"))
    assert report.read_bytes() == f"\ufeffone\r\n{left}\r\n".encode() + b"\xff\r\n"


def test_an_address_is_found_as_html_writes_it_and_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("<td>ZOË.o&#39;neill&amp;co@x.org</td>", "utf-8")
    forget_in_reports(tmp_path, parse("zoë.o'neill&co@x.org"))
    assert (tmp_path / "report.html").read_text("utf-8") == "<td>—</td>"


def test_a_letter_that_names_the_person_anywhere_is_dropped(tmp_path: Path) -> None:
    letter = EmailMessage()
    letter["To"] = "office@x.org"
    letter.set_content("x" * 60 + " somebody.with.a.long.name@rare-domain.co.uk", cte="quoted-printable")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.bulletin").write_bytes(letter.as_bytes())
    (tmp_path / "2.partial").write_bytes(b"To: <somebody.with.a.long.name@rare-domain.co.uk>\r\n")
    (tmp_path / "3.eml").write_bytes(b"To: name@rare-domain.co.uk\r\n")
    forget_letters(tmp_path, parse("somebody.with.a.long.name@rare-domain.co.uk"))
    assert [file.name for file in tmp_path.rglob("*.*") if file.is_file()] == ["3.eml"]


def test_no_folder_is_no_trouble(tmp_path: Path) -> None:
    forget_letters(tmp_path / "none", parse("a@x.org"))
    forget_in_reports(tmp_path / "none", parse("a@x.org"))
    assert drop_older(tmp_path / "none", datetime.now(UTC)) == 0
