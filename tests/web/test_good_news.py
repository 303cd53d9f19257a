"""Schools send stories: what is typed and uploaded is never lost, what is not fit is refused with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

import db
from desk.settings import SettingsError
from desk.web.goodnews import uploads
from goodnews import arrivals, photos, store
from tests.goodnews.payloads import SCRIPTS
from tests.goodnews.pictures import jpeg, telling
from tests.web.place import Place, make_house
from tests.web.stories import CONSENT, WORDS, School, heading, hidden, problems, room_of


@pytest.fixture(scope="module")
def house_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No archive is needed here, and var/photos is this module's own."""
    return tmp_path_factory.mktemp("good-news-house")


@pytest.fixture
def school(place: Place) -> School:
    return School(place)


class Alive(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("svg", "iframe", "object", "math") or (
            tag == "script" and "good-news.js" not in str(given.get("src"))
        ):
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on")]


def alive(html: str) -> list[str]:
    """Every script of a page that is not ours, and every handler."""
    parser = Alive()
    parser.feed(html.replace('type="application/ld+json"', ""))
    return parser.found


def held(place: Place, link: str) -> store.Held:
    with db.reading(place.engine) as connection:
        found = store.by_token(connection, link.rpartition("/")[2])
    assert found is not None
    return found


def test_a_mistake_in_the_settings_is_told_before_anything_is_served(
    open_place: Callable[..., Place], house_folder: Path
) -> None:
    with pytest.raises(SettingsError, match=r"contact-days must be a whole number of days, 1 or more, and is 0"):
        open_place(make_house(house_folder, more={"BULLETIN__GOODNEWS__CONTACT_DAYS": "0"}))


def test_a_story_with_a_photo_arrives_whole_and_its_school_gets_a_letter(school: School) -> None:
    link = school.send(telling())
    story = held(school.place, link)
    assert (story.state, story.door, story.story.title) == ("waiting", "form", WORDS["title"])
    assert story.story.text == "In September it was a car park.\n\nNow there are six beds."
    assert (story.contact.name, story.contact.address) == (WORDS["name"], WORDS["address"])
    (photo,) = story.photos
    assert photo.consent.given == {"email", "web"} and photo.alt == CONSENT["alt-1"]
    (mail,) = school.place.mail_to(str(WORDS["address"]))
    assert mail.subject == "We have your good news: A garden of our own"
    assert mail.link("send-good-news") == link and story.reference in mail.text
    page = school.reader.get(link)
    assert page.status_code == 200 and story.reference in page.text and "<p>Now there are six beds.</p>" in page.text


def test_each_fault_is_told_at_once_and_nothing_that_was_typed_or_uploaded_is_lost(school: School) -> None:
    answer = school.upload((jpeg(), "a.jpg"), title="", text="")
    assert answer.status_code == 422 and problems(answer) == ["title", "text"]
    answer = school.upload((jpeg(), "a.jpg"), (b"no photo", "b.jpg"), title="", address="office")
    assert problems(answer) == ["title", "photos", "address"], "a bad file hides no other fault"
    assert WORDS["summary"] in answer.text and len(hidden(answer, "kept")) == 1
    answer = school.step("words", {"kept": hidden(answer, "kept")})
    assert heading(answer) == "About your photos" and problems(answer) == []
    answer = school.step("photos", {"kept": hidden(answer, "kept"), "alt-1": "photo.jpg"})
    assert answer.status_code == 422 and problems(answer) == ["alt-1", "people-1"]
    answer = school.step("photos", {**CONSENT, "kept": hidden(answer, "kept")})
    assert heading(answer) == "Look at it once more, then send it"
    assert hidden(answer, "text") == [str(WORDS["text"])]


def test_sent_twice_is_one_story(school: School) -> None:
    answer = school.upload()
    again = {"go": "send", "draft": hidden(answer, "draft")[0]}
    first, second = (school.step("check", again) for _ in range(2))
    assert first.location == second.location
    assert len(school.place.mail) == 1
    assert len(school.place.everything()["story"]) == 1


def test_the_pages_say_which_edition_it_will_make(school: School) -> None:
    page = school.reader.get("/send-good-news")
    assert "Thursday 23 January 2025, noon" in page.text and "Tuesday 28 January 2025" in page.text
    school.place.clock.at += timedelta(days=1, hours=4)
    assert "Tuesday 4 February 2025" in school.reader.get("/send-good-news").text


def test_a_school_is_offered_from_the_list_and_named_as_the_list_has_it(school: School) -> None:
    assert '<option value="Example Primary School">' in school.reader.get("/send-good-news").text
    school.words["school"] = "example  primary school"
    assert held(school.place, school.send()).story.school == "Example Primary School"
    school.words["school"] = "A School That Nobody Has Listed"
    assert held(school.place, school.send()).story.school == school.words["school"]


def test_a_childs_full_name_beside_a_face_needs_an_adults_word(school: School) -> None:
    school.words["text"] = "Ella Sample, Year 4, drew the plan."
    kept = {"kept": hidden(school.upload((jpeg(), "a.jpg")), "kept")}
    answer = school.step("photos", {**CONSENT, **kept})
    assert (answer.status_code, problems(answer)) == (422, ["agreed"])
    answer = school.step("photos", {**CONSENT, **kept, "agreed": "yes", "agreed-by": ""})
    assert problems(answer) == ["agreed"]
    answer = school.step("photos", {**CONSENT, **kept, "agreed": "yes", "agreed-by": "Headteacher"})
    assert heading(answer).startswith("Look at it")
    answer = school.step("photos", {**kept, "alt-1": "A plan of a garden.", "people-1": "nobody"})
    assert heading(answer).startswith("Look at it")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a photo that we can use"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(99), "HEIC"),
        (bytes(300_001), "larger than 15 MB"),
        (jpeg(100, 100), "very small"),
        (jpeg()[:5_000], "damaged"),
    ],
    ids=["svg", "heic", "bytes", "small", "cut"],
)
def test_a_file_that_is_no_fit_photo_is_refused_with_a_reason_the_others_stay_and_staff_see_it(
    school: School, raw: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (uploads, photos):
        monkeypatch.setattr(module, "MOST_BYTES", 300_000)
    answer = school.upload((jpeg(), "good.jpg"), (raw, "../../<script>.jpg"))
    assert answer.status_code == 422 and problems(answer) == ["photos"] and words in answer.text
    assert len(hidden(answer, "kept")) == 1 and "<script>." not in answer.text
    with db.reading(school.place.engine) as connection:
        (aside,) = arrivals.set_aside(connection)
    assert aside.door == "form" and aside.reason.startswith("photo-")


def test_more_than_four_photos_are_not_kept(school: School) -> None:
    colours = ("red", "green", "blue", "navy", "olive")
    answer = school.upload(*((jpeg(300, 300, colour), "x.jpg") for colour in colours))
    assert len(hidden(answer, "kept")) == 4 and "more than four photos" in answer.text


def test_an_upload_that_is_too_large_is_not_even_read(school: School) -> None:
    answer = school.reader.client.post(
        "/send-good-news", environ_overrides={"CONTENT_LENGTH": str(uploads.MOST_UPLOAD + 1)}
    )
    assert answer.status_code == 413 and heading(answer) == "Those photos are too large" and "had 42 MB" in answer.text
    for path in ("/subscribe", "/send-good-news/x/answer", "/send-good-news/x/withdraw"):
        answer = school.reader.post(path, {"x": "y" * 70_000}, form="/send-good-news")
        assert answer.status_code in (404, 405, 413), path


def test_a_photo_is_shown_to_the_browser_that_sent_it_and_to_no_other(school: School) -> None:
    (kept,) = hidden(school.upload((jpeg(), "a.jpg")), "kept")
    assert school.reader.get(f"/send-good-news/photo/{kept}").mimetype == "image/jpeg"
    assert school.place.reader().get(f"/send-good-news/photo/{kept}").status_code == 404
    for bad in ("x", kept[:-1], "..%2f..%2fbulletin.toml", f"{kept}.x"):
        assert school.reader.get(f"/send-good-news/photo/{bad}").status_code == 404
    stranger = School(school.place)
    answer = stranger.step("words", {"kept": kept})
    assert heading(answer).startswith("Look at it") and hidden(answer, "kept") == []


@pytest.mark.parametrize(
    "script", [SCRIPTS[0], SCRIPTS[2], SCRIPTS[12], '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "[[status]]"]
)
def test_no_script_in_any_field_is_more_than_text_on_any_page_or_in_the_letter(school: School, script: str) -> None:
    # A school's name and a headline are one line; a role too.
    school.words |= dict.fromkeys(("title", "school", "name", "role"), script[:60]) | {
        "text": script,
        "summary": script[:100],
    }
    link = school.send(jpeg(), **{"alt-1": script[:200], "by-1": script[:60]})
    for page in (school.upload(), school.reader.get(link), school.reader.get(f"{link}/change")):
        assert alive(page.text) == []
        assert ">49<" not in page.text
    mail = school.place.mail[-1]
    assert "<script>" not in mail.part("html") and "<svg" not in mail.part("html")


def test_no_field_begins_a_header_of_the_letter(school: School) -> None:
    school.words["title"] = "News\r\nBcc: all@schools.example\r\n\r\nbody"
    school.words["name"] = "A\u2028Bcc: b@c.example"
    school.send()
    mail = school.place.mail[-1]
    assert mail.message["Bcc"] is None and mail.subject.startswith("We have your good news: News Bcc:")
    school.words["address"] = "a@b.example\r\nBcc: all@schools.example"
    assert problems(school.upload()) == ["address"]


def test_a_thousand_stories_a_minute_from_one_place_are_not_taken_and_nothing_typed_is_lost(place: Place) -> None:
    place.clock.step = timedelta(milliseconds=10)
    school = School(place)
    answers = [school.step("check", {"go": "send"}) for _ in range(30)]
    taken = [answer for answer in answers if answer.status_code == 303]
    assert len(taken) == 10 == len(place.everything()["story"])
    refused = answers[-1]
    assert refused.status_code == 429 and "Too many requests" in refused.text and str(WORDS["title"]) in refused.text
    answers = [school.step("check", {"go": "send"}) for _ in range(60)]
    assert answers[-1].status_code == 429 and heading(answers[-1]) == "Please wait a moment"


def test_one_mailbox_gets_few_letters_and_the_stories_are_kept(place: Place) -> None:
    for number in range(8):
        School(place, {**WORDS, "title": f"Story {number}"}).send()
    assert len(place.everything()["story"]) == 8 and len(place.mail) == 5


def test_without_the_cookie_nothing_is_taken_and_nothing_typed_is_lost(school: School) -> None:
    answer = school.reader.client.post("/send-good-news", data={**WORDS, "at": "check", "go": "send"})
    assert answer.status_code == 422 and problems(answer) == ["send"] and str(WORDS["title"]) in answer.text
    foreign = school.reader.post("/send-good-news", {**WORDS}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert school.place.everything()["story"] == []


def test_a_link_that_was_never_made_shows_nothing(school: School) -> None:
    school.send()
    for path in ("x" * 32, "..", "%00", "x" * 5_000):
        assert school.reader.get(f"/send-good-news/{path}").status_code == 404
    for page in ("change", "withdraw", "photo/1"):
        assert school.reader.get(f"/send-good-news/{'x' * 32}/{page}").status_code == 404


def test_a_school_changes_its_story_until_copy_closes(school: School) -> None:
    link = school.send(jpeg())
    page = school.reader.get(f"{link}/change")
    assert hidden(page, "version") == ["1"]
    fields = {**WORDS, **CONSENT, "kept": hidden(page, "kept"), "version": "1", "title": "Six beds", "go": "save"}
    assert school.reader.post(f"{link}/change", fields).location == f"{link}?done=amended"
    assert held(school.place, link).story.title == "Six beds" and len(held(school.place, link).photos) == 1
    stale = school.reader.post(f"{link}/change", {**fields, "title": "Late"})
    assert stale.status_code == 409 and "Late" in stale.text
    removed = school.reader.post(f"{link}/change", {**fields, "version": "2", "go": "remove-1"})
    assert removed.status_code == 200 and hidden(removed, "kept") == []
    assert school.reader.post(f"{link}/change", {**WORDS, "version": "2", "go": "save"}).status_code == 303
    assert held(school.place, link).photos == ()


def test_a_question_is_answered_on_the_page(school: School) -> None:
    from desk.goodnews import acts

    link = school.send()
    acts.ask(room_of(school.place), held(school.place, link), "Who planted\nthe beans?", "staff:test")
    mail = school.place.mail[-1]
    assert "Who planted" in mail.text and mail.link("send-good-news") == link
    page = school.reader.get(link)
    assert "Who planted" in page.text and "the beans?" in page.text
    assert problems(school.reader.post(f"{link}/answer", {"answer": " "}, form=link)) == ["answer"]
    assert school.reader.post(f"{link}/answer", {"answer": "Year 4."}, form=link).status_code == 303
    assert held(school.place, link).state == "waiting" and "Year 4." in school.reader.get(link).text


def test_a_story_is_withdrawn_by_one_press_and_its_photos_are_gone_from_the_disk(school: School) -> None:
    link = school.send(jpeg())
    (photo,) = held(school.place, link).photos
    shelf = room_of(school.place).shelf
    assert shelf.has(photo.name)
    assert school.reader.get(f"{link}/withdraw").status_code == 200
    assert held(school.place, link).state == "waiting"  # looking changes nothing
    assert school.reader.post(f"{link}/withdraw").location == f"{link}?done=withdrawn"
    assert held(school.place, link).state == "withdrawn" and not shelf.has(photo.name)
    assert school.place.mail[-1].subject == "Your story is withdrawn: A garden of our own"
    assert school.reader.get(f"{link}/photo/1").status_code == 404
    assert school.reader.post(f"{link}/withdraw", form="/send-good-news").status_code == 303


def test_looking_changes_nothing_however_often(school: School) -> None:
    link = school.send(jpeg())
    before = school.place.everything()
    for path in ("", "/change", "/withdraw", "/photo/1"):
        for method in ("GET", "HEAD", "OPTIONS"):
            school.reader.client.open(f"{link}{path}", method=method)
    assert school.place.everything() == before


def test_the_pages_run_our_script_only(school: School) -> None:
    for path in ("/send-good-news", school.send()):
        policy = school.reader.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy
    script = school.reader.get(re.findall(r'<script src="([^"]+)"', school.reader.get("/send-good-news").text)[0])
    assert script.mimetype == "text/javascript" and "immutable" in script.headers["Cache-Control"]
    assert len(school.reader.get("/send-good-news").data) < 100_000


def test_no_token_of_a_story_is_in_the_database_or_the_log(school: School, caplog: pytest.LogCaptureFixture) -> None:
    link = school.send()
    token = link.rpartition("/")[2]
    tables = school.place.everything()
    assert token not in str({name: rows for name, rows in tables.items() if name != "note"})
    assert token not in caplog.text


def test_the_forms_of_schools_share_no_address_with_the_archive_and_former_ones_are_answered(place: Place) -> None:
    site = place.settings.root / "site" / "good-news"
    site.mkdir(parents=True, exist_ok=True)
    (site / "index.html").write_text("the list")
    (site / "feed.xml").write_text("<feed/>")
    reader = place.reader()
    for path, text in (("/good-news/", "the list"), ("/good-news/feed.xml", "<feed/>")):
        with reader.get(path) as answer:
            assert answer.text == text
    for path in ("/send-good-news", "/send-good-news/", "/good-news"):
        page = reader.get(path)
        assert heading(page) == "Send us your good news"
        assert 'action="/send-good-news"' in page.text


def test_a_link_to_a_story_from_an_older_letter_opens_it(school: School) -> None:
    link = school.send()
    assert heading(school.reader.get(link.replace("/send-good-news/", "/good-news/"))) == heading(
        school.reader.get(link)
    )
