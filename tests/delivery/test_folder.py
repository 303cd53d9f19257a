"""The other engine: files that a mail program opens."""

from __future__ import annotations

import email
import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from delivery.folder import Folder, FolderEngine
from delivery.ledger.sending import Ledger
from delivery.loop.run import Summary, send
from tests.delivery.house import terms

Listed = Callable[[int], int]


def put(database: Engine, mailing: int, folder: Folder) -> Summary:
    with Ledger(database, mailing) as ledger:
        return send(ledger, FolderEngine(folder), terms())


def test_a_maildir_holds_each_readers_letter_once(database: Engine, tmp_path: Path, listed: Listed) -> None:
    mailing = listed(25)
    folder = Folder(tmp_path / "mail")
    assert put(database, mailing, folder).is_good
    assert put(database, mailing, folder).counts.accepted == 25
    box = mailbox.Maildir(tmp_path / "mail", create=False)
    assert sorted(str(message["Delivered-To"]) for message in box) == sorted(
        f"reader{n}@school{n % 7}.example" for n in range(25)
    )
    box.close()


def test_eml_files_are_whole_messages(database: Engine, tmp_path: Path, listed: Listed) -> None:
    put(database, listed(4), Folder(tmp_path / "out", "eml"))
    files = sorted((tmp_path / "out").glob("*.eml"))
    assert len(files) == 4
    assert all(email.message_from_bytes(file.read_bytes())["Subject"] == "Weekly update" for file in files)
    assert not list((tmp_path / "out").glob(".*"))


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_lost(
    database: Engine, tmp_path: Path, listed: Listed
) -> None:
    (tmp_path / "file").write_text("in the way")
    summary = put(database, listed(3), Folder(tmp_path / "file" / "mail"))
    assert summary.ended == "broken" and "cannot be made" in summary.problem
    assert summary.counts.queued == 3


@pytest.mark.parametrize("form", ["maildir", "eml"])
def test_a_letter_in_doubt_is_found_by_its_name(tmp_path: Path, form: str) -> None:
    folder = Folder(tmp_path, form)
    assert not folder.has("weekly-1")
    place = folder.place("weekly-1")
    place.parent.mkdir(exist_ok=True)
    place.touch()
    assert folder.has("weekly-1")
