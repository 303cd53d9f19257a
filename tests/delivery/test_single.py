"""Tests to oneself and letters of the relationship: at once, and the truth about each."""

from __future__ import annotations

from pathlib import Path

from delivery.folder import Folder, FolderEngine
from delivery.loop.single import Posted, post
from delivery.model import Recipient, State
from delivery.smtp.relay import SmtpEngine
from tests.delivery.house import LETTERS, MAILING, SECRET, relay
from tests.delivery.servers import HANG, MailServer

READERS = [
    Recipient("1", "one@school.example", "1", {"key": "k1"}),
    Recipient("2", "two@school.example", "1", {"key": "k2"}),
]


def posted(port: int, readers: list[Recipient] = READERS, **changes: float) -> list[Posted]:
    return post(
        MAILING,
        LETTERS[0],
        readers,
        SmtpEngine(relay(port, connections=1, patience_seconds=0.1)),
        secret=SECRET,
        **changes,
    )


def test_each_gets_one_and_each_outcome_is_told(server: MailServer) -> None:
    server.script = lambda stage, s: "550 5.1.1 nobody" if stage == "RCPT" and s.recipient.startswith("two@") else None
    found = posted(server.port)
    assert [(one.recipient.subscriber, one.outcome.state) for one in found] == [
        ("1", State.ACCEPTED),
        ("2", State.FAILED),
    ]
    assert server.copies == {"one@school.example": 1}


def test_a_letter_that_cannot_be_made_or_a_server_that_is_away_is_told(server: MailServer) -> None:
    (found,) = posted(server.port, [Recipient("1", "no address", "1", {"key": "k"})])
    assert (found.outcome.state, "not an address" in found.outcome.words) == (State.FAILED, True)
    assert {(one.outcome.state, "cannot be reached" in one.outcome.words) for one in posted(1)} == {
        (State.DEFERRED, True)
    }


def test_a_server_that_hangs_does_not_keep_anybody_waiting() -> None:
    with MailServer(lambda stage, _: HANG if stage == "EHLO" else None) as server:
        assert {one.outcome.state for one in posted(server.port, seconds=0.3)} == {State.DEFERRED}


def test_a_handful_goes_to_a_folder_as_well(tmp_path: Path) -> None:
    found = post(MAILING, LETTERS[0], READERS, FolderEngine(Folder(tmp_path, "eml")), secret=SECRET)
    assert {one.outcome.state for one in found} == {State.ACCEPTED} and len(list(tmp_path.glob("*.eml"))) == 2
