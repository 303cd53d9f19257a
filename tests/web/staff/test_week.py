"""The week at a glance, from an empty house to the evening after the send."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from desk.building import chosen_editions
from desk.mailing.office import open_office
from desk.mailing.planning import approve, plan
from desk.settings import Settings
from desk.trying import living
from tests.web.place import Place, make_house


def test_an_editor_sees_what_is_next_what_is_missing_and_who_must_do_what(
    open_alive: Callable[..., Place], alive: tuple[Settings, datetime]
) -> None:
    page = open_alive().at_desk("editor").get("/desk").text
    for said in (
        "Tuesday 21 January 2025",
        "Copy closes tomorrow",
        "in 6 days",
        "Say yes or no to 2 stories from schools",
        "Mend 2 things that stop Together: weekly update",
        "Finish a draft",
        "Being written",
        "1 row of an old list",
        "32 readers",
    ):
        assert said in page, said
    assert page.index("Finish a draft") < page.index("Waiting for others") < page.index("Decide about a row")
    assert page.count('class="outcome"') == 1 and "Came back afterwards" in page


def test_what_is_done_is_no_task_any_more(open_alive: Callable[..., Place], alive: tuple[Settings, datetime]) -> None:
    settings, now = alive
    for name in living.BEING_WRITTEN:
        (settings.root / "content" / "weekly" / living.COMING / name).unlink()
    sender = open_alive().at_desk("sender")
    page = sender.get("/desk").text
    assert "Ready to approve" in page and "Read and approve" in page and "Mend" not in page
    with open_office(settings, now) as office:
        (edition,) = chosen_editions(office.press, "weekly", living.SENT.replace(day=21))
        approve(office, edition)
        page = sender.get("/desk").text
        assert "Approved" in page and "Schedule Together: weekly update" in page
        plan(office, edition, None)
    page = sender.get("/desk").text
    assert "Scheduled" in page and "Schedule Together" not in page


def test_a_broken_house_is_told_with_file_and_line_and_the_rest_of_the_desk_goes_on(
    open_alive: Callable[..., Place], alive: tuple[Settings, datetime]
) -> None:
    settings, _ = alive
    admin = open_alive().at_desk()
    broken = settings.root / "content" / "weekly" / living.COMING / "edition.md"
    broken.write_bytes(b"---\nsubject: Half a fi\xff")
    page = admin.get("/desk")
    assert page.status_code == 200 and "content/weekly/2025-01-21/edition.md" in page.text and "UTF-8" in page.text
    assert admin.get("/desk/settings/people").status_code == 200
    settings.file.write_text("nonsense = [")
    assert admin.get("/desk/settings").status_code == 200, "the last good settings count"


def test_a_new_house_shows_the_first_steps(open_place: Callable[..., Place], tmp_path: Path) -> None:
    page = open_place().at_desk().get("/desk").text
    assert "First steps" in page and "Nothing has been sent yet" in page and "Let your colleagues in" in page
    folder = tmp_path / "empty"
    shutil.copytree(living.ROOT / "content" / "letters", folder / "content" / "letters")
    page = open_place(make_house(folder)).at_desk().get("/desk")
    assert page.status_code == 200 and "Not begun" in page.text
