"""Calendar, settings, people and the record: what administrators change, and what nobody can."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

import db
from desk import changing
from desk.settings import Settings
from desk.web.staff import looks
from tests.editions import ROOT
from tests.web.place import Place, Reader, make_house

WEEKLY = "/desk/settings/bulletins/weekly"
SHOWN = {
    "strapline": "For everyone who works with Norfolk's children and young people",
    "sender": "",
    "why": "You get this because you subscribe to the weekly update from Norfolk County Council's Children's Services.",
    "weekday": "Tuesday",
    "at": "9am",
    "days-before": "5",
    "cut-off-at": "noon",
    "asks": "yes",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped house, with a bulletin.toml of its own to write to."""
    folder = tmp_path / "house"
    folder.mkdir()
    shutil.copy(ROOT / "bulletin.toml", folder)
    return make_house(folder)


@pytest.fixture
def own(open_place: Callable[..., Place], settings: Settings) -> Place:
    return open_place(settings)


def asked_and_said_yes(reader: Reader, path: str, filled: dict[str, str]) -> int:
    """Through the page that shows the difference."""
    page = reader.post(path, filled)
    assert page.status_code == 200, page.text
    mark = page.text.partition('name="mark" value="')[2].partition('"')[0]
    return reader.post(path, {**filled, "mark": mark}).status_code


# --- settings --------------------------------------------------------------------------------------------------------


def test_a_setting_is_shown_as_a_difference_then_written_and_nothing_else_is_touched(own: Place) -> None:
    before = own.settings.file.read_text()
    admin = own.at_desk()
    changed = {**SHOWN, "strapline": 'News, "weekly"', "days-before": "4", "at": "10.30am"}
    page = admin.post(WEEKLY, changed).text
    assert "at = 10:30:00" in page and own.settings.file.read_text() == before, "shown first"
    assert asked_and_said_yes(admin, WEEKLY, changed) == 303
    after = own.settings.file.read_text().splitlines()
    differ = [line for line in after if line not in before.splitlines()]
    assert differ == [
        r'strapline = "News, \"weekly\""',
        "at = 10:30:00",
        "cut-off = { days-before = 4, at = 12:00:00 }  # Thursday noon",
    ]
    assert "News, &#34;weekly&#34;" in admin.get("/desk/settings").text
    assert "changed settings" in admin.get("/desk/settings/record").text


def test_the_pages_follow_a_change_without_a_restart(own: Place) -> None:
    asked_and_said_yes(own.at_desk(), WEEKLY, {**SHOWN, "weekday": "Friday"})
    page = own.at_desk("writer").get("/desk/calendar").text
    assert "Friday 31 January 2025" in page and "Tuesday 28 January 2025" not in page


def test_a_word_a_colour_and_a_page_of_the_desk_follow_their_files_without_a_restart(
    own: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.0)
    here, folder = own.at_desk("writer"), own.settings.root / "templates" / "desk"
    assert "Calendar</h1>" in here.get("/desk/calendar").text
    for place in ("words", "static"):
        (folder / place).mkdir(parents=True)
    (folder / "words" / "house.toml").write_text('[titles]\ncalendar = "Our year"\n')
    (folder / "static" / "desk.css").write_text("body { color: teal }")
    page = here.get("/desk/calendar").text
    assert "Our year</h1>" in page and here.get("/desk/static/desk.css").text == "body { color: teal }"
    (folder / "words" / "house.toml").write_text("[titles\n")
    assert "Our year</h1>" in here.get("/desk/calendar").text, "what cannot be read changes nothing"


