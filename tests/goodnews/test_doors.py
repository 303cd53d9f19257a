"""Every door leads to the same queue; the command line and the clock do with it what the desk does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from desk.cli import main
from desk.goodnews import acts, demo, feeding
from desk.goodnews.rounds import Rounds, keep_no_longer
from goodnews import arrivals, store
from tests.databases import open_migrated
from tests.goodnews.mails import mail
from tests.goodnews.pictures import jpeg
from tests.goodnews.rooms import Paper, make_paper

NOW = "2025-01-22T09:00"


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    house = tmp_path / "house"
    engine = open_migrated(house / "var" / "bulletin.db")
    yield make_paper(house, engine)
    engine.dispose()


def run(paper: Paper, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(paper.root), *words], catch_exceptions=False)


def as_json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_demo_has_a_story_by_each_door_and_filling_it_twice_adds_none(paper: Paper) -> None:
    for _ in range(2):
        demo.fill(paper.room)
        assert {held.door: held.state for held in paper.stories} == {
            "form": "waiting",
            "mail": "asked",
            "feed": "suggested",
        }
    assert [len(held.photos) for held in paper.stories] == [1, 1, 0]
    assert all(held.story.title and held.story.text and held.story.school for held in paper.stories)


def test_a_suggestion_that_was_declined_does_not_come_back_and_nobody_is_written_to(paper: Paper) -> None:
    demo.by_feed(paper.room)
    (held,) = paper.stories
    acts.decline(paper.room, held, "", "staff:test")
    demo.by_feed(paper.room)
    assert [held.state for held in paper.stories] == ["declined"]
    assert paper.letters == []


def test_an_accepted_suggestion_leads_to_the_schools_own_page_and_is_known_to_the_files(paper: Paper) -> None:
    demo.by_feed(paper.room)
    (held,) = paper.stories
    held = acts.accept(paper.room, held, "weekly", paper.room.next_edition().day, "staff:test")  # type: ignore[union-attr]
    item = (paper.root / "content" / "weekly" / "2025-01-28" / "good-news" / f"{held.slug}.md").read_text()
    assert "on the website of Specimen Sixth Form College](https://www.specimen-college.example/news/bicycles)" in item
    counts, _ = feeding.take_feeds(paper.room, "Specimen Sixth Form College", str(paper.root / "var/example-feed.xml"))
    assert counts == {"known": 1}


def test_a_feed_that_cannot_be_read_is_set_aside_once_a_day(paper: Paper) -> None:
    for _ in range(2):
        feeding.take_feeds(paper.room, "Example", str(paper.root / "nowhere.xml"))
    (aside,) = paper.look(arrivals.set_aside)
    assert (aside.door, aside.reason) == ("feed", "feed-trouble") and "cannot be read" in aside.title


def test_the_command_line_takes_shows_accepts_and_withdraws(paper: Paper, tmp_path: Path) -> None:
    letter = tmp_path / "story.eml"
    letter.write_bytes(mail(pictures=[jpeg(300, 300)]))
    assert as_json(run(paper, "intake", "mailbox", str(letter), "--now", NOW, "--json"))["story"] == 1
    assert as_json(run(paper, "intake", "mailbox", str(letter), "--now", NOW, "--json"))["again"] == 1
    (listed,) = as_json(run(paper, "stories", "list", "--json"))
    assert listed["missing"] == ["alt", "consent"] and "address" not in listed
    reference = listed["reference"]
    shown = run(paper, "stories", "show", reference.lower())
    assert "Now there are six beds." in shown.output and "office@" not in shown.output
    taken = as_json(run(paper, "stories", "accept", reference, "--now", NOW, "--json"))
    assert (taken["state"], taken["edition"]) == ("accepted", "2025-01-28")
    again = as_json(run(paper, "stories", "accept", reference, "--now", NOW, "--json"))
    assert again["slug"] == taken["slug"]
    assert run(paper, "stories", "accept", reference, "wekly", "--now", NOW).exit_code == 1
    gone = as_json(run(paper, "stories", "withdraw", reference, "--now", NOW, "--json"))
    assert gone["everywhere"] and gone["state"] == "withdrawn"
    assert not list((paper.root / "content").rglob(f"{taken['slug']}*"))
    assert run(paper, "stories", "decline", reference, "--reason", "No.").exit_code == 1
    assert "There is no story" in run(paper, "stories", "show", "nothing").output
    assert "No story waits." in run(paper, "stories", "list").output


def test_a_mailbox_that_nobody_named_is_told(paper: Paper) -> None:
    assert "names no mailbox" in run(paper, "intake", "mailbox").output
    assert "is no mailbox" in run(paper, "intake", "mailbox", "nowhere").output


def test_what_fails_on_the_rounds_stops_nothing_else(paper: Paper) -> None:
    wrong = {**paper.settings.rooms, "goodnews": {"mailbox": "var/nowhere"}}
    paper.settings = replace(paper.settings, rooms=wrong)
    rounds = Rounds(paper.room)
    rounds.look()
    assert set(rounds.last) >= {"stories", "mailbox", "sweep"}


def test_photos_of_a_form_that_was_never_sent_are_swept_and_those_of_stories_stay(paper: Paper) -> None:
    demo.by_form(paper.room)
    made = paper.room.darkroom().develop(jpeg(300, 300))
    paper.room.shelf.put(made)
    used = paper.stories[0].photos[0].name
    old = time.time() - timedelta(days=400).total_seconds()
    for file in paper.room.shelf.folder.iterdir():
        os.utime(file, (old, old))
    assert keep_no_longer(paper.room) == 2
    assert paper.room.shelf.has(used) and not paper.room.shelf.has(made.photo.name)
    assert paper.look(store.counts) == {"waiting": 1}
