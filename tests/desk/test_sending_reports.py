"""A report of a mailing: what became of it, who left because of it, and what readers said of each item."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import db
from delivery import useful
from desk import rounds
from desk.mailing.office import open_office
from desk.settings import load
from subscribers import acts
from subscribers.model import Proof
from tests.desk.sending_house import DAY, NAME, NOW, READERS, Desk

MORNING = datetime(2025, 1, 14, 9, tzinfo=UTC)


def answered(desk: Desk, slug: str, yes: int, no: int) -> None:
    with open_office(load(desk.house, None, desk.environ), MORNING) as office, db.writing(office.engine) as connection:
        for _ in range(yes):
            useful.count(connection, "weekly", DAY, slug, "yes")
        for _ in range(no):
            useful.count(connection, "weekly", DAY, slug, "no")


def test_who_leaves_after_a_mailing_is_counted_with_it_and_stays_counted(desk: Desk) -> None:
    desk.subscribe({f"reader{n}@norfolk-schools.co.uk": "" for n in range(8)})
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    with open_office(load(desk.house, None, desk.environ), MORNING) as office:
        keys, at = office.register.keys, MORNING + timedelta(hours=3)
        with office.engine.connect() as connection:
            numbers = [acts.found(connection, f"reader{n}@norfolk-schools.co.uk").id for n in range(8)]
        for number in numbers[:6]:
            rounds.goodbye(office.engine, keys, number, "weekly", Proof(at, "link"))
            rounds.goodbye(office.engine, keys, number, "weekly", Proof(at, "link"))
        assert desk.json("report", NAME)["unsubscribed"] == 6
        back = Proof(at + timedelta(minutes=1), "undo")
        rounds.undo_goodbye(office.engine, keys, numbers[0], "weekly", at, office.register.bases, back)
        assert desk.json("report", NAME)["unsubscribed"] == 5
        rounds.erase(office.engine, keys, "reader1@norfolk-schools.co.uk", Proof(at, "asked"))
        rounds.goodbye(office.engine, keys, numbers[7], "weekly", Proof(at + timedelta(days=9), "link"))
    assert desk.json("report", NAME)["unsubscribed"] == 5


def test_answers_stand_in_the_order_of_the_edition_and_few_are_hidden(desk: Desk) -> None:
    desk.subscribe(dict(list(READERS.items())[:2]))
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    answered(desk, "gone-since", 20, 6)
    answered(desk, "welcome-to-one-update", 30, 10)
    answered(desk, "spring-school-census", 2, 2)
    answered(desk, "inclusion-summit-places", 9, 1)
    found = {one["item"]: (one["yes"], one["no"]) for one in desk.json("report", NAME)["useful"]}
    assert found["welcome-to-one-update"] == (30, 10)
    assert found["spring-school-census"] == (None, None)
    assert found["inclusion-summit-places"] == (9, None)
    assert next(iter(found)) == "welcome-to-one-update" and list(found)[-1] == "gone-since"


def test_the_files_are_for_their_owner_and_a_spreadsheet_runs_nothing(desk: Desk) -> None:
    item = desk.house / "content" / "weekly" / DAY / "welcome-to-one-update.md"
    item.write_text(item.read_text().replace("title: ", "title: =1+1 ", 1))
    desk.subscribe(dict(list(READERS.items())[:1]))
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW)
    answered(desk, "welcome-to-one-update", 7, 5)
    page, people, items = map(Path, desk.ok("report", NAME).stdout.split())
    assert all(file.stat().st_mode & 0o077 == 0 for file in (page, people, items))
    (row,) = csv.DictReader(items.read_text().splitlines())
    assert (row["title"][:4], row["yes"], row["no"]) == ("'=1+", "7", "5")
    assert "<script" not in page.read_text() and "http" not in page.read_text()