def test_the_councils_sign_in_appears_and_goes_with_its_settings(own: Place) -> None:
    stranger, file = own.reader(), own.settings.file
    before = file.read_text()
    assert "Sign in with Norfolk" not in stranger.get("/desk/sign-in").text
    file.write_text(f'{before}\n[desk.openid]\nissuer = "https://login.example/x"\nclient-id = "1"\nname = "Norfolk"\n')
    assert "Sign in with Norfolk" in stranger.get("/desk/sign-in").text
    file.write_text(f'{before}\n[desk.openid]\nissuer = "http://login.example/x"\nclient-id = "1"\n')
    assert "Sign in with Norfolk" in stranger.get("/desk/sign-in").text, "what is wrong changes nothing"
    file.write_text(before)
    assert "Sign in with Norfolk" not in stranger.get("/desk/sign-in").text


@pytest.mark.parametrize(
    ("field", "typed"), [("weekday", "Yesterday"), ("at", "dawn"), ("days-before", "five"), ("cut-off-at", "25:00")]
)
def test_what_is_no_value_is_told_at_its_field(own: Place, field: str, typed: str) -> None:
    refused = own.at_desk().post(WEEKLY, {**SHOWN, field: typed})
    assert refused.status_code == 422 and f'href="#{field}"' in refused.text
    assert field == "weekday" or f'value="{typed}"' in refused.text, "what was typed is not lost"


def test_what_the_settings_reader_refuses_is_never_written(own: Place) -> None:
    before = own.settings.file.read_bytes()
    page = own.at_desk().post(WEEKLY, {**SHOWN, "days-before": "99"})
    assert page.status_code == 422 and "must be 0 to 60" in page.text
    assert own.settings.file.read_bytes() == before
    assert not list(own.settings.root.glob(".bulletin.toml.*"))


def test_two_who_change_at_once_the_second_sees_it_anew(own: Place) -> None:
    admin, filled = own.at_desk(), {**SHOWN, "strapline": "Mine"}
    mark = admin.post(WEEKLY, filled).text.partition('name="mark" value="')[2].partition('"')[0]
    with own.settings.file.open("a") as file:
        file.write("# somebody else was here\n")
    again = admin.post(WEEKLY, {**filled, "mark": mark})
    assert again.status_code == 409 and "Somebody changed the settings" in again.text
    assert "Mine" not in own.settings.file.read_text()


def test_what_the_environment_says_cannot_be_changed_here(open_place: Callable[..., Place], settings: Settings) -> None:
    fixed = make_house(settings.root, more={"BULLETIN__BULLETINS__WEEKLY__STRAPLINE": "From outside"})
    admin = open_place(fixed).at_desk()
    assert 'readonly="True"' in admin.get(WEEKLY).text
    assert "nothing-changed" in admin.post(WEEKLY, {**SHOWN, "strapline": "Mine"}).location


def test_a_term_is_added_at_its_place_and_its_editions_are_in_the_calendar(own: Place) -> None:
    admin = own.at_desk()
    filled = {"name": "Autumn term 2025", "first": "4 September 2025", "last": "2025-12-19"}
    assert admin.post("/desk/calendar/term", {**filled, "break-first": "soon"}).status_code == 422
    both = {**filled, "break-first": "27 October 2025", "break-last": "31 October 2025"}
    assert asked_and_said_yes(admin, "/desk/calendar/term", both) == 303
    term = tomllib.loads(own.settings.file.read_text())["calendar"]["terms"][-1]
    assert term["name"] == "Autumn term 2025" and term["breaks"][0]["name"] == "Half-term"
    page = admin.get("/desk/calendar").text
    assert "Tuesday 9 September 2025" in page and "Tuesday 28 October 2025" not in page


def test_the_whole_shipped_file_goes_through_unchanged(settings: Settings) -> None:
    proposal = changing.propose(settings, {("bulletins", "weekly", "name"): "Together: weekly update"})
    assert not proposal.changes and not proposal.mistakes
    added = changing.propose(settings, {("delivery", "approval"): True})
    assert [line for line in added.difference if line[0] == "+"][-2:] == [("+", "[delivery]"), ("+", "approval = true")]


