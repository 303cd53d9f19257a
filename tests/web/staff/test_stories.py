"""Moderation at the desk: who may, what is shown, what each button does, and that nothing typed is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import db
from desk.goodnews import acts, mailroom
from desk.settings import load
from goodnews import store
from goodnews.model import Held
from tests.editions import ROOT
from tests.goodnews.mails import mail
from tests.goodnews.pictures import jpeg
from tests.goodnews.rooms import share_templates
from tests.web.place import URL, Place, Reader
from tests.web.stories import CONSENT, WORDS, School, hidden, problems, room_of


@pytest.fixture
def place(open_place: Callable[..., Place], tmp_path: Path) -> Place:
    """Content of its own: stories are written into it."""
    house = tmp_path / "house"
    share_templates(house)
    shutil.copytree(ROOT / "content" / "weekly" / "2025-01-21", house / "content" / "weekly" / "2025-01-21")
    for name in ("letters", "pages", "schools.csv"):
        found = ROOT / "content" / name
        (shutil.copytree if found.is_dir() else shutil.copy)(found, house / "content" / name)
    shutil.copy(ROOT / "bulletin.toml", house)
    return open_place(load(house, None, {"BULLETIN__PUBLISHER__URL": URL}))


@pytest.fixture
def editor(place: Place) -> Reader:
    return place.at_desk("editor")


def held(place: Place) -> Held:
    with db.reading(place.engine) as connection:
        (found,) = store.listed(connection)
    return found


def press(editor: Reader, story: Held, do: str, **data: str) -> object:
    there = f"/desk/stories/{story.reference}"
    return editor.post(there, {"do": do, "version": str(story.version), **data})


WHERE = "weekly/2025-01-28"


def test_the_queue_shows_what_waits_with_what_the_checks_found(place: Place, editor: Reader) -> None:
    School(place).send_one()
    mailroom.take(room_of(place), mail(pictures=[jpeg(400, 300, "navy")]))
    page = editor.get("/desk/stories").text
    assert page.count("story-card") == 2
    assert "Consent missing" in page and "Sent before?" in page and "To decide (2)" in page
    story = editor.get(f"/desk/stories/{held_by(place, 'form').reference}")
    assert "much like this one" in story.text and "Example Person" in story.text


def held_by(place: Place, door: str) -> Held:
    with db.reading(place.engine) as connection:
        return next(each for each in store.listed(connection) if each.door == door)


def test_a_story_is_edited_and_accepted_in_one_press_and_the_record_says_by_whom(place: Place, editor: Reader) -> None:
    link = School(place).send_one()
    story = held(place)
    answer = press(
        editor, story, "accept", where=WHERE, title="Six beds", school="Example Primary School", text="We **dug**."
    )
    assert answer.status_code == 303  # type: ignore[attr-defined]
    found = held(place)
    item = place.settings.root / "content" / "weekly" / "2025-01-28" / "good-news" / f"{found.slug}.md"
    assert "title: Six beds" in item.read_text() and "We **dug**." in item.read_text()
    assert found.state == "accepted" and "Tuesday 28 January 2025" in place.mail[-1].subject
    assert place.mail[-1].link("send-good-news") == link
    done = [row for row in place.everything()["act"] if "story" in str(row)]
    assert len(done) == 2 and all("editor@norfolk.example" in str(row) for row in done)
    assert "It is in the edition of Tuesday 28 January 2025" in place.reader().get(link).text


def test_two_who_decide_at_once_are_told_and_keep_what_they_typed(place: Place, editor: Reader) -> None:
    School(place).send_one()
    story = held(place)
    press(editor, story, "save", title="First")
    answer = press(editor, story, "save", title="Second")
    assert answer.status_code == 409 and 'value="Second"' in answer.text and problems(answer) == ["version"]  # type: ignore[attr-defined, arg-type]
    assert held(place).story.title == "First"


@pytest.mark.parametrize(
    ("do", "data", "field"),
    [
        ("accept", {"where": "weekly/2031-01-01"}, "where"),
        ("accept", {"where": WHERE, "title": ""}, "title"),
        ("accept", {"where": WHERE, "school": " "}, "school"),
        ("accept", {"where": WHERE, "alt-1": "IMG_2031.jpg"}, "alt-1"),
        ("accept", {"where": WHERE, "text": "Ella Sample, Year 4, drew it."}, "names"),
        ("ask", {"question": " "}, "question"),
        ("decline", {"reason": ""}, "reason"),
        ("withdraw", {}, "sure"),
    ],
)
def test_each_fault_is_told_at_its_field_and_nothing_is_done(
    place: Place, editor: Reader, do: str, data: dict[str, str], field: str
) -> None:
    School(place).send_one()
    if do == "withdraw":
        acts.accept(room_of(place), held(place), "weekly", next_day(), "staff:test")
    answer = press(editor, held(place), do, **data)
    assert answer.status_code == 422 and problems(answer) == [field], answer.text  # type: ignore[attr-defined, arg-type]
    assert held(place).state in ("waiting", "accepted")


def next_day() -> object:
    from datetime import date

    return date(2025, 1, 28)


def test_a_question_a_no_and_a_withdrawal_reach_the_school(place: Place, editor: Reader) -> None:
    School(place).send_one()
    press(editor, held(place), "ask", question="Who planted them?")
    assert "Who planted them?" in place.mail[-1].text and held(place).state == "asked"
    press(editor, held(place), "decline", reason="We had a garden last week.")
    assert "We had a garden last week." in place.mail[-1].text and held(place).state == "declined"
    press(editor, held(place), "accept", where=WHERE)
    assert held(place).state == "accepted"  # whoever said no may think again
    press(editor, held(place), "withdraw", sure="yes")
    assert held(place).state == "withdrawn" and held(place).slug == ""
    assert not list((place.settings.root / "content" / "weekly" / "2025-01-28" / "good-news").glob("*.md"))


def test_the_preview_shows_the_story_as_it_is_typed_in_its_edition_and_writes_nothing(
    place: Place, editor: Reader
) -> None:
    School(place).send_one()
    there = f"/desk/stories/{held(place).reference}"
    shown = editor.get(f"{there}/preview?where=weekly/2025-01-28")
    assert "A garden of our own" in shown.text and 'id="story"' in shown.text and "data:image/jpeg" in shown.text
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    typed = editor.post(f"{there}/preview", {"where": WHERE, "title": "Typed <script>alert(1)</script>"}, form=there)
    assert "Typed &lt;script&gt;" in typed.text and "<script>" not in typed.text
    assert held(place).story.title == WORDS["title"]
    assert not (place.settings.root / "content" / "weekly" / "2025-01-28").exists()
    assert editor.get(f"{there}/preview?where=weekly/1999-01-01").status_code == 404


def test_photos_are_shown_to_staff_only(place: Place, editor: Reader) -> None:
    School(place).send_one()
    there = f"/desk/stories/{held(place).reference}/photo/1"
    assert editor.get(there).mimetype == "image/jpeg"
    assert editor.get(f"{there}?size=web").status_code == 200
    assert place.reader().get(there).status_code == 303
    assert place.at_desk("writer").get(there).status_code == 403
    assert editor.get(there.replace("/1", "/2")).status_code == 404


def test_what_was_set_aside_is_listed_with_its_reason(place: Place, editor: Reader) -> None:
    School(place).upload((b"<svg/>", "<script>alert(1)</script>.svg"))
    mailroom.take(room_of(place), mail(Auto_Submitted="auto-replied", subject="<b>Out</b> of office"))
    page = editor.get("/desk/stories/set-aside").text
    assert "out-of-office" in page and "no JPEG" in page and "<b>Out" not in page and "<script>alert" not in page


def test_a_long_queue_is_quick_to_look_through(place: Place, editor: Reader) -> None:
    import time

    from goodnews.model import Received
    from tests.goodnews.conftest import received

    for number in range(120):
        found: Received = received(number)
        acts.receive(room_of(place), found, "waiting")
    began = time.process_time()
    page = editor.get("/desk/stories")
    assert time.process_time() - began < 1
    assert page.text.count("story-card") == 50 and "from=50" in page.text
    assert len(page.data) < 100_000


def test_an_unknown_act_or_story_is_refused(place: Place, editor: Reader) -> None:
    School(place).send_one()
    assert press(editor, held(place), "burn").status_code == 400  # type: ignore[attr-defined]
    assert editor.get("/desk/stories/GN-XXXXXX").status_code == 404


def test_the_consent_of_a_photo_is_not_the_desks_to_give(place: Place, editor: Reader) -> None:
    mailroom.take(room_of(place), mail(pictures=[jpeg(400, 300, "navy")]))
    press(editor, held(place), "save", **{"alt-1": "A plan.", "people-1": "nobody", "channels-1": "email"})
    (photo,) = held(place).photos
    assert photo.alt == "A plan." and photo.consent.given == frozenset()
    press(editor, held(place), "accept", where=WHERE)
    assert not list((place.settings.root / "content").rglob(f"*{held(place).slug}*.jpg"))


def test_a_school_completes_what_came_by_mail(place: Place, editor: Reader) -> None:
    mailroom.take(room_of(place), mail(pictures=[jpeg(400, 300, "navy")]))
    link, school = place.mail[-1].link("send-good-news"), School(place)
    page = school.reader.get(f"{link}/change")
    fields = {**WORDS, **CONSENT, "kept": hidden(page, "kept"), "version": "1", "go": "save"}
    assert school.reader.post(f"{link}/change", fields).status_code == 303
    assert held(place).state == "waiting" and held(place).photos[0].consent.given == {"email", "web"}
