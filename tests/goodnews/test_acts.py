"""From a story to its item and back out of everything: files first, letters at each step, gone within a minute (C10)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import db
from desk.goodnews import acts, placing
from desk.goodnews.accepting import CannotAccept, refuse_unfit
from desk.house import open_press
from desk.staff import store as staff
from goodnews import store
from goodnews.model import Changed, Consent, Held, NotNow, Photo, Received
from subscribers.address import parse
from tests.databases import open_migrated
from tests.desk.editing.houses import git, put_under_git
from tests.goodnews.conftest import OFFICE, YES
from tests.goodnews.conftest import received as plain
from tests.goodnews.pictures import jpeg
from tests.goodnews.rooms import Paper, make_paper

DAY = date(2025, 1, 28)
TITLE, WORDS, ALT = "A garden for the yellow bird", "The canary sings among the beans.", "A canary on a bean pole"


@pytest.fixture
def paper(tmp_path: Path) -> Any:
    engine = open_migrated(tmp_path / "bulletin.db")
    yield make_paper(tmp_path / "house", engine)
    engine.dispose()


def photo_of(paper: Paper, consent: Consent = YES, colour: str = "teal") -> Photo:
    made = paper.room.shelf.put(paper.room.darkroom().develop(jpeg(400, 300, colour)))
    return replace(made, alt=ALT, consent=consent)


def received(paper: Paper, *photos: Photo, number: int = 1, **more: Any) -> Held:
    found: Received = plain(number, photos=photos, contact=OFFICE)
    story = replace(found.story, title=TITLE, text=WORDS, summary="A canary lives there.", **more)
    held, _ = acts.receive(paper.room, replace(found, story=story), "waiting", letter="received")
    return held


def accepted(paper: Paper, held: Held) -> Held:
    return acts.accept(paper.room, held, "weekly", DAY, "staff:test")


def test_an_accepted_story_is_an_item_with_its_photo_credit_and_consent(paper: Paper) -> None:
    held = accepted(paper, received(paper, photo_of(paper)))
    press = open_press(paper.settings, now=paper.now)
    edition = press.content.edition("weekly", DAY)
    assert edition is not None
    (item,) = edition.items
    assert (item.title, item.slug, item.kind) == (TITLE, held.slug, "good-news")
    assert item.picture and (item.picture.alt, item.picture.credit) == (ALT, "Example Primary School")
    assert "photo-consent: email, web (Headteacher, 8 January 2025)" in (paper.root / item.source.file).read_text()
    assert press.picture(item.picture.file) is not None
    assert not [f for f in press.content.findings if f.file == item.source.file]
    assert "is in the edition of **" not in paper.letters[-1] and "Tuesday 28 January 2025" in paper.letters[-1]
    assert "Thursday 23 January 2025, noon" in paper.letters[-1]
    press.cache.close()


def test_accepting_again_changes_nothing_and_another_edition_moves_it(paper: Paper) -> None:
    held = accepted(paper, received(paper, photo_of(paper)))
    files = {file: file.read_bytes() for file in placing.files_of(paper.root, held.slug)}
    assert len(files) == 2
    again = accepted(paper, held)
    assert {file: file.read_bytes() for file in placing.files_of(paper.root, held.slug)} == files
    moved = acts.accept(paper.room, again, "weekly", date(2025, 2, 4), "staff:test")
    assert moved.slug == held.slug
    assert all("2025-02-04" in str(file) for file in placing.files_of(paper.root, held.slug))


def test_killed_between_the_file_and_the_database_it_is_simply_done_again(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = received(paper, photo_of(paper))
    with monkeypatch.context() as patch:
        patch.setattr(acts, "_act", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            accepted(paper, held)
    before = sorted(placing.files_of(paper.root, placing.place_of(held, "weekly", DAY).slug))
    assert len(before) == 2
    held = accepted(paper, held)
    assert sorted(placing.files_of(paper.root, held.slug)) == before


def test_accepting_what_somebody_else_has_just_withdrawn_leaves_no_file(paper: Paper) -> None:
    held = received(paper, photo_of(paper))
    acts.withdraw(paper.room, held, "school")
    with pytest.raises((Changed, OSError)):
        accepted(paper, held)
    assert list((paper.root / "content").glob("weekly/2025-01-28/good-news/*.md")) == []


def test_a_photo_without_consent_stays_out(paper: Paper) -> None:
    social = Consent("people", frozenset({"social"}), "Headteacher", date(2025, 1, 8))
    held = accepted(paper, received(paper, photo_of(paper, Consent()), photo_of(paper, social, "navy")))
    assert [file.suffix for file in placing.files_of(paper.root, held.slug)] == [".md"]


def test_a_childs_full_name_beside_a_face_needs_a_persons_word(paper: Paper) -> None:
    held = received(paper, photo_of(paper))
    held = acts.edit(
        paper.room, held, replace(held.story, text="Ella Sample, Year 4, drew the plan."), held.photos, "staff:test"
    )
    with pytest.raises(CannotAccept, match="full name"):
        refuse_unfit(paper.room, held, names_agreed=False)
    assert refuse_unfit(paper.room, held, names_agreed=True) == "childs-name"
    held = acts.accept(paper.room, held, "weekly", DAY, "staff:test", checked="childs-name")
    press = open_press(paper.settings, now=paper.now)
    from builder.preflight.run import check

    found = check(press.content, press.house, now=paper.now, root=paper.root, only=[f"weekly/{DAY}"])
    assert not [f for f in found if f.code == "childs-name" and f.file.endswith(f"{held.slug}.md")]
    press.cache.close()


def test_the_school_hears_at_each_step_and_once(paper: Paper) -> None:
    held = received(paper)
    held = acts.ask(paper.room, held, "Who planted them?", "staff:test")
    held = acts.answer(paper.room, held, "Year 4.")
    held = accepted(paper, held)
    paper.now = datetime(2025, 1, 28, 9, 5, tzinfo=UTC)
    assert acts.look_after(paper.room) == 0  # its page is not there yet
    paper.publish()
    assert acts.look_after(paper.room) == 1
    assert acts.look_after(paper.room) == 0
    subjects = [letter.split("\n")[0].split(" | ")[1] for letter in paper.letters]
    assert [s.split(":")[0] for s in subjects] == [
        "We have your good news",
        "A question about your good news",
        "Your good news is in the edition of Tuesday 28 January 2025",
        "Your good news is out",
    ]
    assert f"http://localhost/items/{held.slug}/" in paper.letters[-1]
    assert (paper.root / "site" / "items" / held.slug / "index.html").is_file()


def test_a_declined_story_says_why_and_its_item_goes(paper: Paper) -> None:
    held = accepted(paper, received(paper, photo_of(paper)))
    held = acts.decline(paper.room, held, "We had a garden last week.", "staff:test")
    assert held.state == "declined" and "We had a garden last week." in paper.letters[-1]
    assert list(placing.files_of(paper.root, held.slug)) == []
    assert paper.look(store.by_id, held.id).slug == ""


def test_a_withdrawn_story_is_gone_everywhere_within_a_minute(paper: Paper) -> None:
    photo = photo_of(paper)
    held = accepted(paper, received(paper, photo))
    paper.now = datetime(2025, 1, 28, 9, 5, tzinfo=UTC)
    paper.publish()
    acts.look_after(paper.room)
    held = paper.look(store.by_id, held.id)
    canary = (b"canary", ALT.encode(), TITLE.encode())
    shown = paper.anywhere(*canary, under=("content", "site"))
    assert len(shown) >= 5, shown  # its page, lists, feeds, the edition
    images = set((paper.root / "site" / "images").iterdir())
    began = time.monotonic()
    gone = acts.withdraw(paper.room, held, "school")
    assert time.monotonic() - began < 60 and gone.everywhere
    assert paper.anywhere(*canary) == []
    assert not paper.room.shelf.has(photo.name)
    left = set((paper.root / "site" / "images").iterdir())
    assert len(images - left) == 1
    assert (
        not (paper.root / "site" / "items" / held.slug / "index.html").is_file()
        or b"canary" not in (paper.root / "site" / "items" / held.slug / "index.html").read_bytes()
    )
    paper.publish()  # nothing brings it back
    assert paper.anywhere(*canary) == []
    found = paper.look(store.by_id, held.id)
    assert (found.state, found.story.text, found.photos, found.slug) == ("withdrawn", "", (), "")
    assert "is withdrawn" in paper.letters[-1]


def test_a_withdrawal_that_was_cut_off_is_finished_by_the_clock(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    held = accepted(paper, received(paper, photo_of(paper)))
    with monkeypatch.context() as patch:
        patch.setattr(acts, "_take_down", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            acts.withdraw(paper.room, held, "school")
    assert paper.anywhere(b"canary", under=("content",))
    assert acts.look_after(paper.room) == 1
    assert paper.anywhere(b"canary", under=("content",)) == []
    assert acts.look_after(paper.room) == 0


def test_the_photos_alone_can_be_taken_down(paper: Paper) -> None:
    held = accepted(paper, received(paper, photo_of(paper)))
    paper.now = datetime(2025, 1, 28, 9, 5, tzinfo=UTC)
    paper.publish()
    acts.look_after(paper.room)
    held = paper.look(store.by_id, held.id)
    images = set((paper.root / "site" / "images").iterdir())
    assert acts.take_photos_down(paper.room, held, "school").everywhere
    assert paper.anywhere(ALT.encode()) == [] and len(images - set((paper.root / "site" / "images").iterdir())) == 1
    assert "canary sings" in (paper.root / "site" / "items" / held.slug / "index.html").read_text()


def test_a_school_cannot_change_an_accepted_story_after_copy_has_closed(paper: Paper) -> None:
    from goodnews import form

    held = accepted(paper, received(paper))
    filled = replace(form.of_held(held), title="New")
    paper.now = datetime(2025, 1, 23, 12, 1, tzinfo=UTC)
    with pytest.raises(NotNow, match="Copy has closed"):
        acts.amend(paper.room, held, filled)
    paper.now = datetime(2025, 1, 23, 11, 59, tzinfo=UTC)
    changed = acts.amend(paper.room, held, filled)
    assert changed.state == "waiting" and changed.is_placed
    item = (paper.root / "content" / "weekly" / str(DAY) / "good-news" / f"{held.slug}.md").read_text()
    assert TITLE in item  # until somebody has read it again


def test_two_photos_of_two_stories_are_kept_while_either_needs_them(paper: Paper) -> None:
    photo = photo_of(paper)
    first, second = received(paper, photo), received(paper, photo, number=2, source="form:2")
    acts.withdraw(paper.room, first, "school")
    assert paper.room.shelf.has(photo.name)
    acts.withdraw(paper.room, second, "school")
    assert not paper.room.shelf.has(photo.name)


def test_in_git_whoever_accepts_signs_and_a_withdrawal_says_what_git_keeps(paper: Paper) -> None:
    put_under_git(paper.root)
    with db.writing(paper.room.engine) as connection:
        staff.add(connection, parse("eden@norfolk.example"), "editor", paper.now, name="Eden Marsh")
    held = acts.accept(paper.room, received(paper, photo_of(paper)), "weekly", DAY, "staff:eden@norfolk.example")
    told = git(paper.root, "log", "-1", "--format=%an <%ae>|%s", "--name-only").split("\n")
    assert told[0] == f"Eden Marsh <eden@norfolk.example>|Accept the story {held.reference}"
    assert {Path(name).suffix for name in told if name.startswith("content/weekly/2025-01-28/good-news/")} == {
        ".md",
        ".jpg",
    }
    acts.withdraw(paper.room, held, "school")
    assert git(paper.root, "status", "--porcelain", "content").strip() == ""
    assert (
        git(paper.root, "log", "-1", "--format=%an|%s").strip()
        == f"Norfolk County Council|Withdraw the story {held.reference}"
    )
    assert TITLE not in git(paper.root, "log", "--format=%s%b")
    with db.reading(paper.room.engine) as connection:
        (kept,) = [event.words for event in store.history(connection, held.id) if event.what == acts.IN_GIT]
    assert kept == "2"