def test_a_write_that_is_killed_leaves_the_old_file(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    proposal = changing.propose(settings, {("bulletins", "weekly", "strapline"): "New"})
    before = settings.file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        changing.write(settings, proposal)
    assert settings.file.read_bytes() == before


def test_the_calendar_is_a_file_for_calendar_programmes(place: Place) -> None:
    answer = place.at_desk("writer").get("/desk/calendar/editions.ics")
    assert answer.mimetype == "text/calendar"
    assert "UID:ics-closes-weekly-2025-01-28@norfolk.example" in answer.text
    assert "DTSTART:20250123T120000Z" in answer.text


# --- people ----------------------------------------------------------------------------------------------------------


def test_whoever_is_let_in_gets_a_letter_comes_in_and_may_what_their_role_may(place: Place) -> None:
    admin = place.at_desk()
    people = "/desk/settings/people"
    assert admin.post(f"{people}/add", {"address": "new", "role": "boss"}, form=people).status_code == 422
    admin.post(f"{people}/add", {"address": "new@norfolk.example", "name": "New", "role": "writer"}, form=people)
    again = admin.post(f"{people}/add", {"address": "NEW@norfolk.example", "role": "editor"}, form=people)
    assert "works here already" in again.text
    newcomer = place.reader()
    assert newcomer.post(place.mail_to("new@norfolk.example")[0].link("sign-in")).status_code == 303
    assert newcomer.get("/desk").status_code == 200 and newcomer.get("/desk/subscribers").status_code == 403
    number = admin.get(people).text.partition(">New</h2>")[0].rpartition('id="who-')[2].partition('"')[0]
    admin.post(f"{people}/{number}/role", {"role": "editor"}, form=people)
    assert newcomer.get("/desk/subscribers").status_code == 200, "a role counts from the next press"
    admin.post(f"{people}/{number}/disable", form=people)
    assert newcomer.get("/desk").status_code == 303, "a session dies with its owner's place (W16)"
    admin.post(f"{people}/{number}/enable", form=people)
    assert newcomer.get("/desk").status_code == 303


def test_the_only_administrator_cannot_lock_themselves_out(place: Place) -> None:
    admin, people = place.at_desk(), "/desk/settings/people"
    for deed in ("disable", "role"):
        refused = admin.post(f"{people}/1/{deed}", {"role": "writer"}, form=people)
        assert refused.status_code == 409 and "only administrator" in refused.text
    assert admin.get(people).status_code == 200


def test_the_record_says_who_did_what_and_cannot_be_changed(place: Place) -> None:
    admin = place.at_desk(name="Ada <b>")
    admin.post("/desk/you", {"name": "Ada <i>"})
    page = admin.get("/desk/settings/record").text
    assert "changed their own name to Ada &lt;i&gt;" in page and "<i>" not in page
    place.at_desk("writer").get("/desk/settings/people")
    page = admin.get("/desk/settings/record").text
    assert "was refused at people, which asks for administrator" in page
    for statement in ("UPDATE act SET actor = 'x'", "DELETE FROM act"):
        with pytest.raises(DatabaseError, match="stays written"), db.writing(place.engine) as connection:
            connection.execute(text(statement))


def test_every_act_and_every_notice_that_a_view_names_has_words() -> None:
    import re

    from desk.web.staff.looks import read_words

    words = read_words((ROOT / "templates",))
    sources = "\n".join(file.read_text() for file in (ROOT / "desk" / "web" / "staff").glob("*.py"))
    done = set(re.findall(r'done="([a-z-]+)"', sources))
    acts = set(re.findall(r'record\(\s*(?:(?:own|connection), (?:who\.actor|DOOR), )?"([a-z-]+)"', sources))
    problems = set(re.findall(r'Problem\("[a-z-]+", "([a-z-]+)"\)', sources))
    assert done and acts and problems
    assert done <= words["notices"].keys()
    assert acts <= words["acts"].keys()
    assert problems <= words["problems"].keys()
