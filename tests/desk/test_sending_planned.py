"""Approvals and planned sendings, by the command line, on both sides of the clock change."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import db
from delivery import schedule
from desk.mailing.office import open_office
from desk.mailing.planning import fire
from desk.settings import load
from tests.desk.sending_house import DAY, NAME, NOW, READERS, Desk, Inbox

BEFORE = "2025-01-13T17:00"
APPROVAL = {"BULLETIN__DELIVERY__APPROVAL": "true"}


def add_edition(house: Path, day: str) -> None:
    folder = house / "content" / "weekly" / day
    folder.mkdir()
    (folder / "edition.md").write_text(
        "---\nsubject: Summer news\npreheader: What is new in schools across the county\n---\n"
    )
    (folder / "fair.md").write_text("---\ntitle: The fair\nsummary: A fair for everybody.\n---\nCome to the fair.\n")


def test_an_edition_leaves_at_nine_in_london_once(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    assert desk.json("schedule", "weekly", DAY, "--now", BEFORE)["at"] == "2025-01-14T09:00:00+00:00"
    desk.ok("schedule", "run", "--now", "2025-01-14T08:59")
    assert not inbox.letters
    for now in ("2025-01-14T09:00", "2025-01-14T09:00", "2025-01-14T08:00", "2025-01-14T09:01"):  # the clock steps back
        desk.ok("schedule", "run", "--now", now)
    assert inbox.addresses == sorted(READERS)
    (row,) = desk.json("schedule", "list", "--now", NOW)["planned"]
    assert row["state"] == "sent"


@pytest.mark.parametrize(
    ("day", "utc"),
    [("2025-03-25", 9), ("2025-04-01", 8), ("2025-10-21", 8), ("2025-10-28", 9), ("2028-02-29", 9)],
)
def test_nine_in_london_is_nine_in_london_on_both_sides_of_the_clock_change(desk: Desk, day: str, utc: int) -> None:
    add_edition(desk.house, day)
    at = datetime.fromisoformat(desk.json("schedule", "weekly", day, "--now", BEFORE)["at"])
    assert at == datetime.fromisoformat(f"{day}T{utc:02}:00:00+00:00")


def test_a_machine_in_another_zone_sends_at_the_same_moment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    at = desk.json("schedule", "weekly", DAY, "--at", "10:30", "--now", BEFORE)["at"]
    assert at == "2025-01-14T10:30:00+00:00"


def test_an_edition_is_never_planned_for_before_its_moment_or_the_past(desk: Desk) -> None:
    early = desk.run("schedule", "weekly", DAY, "--at", "08:00", "--now", BEFORE)
    assert early.exit_code == 1 and "cannot leave before" in early.stderr
    past = desk.run("schedule", "weekly", DAY, "--now", "2025-01-15T09:00")
    assert past.exit_code == 1 and "is past" in past.stderr


def test_a_sending_that_the_machine_slept_through_is_missed_and_told_once(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    late = desk.run("schedule", "run", "--now", "2025-01-14T14:00")
    assert late.exit_code == 1 and "was missed" in late.stderr
    desk.ok("schedule", "run", "--now", "2025-01-14T14:01")
    assert not inbox.letters
    assert desk.json("schedule", "list")["planned"][0]["state"] == "missed"
    desk.ok("send", "weekly", DAY, "--yes", "--now", "2025-01-14T14:05")  # a person decides
    assert inbox.addresses == sorted(READERS)


def test_a_sending_that_is_taken_off_the_plan_does_not_leave(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    desk.ok("schedule", "remove", "weekly", DAY)
    desk.ok("schedule", "run", "--now", NOW)
    assert not inbox.letters


def test_a_machine_that_died_between_taking_and_freezing_sends_at_its_next_look(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    now = datetime(2025, 1, 14, 9, 0, 5, tzinfo=UTC)
    with open_office(load(desk.house, None, desk.environ), now) as office, db.writing(office.engine) as connection:
        assert list(schedule.due(connection, now))  # and here the power failed
    desk.ok("schedule", "run", "--now", "2025-01-14T09:03")
    assert inbox.addresses == sorted(READERS)


def test_a_machine_that_died_after_the_freeze_goes_on_at_its_next_look(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.run("send", "weekly", DAY, "--yes", "--now", NOW, BULLETIN__DELIVERY__PORT="1")
    desk.ok("schedule", "run", "--now", "2025-01-14T09:05")
    assert inbox.addresses == sorted(READERS)


def test_what_is_in_the_way_is_told_and_mended_within_the_hour_it_leaves(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    (desk.house / "content" / "weekly" / DAY / "edition.md").rename(desk.house / "kept.md")
    run = desk.run("schedule", "run", "--now", "2025-01-14T09:30")
    assert run.exit_code == 1 and not inbox.letters
    (desk.house / "kept.md").rename(desk.house / "content" / "weekly" / DAY / "edition.md")
    desk.ok("schedule", "run", "--now", "2025-01-14T10:00")
    assert inbox.addresses == sorted(READERS)


def test_two_machines_that_look_at_the_same_moment_send_once(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    both = [desk.start("schedule", "run", "--now", NOW) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert inbox.addresses == sorted(READERS)


# --- approval --------------------------------------------------------------------------------------------------------


def test_without_approval_nothing_leaves_where_it_is_asked_for(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    refused = desk.run("send", "weekly", DAY, "--yes", "--now", NOW, **APPROVAL)
    assert refused.exit_code == 1 and "bulletin approve weekly" in refused.stderr
    assert not inbox.letters
    desk.ok("approve", "weekly", DAY, "--now", BEFORE)
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW, **APPROVAL)
    assert inbox.addresses == sorted(READERS)


@pytest.mark.parametrize(
    ("file", "words"), [("edition.md", "\nOne more sentence.\n"), ("inclusion-summit.md", "\nOne more sentence.\n")]
)
def test_an_edit_voids_the_approval_and_taking_it_back_restores_it(
    desk: Desk, inbox: Inbox, file: str, words: str
) -> None:
    desk.subscribe({"a@home.co.uk": ""})
    desk.ok("approve", "weekly", DAY, "--now", BEFORE)
    path = next((desk.house / "content" / "weekly" / DAY).glob(f"*{file}*"), None) or next(
        (desk.house / "content" / "weekly" / DAY).glob("*.md")
    )
    as_approved = path.read_text()
    path.write_text(as_approved + words)
    refused = desk.run("send", "weekly", DAY, "--yes", "--now", NOW, **APPROVAL)
    assert refused.exit_code == 1 and "edited since" in refused.stderr and not inbox.letters
    path.write_text(as_approved)
    desk.ok("send", "weekly", DAY, "--yes", "--now", NOW, **APPROVAL)
    assert inbox.addresses == ["a@home.co.uk"]


def test_another_audience_voids_the_approval_too(desk: Desk) -> None:
    desk.subscribe({"a@home.co.uk": ""})
    desk.ok("approve", "weekly", DAY, "--now", BEFORE)
    files = (desk.house / "content" / "weekly" / DAY).glob("*.md")
    file = next(path for path in files if "\naudience: " in path.read_text())
    file.write_text(file.read_text().replace("\naudience: ", "\naudience: governor, ", 1))
    assert desk.run("send", "weekly", DAY, "--yes", "--now", NOW, **APPROVAL).exit_code == 1


def test_a_planned_sending_waits_for_its_approval_until_it_is_too_late(desk: Desk, inbox: Inbox) -> None:
    desk.subscribe()
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    assert "not approved" in desk.run("schedule", "run", "--now", NOW, **APPROVAL).stderr
    desk.ok("approve", "weekly", DAY, "--now", "2025-01-14T09:20")
    desk.ok("schedule", "run", "--now", "2025-01-14T09:21", **APPROVAL)
    assert inbox.addresses == sorted(READERS)
    assert desk.status(NAME)["accepted"] == len(READERS)


def test_firing_when_nothing_is_due_does_nothing(desk: Desk) -> None:
    with open_office(load(desk.house, None, desk.environ)) as office:
        assert fire(office) == []


def test_a_scheduler_that_is_asked_to_end_in_mid_send_ends_and_loses_nobody(desk: Desk, inbox: Inbox) -> None:
    desk.import_list(120)
    desk.ok("schedule", "weekly", DAY, "--now", BEFORE)
    scheduler = desk.start("schedule", "run", "--stay", "--now", NOW, BULLETIN__DELIVERY__RATE="30")
    while len(inbox.letters) < 3:
        assert scheduler.poll() is None, scheduler.communicate()
        time.sleep(0.01)
    scheduler.terminate()
    assert scheduler.wait(10) == 1
    scheduler.communicate()
    counts = desk.status(NAME)
    assert counts["in_doubt"] == 0 and 0 < counts["accepted"] < 120
    desk.ok("schedule", "run", "--now", "2025-01-14T09:02")
    assert len(inbox.addresses) == len(set(inbox.addresses)) == 120
