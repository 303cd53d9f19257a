"""The stories' mailbox: what schools send becomes a story once, whatever else comes is set aside, and no two machines talk for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from delivery.returning.mailboxes import opened
from desk.goodnews import acts, mailroom
from desk.goodnews.rounds import maildir, read_mailbox
from goodnews import arrivals, store
from tests.databases import open_migrated
from tests.goodnews.mails import BOUNCE, mail
from tests.goodnews.pictures import jpeg
from tests.goodnews.rooms import Paper, make_paper


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    engine = open_migrated(tmp_path / "bulletin.db")
    yield make_paper(tmp_path / "house", engine)
    engine.dispose()


def test_a_mail_with_a_photo_becomes_a_story_that_asks_for_what_is_missing(paper: Paper) -> None:
    assert mailroom.take(paper.room, mail(pictures=[jpeg(300, 300)])) == "story"
    (held,) = paper.stories
    assert (held.state, held.door, held.story.school) == ("asked", "mail", "Example Primary School")
    assert held.contact.address == "office@example-primary.example"
    assert len(held.photos) == 1 and held.photos[0].consent.given == frozenset()
    (letter,) = paper.letters
    assert letter.startswith("office@example-primary.example | One more thing about your good news")
    assert "what each photo shows and for each photo, whether anybody" in letter and paper.room.link(held) in letter


def test_a_mail_without_photos_from_a_known_school_simply_waits(paper: Paper) -> None:
    assert mailroom.take(paper.room, mail()) == "story"
    (held,) = paper.stories
    assert held.state == "waiting" and "We have your good news" in paper.letters[0]


def test_a_school_that_cannot_be_told_is_asked_for(paper: Paper) -> None:
    mailroom.take(paper.room, mail(sender="a.teacher@mail.example"))
    assert paper.stories[0].state == "asked" and "the name of your school" in paper.letters[0]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (BOUNCE, "bounce"),
        (mail(Auto_Submitted="auto-replied", subject="Out of office"), "automatic"),
        (mail("I am out of the office until Monday.", subject="Automatic reply: We have your good news"), "automatic"),
        (mail(sender="Us <together@norfolk.example>"), "loop"),
        (mail(List_Id="<x.y>"), "list"),
        (b"\xff\xfe nonsense", "no-sender"),
    ],
    ids=["bounce", "auto", "out of office", "loop", "list", "nonsense"],
)
def test_what_no_school_wrote_is_set_aside_and_never_answered(paper: Paper, raw: bytes, reason: str) -> None:
    assert mailroom.take(paper.room, raw) == "set-aside"
    assert paper.stories == [] and paper.letters == []
    assert [aside.reason for aside in paper.look(arrivals.set_aside)] == [reason]


def test_an_answer_goes_to_its_story_and_gets_no_answer(paper: Paper) -> None:
    mailroom.take(paper.room, mail())
    held = acts.ask(paper.room, paper.stories[0], "Who planted them?", "staff:test")
    reply = mail(f"Year 4.\n\n> reference {held.reference}", subject="Re: A question", number="2", In_Reply_To="<x@y>")
    before = len(paper.letters)
    assert mailroom.take(paper.room, reply) == "answer"
    assert paper.look(store.by_id, held.id).state == "waiting"
    assert paper.look(store.history, held.id)[-1].words == "Year 4."
    other = mail(f"Ha.\n> {held.reference}", sender="x@evil.example", number="3", In_Reply_To="<x@y>")
    assert mailroom.take(paper.room, other) == "set-aside"
    assert len(paper.letters) == before


def test_two_machines_do_not_talk_for_ever(paper: Paper) -> None:
    """A program that answers every letter, without saying that it is one."""
    for number in range(30):
        mailroom.take(paper.room, mail(f"Thank you for your mail {number}.", subject="Thank you", number=str(number)))
    assert len(paper.letters) == len(paper.stories) == mailroom.MOST_A_DAY
    assert paper.look(arrivals.set_aside)[0].reason == "too-many"


def test_the_mailbox_is_read_and_each_mail_counts_once(paper: Paper) -> None:
    box = maildir(paper.root / "var" / "stories")
    for number, raw in enumerate([mail(number="1"), mail(number="1"), mail(number="2", subject="Other"), BOUNCE]):
        (box / "new" / f"{number}.mail").write_bytes(raw)
    assert read_mailbox(paper.room, "var/stories") == {"story": 2, "again": 1, "set-aside": 1}
    assert read_mailbox(paper.room, "var/stories") == {}
    assert len(paper.stories) == 2 and not list((box / "new").iterdir())


class Killed(Exception):
    pass


def test_killed_between_any_two_steps_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path, database: Engine) -> None:
    """At each statement, each commit and each ticking-off in turn; then the mailbox is read once more. Both databases."""
    paper = make_paper(tmp_path / "house", database)
    box = maildir(paper.root / "var" / "stories")
    counted, limit = [0], [0]

    def step(*_: Any) -> None:
        counted[0] += 1
        if limit[0] and counted[0] == limit[0]:
            raise Killed

    event.listen(paper.engine, "before_cursor_execute", step)
    event.listen(paper.engine, "commit", step)
    steps = 0
    for number in range(1, 200):
        (box / "new" / "one").write_bytes(
            mail(number=f"kill-{number}", sender=f"office{number}@example-primary.example")
        )
        counted[0], limit[0] = 0, number
        try:
            with opened(str(box)) as stream:
                mailroom.take_mail(paper.room, stream)
        except Killed:
            steps += 1
            limit[0] = 0
            read_mailbox(paper.room, str(box))
        else:
            limit[0] = 0
            break
        finally:
            limit[0] = 0
    paper.room.writer.sending.hurry()  # whoever carries letters comes by again
    assert steps >= 8
    assert len(paper.stories) == steps + 1
    titles = [letter for letter in paper.letters if "We have your good news" in letter]
    assert len({letter.split(" | ")[0] for letter in titles}) == len(titles) == steps + 1
