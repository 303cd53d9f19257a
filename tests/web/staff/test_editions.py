"""The board, the item's form, comments and approval, used without a script: what a person does is what the files say."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import lxml.html
import pytest
from PIL import Image
from werkzeug.test import TestResponse

from tests.editions import ROOT
from tests.payloads import SCRIPTS
from tests.web.place import Place
from tests.web.staff.writing import BOARD, FOLDER, Writer, as_new, open_desk

ITEM = f"{BOARD}/calm-starts"
FILE = f"{FOLDER}/calm-starts.md"


@pytest.fixture(scope="module")
def shared(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = open_desk(tmp_path_factory.mktemp("desk") / "house", migrated_file)
    yield place
    place.engine.dispose()


@pytest.fixture
def desk(shared: Place) -> Place:
    """As on Monday morning: the shipped content, nobody has done anything."""
    as_new(shared)
    return shared


@pytest.fixture
def writer(desk: Place) -> Writer:
    return Writer(desk.at_desk("writer", "Wendy"))


@pytest.fixture
def editor(desk: Place) -> Writer:
    return Writer(desk.at_desk("editor", "Edith"))


def order(page: str) -> list[str]:
    return [str(one.get("id")) for one in lxml.html.fromstring(page).xpath("//ol[contains(@class, 'cards')]/li")]


def titles_in_letter(writer: Writer, slug: str, reader: str = "") -> str:
    return writer.read(f"{BOARD}/{slug}/letter?as={reader}&view=text")


# --- the board -------------------------------------------------------------------------------------------------------


def test_the_board_shows_every_item_in_the_letters_order(writer: Writer) -> None:
    page = writer.read(BOARD)
    slugs = order(page)
    assert len(slugs) == 21
    letter = writer.read(f"{BOARD}/edition/letter")
    places = [letter.index(f'id="item-{slug}"') for slug in slugs]
    assert places == sorted(places)


def test_an_editor_moves_an_item_with_its_buttons_down_to_the_next_section(editor: Writer) -> None:
    before = order(editor.read(BOARD))
    first, second = before[:2]
    for _ in range(2):
        found = lxml.html.fromstring(editor.get(BOARD).get_data())
        token = found.xpath("//form[@id='board']/input[@name='form']")[0].get("value")
        answer = editor.reader.client.post(f"{BOARD}/edition/move", data={"form": token, "down": first})
        assert answer.status_code == 303
    assert order(editor.read(BOARD))[:3] == [second, first, before[2]]
    assert "section: actions" in (editor.root / FOLDER / f"{first}.md").read_text()


def test_a_writer_moves_nothing_and_renames_and_takes_away_nothing(writer: Writer) -> None:
    assert 'name="up"' not in writer.read(BOARD)
    for path in (f"{ITEM}/rename", f"{ITEM}/delete"):
        assert writer.get(path).status_code == 403
    assert writer.reader.post(f"{BOARD}/edition/move", {"up": "calm-starts"}, form=BOARD).status_code == 403


def test_an_item_is_begun_by_its_headline_and_kind(writer: Writer) -> None:
    page = writer.press(
        f"{BOARD}/edition/add", "Begin the item", {"title": "New bus times: tell parents", "kind": "event"}
    )
    assert "The item is begun" in page.text
    text = (writer.root / FOLDER / "new-bus-times-tell-parents.md").read_text()
    assert "title: New bus times: tell parents\nkind: event\n" in text
    assert "Starts" in page.text
    assert "Must be mended" in page.text or "Look at this" in page.text


def test_an_item_without_a_headline_is_not_begun(writer: Writer) -> None:
    page = writer.press(f"{BOARD}/edition/add", "Begin the item", {"title": " \n "})
    assert page.status_code == 422
    assert "Enter a headline." in page.text


def test_words_of_another_bulletin_are_taken_over(writer: Writer) -> None:
    page = writer.press(f"{BOARD}/edition/reuse?q=joint", "Use it: Final week of our local area inspection") if (
        "Final week of our local area inspection" in writer.read(f"{BOARD}/edition/reuse?q=joint")
    ) else writer.press(f"{BOARD}/edition/reuse", form="")  # fmt: skip
    assert "excerpt-of" in (writer.root / FOLDER / f"{page.request.path.rpartition('/')[2]}.md").read_text()


def test_an_edition_of_the_calendar_is_begun(writer: Writer) -> None:
    page = writer.press("/desk/editions", "Begin")
    assert "The edition is begun" in page.text
    assert (writer.root / "content/weekly/2025-01-28/edition.md").exists()


# --- the form --------------------------------------------------------------------------------------------------------


def test_an_item_of_each_kind_and_an_edition_saved_as_they_are_shown_keep_every_byte(writer: Writer) -> None:
    shapes: dict[str, Path] = {}
    for file in sorted((writer.root / "content").glob("*/20*/**/*.md")):
        kind = re.search("^kind: (.*)$", file.read_text(), re.MULTILINE)
        shapes.setdefault(kind[1] if kind else file.parent.name + file.stem[:7], file)
    assert len(shapes) >= 15
    for file in shapes.values():
        bulletin, day = file.relative_to(writer.root / "content").parts[:2]
        before = file.read_bytes()
        path = f"/desk/editions/{bulletin}/{day}/{file.stem}"
        answer = writer.press(path, form=path, follow=False)
        assert (answer.status_code, file.read_bytes()) == (303, before), file


def test_a_save_changes_the_file_and_is_kept_by_name(writer: Writer) -> None:
    before = (writer.root / FILE).read_text()
    page = writer.press(ITEM, "Save and go to the board", {"h-title": "Calm: starts"})
    assert "Calm: starts" in page.text
    title = re.search("^title: .*$", before, re.MULTILINE)
    assert title and (writer.root / FILE).read_text() == before.replace(title[0], "title: Calm: starts")
    versions = writer.read(f"{ITEM}/versions")
    assert "Edit: Calm: starts" in versions and "Wendy" in versions


def test_an_earlier_version_comes_back(writer: Writer) -> None:
    before = (writer.root / FILE).read_bytes()
    writer.press(ITEM, "Save", {"body": "Something else."})
    link = lxml.html.fromstring(writer.get(f"{ITEM}/versions").get_data()).xpath("//main//h2/a/@href")[0]
    assert "Something else." in writer.read(link)
    writer.press(link, "Bring this version back")
    assert (writer.root / FILE).read_bytes() == before


def test_another_kind_shows_its_fields_and_loses_nothing(writer: Writer) -> None:
    page = writer.press(f"{BOARD}/inclusion-summit-places", "Show its fields", {"h-kind": "action"})
    assert "Do this by" in page.text
    assert 'name="h-venue"' in page.text
    page = writer.press_on(page, f"{BOARD}/inclusion-summit-places", "Save", {"d-action-by-day": "31 January 2025"})
    text = (writer.root / FOLDER / "inclusion-summit-places.md").read_text()
    assert "kind: action\n" in text and "action-by: Friday 31 January 2025\n" in text and "venue: " in text


def test_findings_stand_beside_their_field_and_their_line(writer: Writer) -> None:
    page = writer.press(
        ITEM, "Show", {"d-expires-day": "1 January 2024", "body": "Fine.\n\n[click here](https://example.org)"}
    )
    shown = lxml.html.fromstring(page.get_data())
    assert "expires before" in shown.get_element_by_id("found-expires").text_content()
    assert "Line 3: “[click here](https://example.org)”" in shown.get_element_by_id("found-body").text_content()


EVENT = f"{BOARD}/inclusion-summit-places"
EVENT_FILE = f"{FOLDER}/inclusion-summit-places.md"


def boxes(page: TestResponse, name: str) -> list[str]:
    shown = lxml.html.fromstring(page.get_data())
    return [shown.get_element_by_id(f"d-{name}-{part}").get("value") for part in ("day", "month", "year", "time")]


def test_a_date_stands_in_its_boxes_and_one_box_changes_one_line(writer: Writer) -> None:
    before = (writer.root / EVENT_FILE).read_text()
    page = writer.get(EVENT)
    assert boxes(page, "starts") == ["14", "2", "2025", "10am"]
    assert "Friday 14 February 2025, 10am" in page.text
    writer.press_on(page, EVENT, "Save", {"d-starts-day": "13", "d-starts-time": "9:30"})
    after = (writer.root / EVENT_FILE).read_text()
    assert after == before.replace("starts: Friday 14 February 2025, 10am", "starts: Thursday 13 February 2025, 9.30am")
    writer.press(EVENT, "Save", {f"d-ends-{part}": "" for part in ("day", "month", "year", "time")})
    assert "\nends:" not in (writer.root / EVENT_FILE).read_text()


def test_a_wrong_date_is_told_at_its_box_kept_and_not_written(writer: Writer) -> None:
    before = (writer.root / EVENT_FILE).read_bytes()
    wrong = {"d-starts-day": "31", "d-starts-month": "Febuary", "d-starts-time": "25:00", "d-expires-year": "2025"}
    page = writer.press(EVENT, "Save", {**wrong, "body": "Typed with care."})
    assert page.status_code == 422
    assert (writer.root / EVENT_FILE).read_bytes() == before
    for said in ("Found “Febuary”. Did you mean February?", "“25:00” is not a time", "must include a day and a month"):
        assert said in page.text
    links = lxml.html.fromstring(page.get_data()).xpath("//*[@role='alert']//a/@href")
    assert links == ["#d-starts-month", "#d-starts-time", "#d-expires-day"]
    later = writer.get(EVENT)
    assert boxes(later, "starts") == ["31", "Febuary", "2025", "25:00"] and "Typed with care." in later.text
    saved = writer.press_on(later, EVENT, "Save", {"d-starts-day": "Monday 3 March 2025, noon", "d-starts-month": "", "d-starts-year": "", "d-starts-time": "", "d-expires-year": ""})  # fmt: skip
    assert saved.status_code == 200
    assert "starts: Monday 3 March 2025, noon\n" in (writer.root / EVENT_FILE).read_text()


def test_an_item_is_held_back_until_a_day_or_with_a_group_and_not_both(writer: Writer) -> None:
    page = writer.press(ITEM, "Save", {"d-release-day": "13/1/2025", "d-release-group": "local-first-inclusion"})
    assert page.status_code == 422 and "choose a date or “local-first-inclusion”, not both" in page.text
    page = writer.press_on(page, ITEM, "Save", {"d-release-day": ""})
    assert "release: local-first-inclusion\n" in (writer.root / FILE).read_text()
    writer.press(ITEM, "Save", {"d-release-group": "", "d-release-day": "13/1/2025"})
    assert "release: Monday 13 January 2025\n" in (writer.root / FILE).read_text()


def test_a_photos_consent_is_asked_in_questions(writer: Writer) -> None:
    writer.press(ITEM, "Save", {"h-kind": "good-news", "h-school": "Example School"})
    asked = {"c-people": "people", "c-channels": ["web", "email"], "c-by": "Headteacher", "c-on-day": "8"}
    page = writer.press(ITEM, "Save", asked)
    assert page.status_code == 422 and "Day of the consent must include a month and a year." in page.text
    writer.press(ITEM, "Save", {**asked, "c-on-month": "Jan", "c-on-year": "25"})
    assert "photo-consent: email, web (Headteacher, 8 January 2025)\n" in (writer.root / FILE).read_text()
    writer.press(ITEM, "Save", {"c-people": "nobody"})
    assert "photo-consent: no people\n" in (writer.root / FILE).read_text()


def test_a_picture_is_taken_in_shown_and_left_out_again(writer: Writer) -> None:
    raw = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(raw, "JPEG")
    photo = (io.BytesIO(raw.getvalue()), "../../x.jpg", "image/jpeg")
    page = writer.press(ITEM, "Save", {"picture": photo, "h-alt": "A teal wall."})
    assert page.status_code == 200
    text = (writer.root / FILE).read_text()
    name = re.search(r"^image: (images/calm-starts-[0-9a-f]{8}\.(?:jpg|png))$", text, re.MULTILINE)
    assert name and (writer.root / FOLDER / name[1]).exists()
    letter = writer.read(f"{ITEM}/letter")
    shown = re.search(r'src="(/desk/pictures/[^"]+)"[^>]*alt="A teal wall', letter) or re.search(
        r'alt="A teal wall[^>]*src="(/desk/pictures/[^"]+)"', letter
    )
    assert shown
    with writer.reader.place.reader().get(shown[1]) as stranger:
        assert stranger.mimetype in ("image/jpeg", "image/png")
    writer.press(ITEM, "Save", {"without-picture": "yes"})
    assert "image: " not in (writer.root / FILE).read_text()


def test_what_is_no_picture_is_refused_and_the_text_is_kept(writer: Writer) -> None:
    svg = (io.BytesIO(b"<svg onload=alert(1)>"), "x.jpg", "image/jpeg")
    page = writer.press(ITEM, "Save", {"picture": svg, "h-title": "Typed"})
    assert page.status_code == 422
    assert "That is not a picture that we can show" in page.text and 'value="Typed"' in page.text


# --- what was typed and not saved ------------------------------------------------------------------------------------


def test_what_was_typed_is_there_again_and_in_the_preview_and_nowhere_else(writer: Writer, editor: Writer) -> None:
    before = (writer.root / FILE).read_bytes()
    json = writer.press(ITEM, "Show", {"body": "Half a sentence"}, headers={"Accept": "application/json"}).get_json()
    assert json["reached"] and json["size"] > 10_000
    assert "Half a sentence" in writer.read(ITEM)
    assert "Half a sentence" in titles_in_letter(writer, "calm-starts")
    assert "Half a sentence" not in titles_in_letter(editor, "calm-starts")
    assert "Wendy is writing" in editor.read(BOARD)
    assert "Wendy has this open too, and is writing" in editor.read(ITEM)
    assert (writer.root / FILE).read_bytes() == before


def test_what_was_typed_can_be_set_aside_and_lies_on_the_shelf(writer: Writer) -> None:
    writer.press(ITEM, "Show", {"body": "Half a sentence"})
    page = writer.press(ITEM, "Set aside what you typed")
    assert "Half a sentence" not in page.text
    assert "Half a sentence" in writer.read(f"{BOARD}/edition/shelf")


def test_a_preview_is_of_the_reader_who_was_chosen(writer: Writer) -> None:
    words = "Only governors read this."
    changes = {"h-audience": ["governor"], "body": words}
    answer = writer.press(ITEM, "Show", changes, headers={"Accept": "application/json"})
    assert answer.get_json()["reached"]
    assert words in titles_in_letter(writer, "calm-starts", "governor")
    assert words not in titles_in_letter(writer, "calm-starts", "teacher")
    answer = writer.press(ITEM, "Show", {"as": "teacher"}, headers={"Accept": "application/json"})
    assert not answer.get_json()["reached"]


def test_nothing_in_the_preview_can_run_or_be_framed_elsewhere(writer: Writer) -> None:
    for view in ("desktop", "phone", "dark", "plain", "text", "../x"):
        answer = writer.get(f"{ITEM}/letter?view={view}")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "sandbox" in policy and "allow-scripts" not in policy
        assert "frame-ancestors 'self'" in policy
        assert ("img-src 'none'" in policy) == (view == "plain")


# --- two at once -----------------------------------------------------------------------------------------------------


def both_save(writer: Writer, editor: Writer, theirs: str = "Edith’s words.", mine: str = "Wendy’s words.") -> str:
    """The page that the second of them gets."""
    open_form = writer.get(ITEM)
    editor.press(ITEM, "Save", {"body": theirs})
    page = writer.press_on(open_form, ITEM, "Save", {"body": mine})
    assert page.status_code == 409
    assert theirs in page.text and mine in page.text and "Edith saved" in page.text
    assert theirs in (writer.root / FILE).read_text()
    return page.text


@pytest.mark.parametrize(
    ("button", "stands"),
    [("Save mine over theirs", "Wendy’s"), ("Keep theirs", "Edith’s"), ("Go on with mine", "Edith’s")],
)
def test_the_second_to_save_sees_both_texts_and_chooses(
    writer: Writer, editor: Writer, button: str, stands: str
) -> None:
    both_save(writer, editor)
    open_again = writer.get(ITEM)
    assert "changed by somebody else" in open_again.text
    again = writer.press_on(open_again, ITEM, "Save")
    assert again.status_code == 409
    writer.press_on(again, ITEM, button)
    assert f"{stands} words." in (writer.root / FILE).read_text()
    everywhere = "".join(
        path.read_text() for path in (writer.root / "var").rglob("*.md") if path.is_file()
    ) + writer.read(ITEM)
    assert "Wendy’s words." in everywhere and "Edith’s words." in everywhere
    if button == "Go on with mine":
        writer.press(ITEM, "Save")
        assert "Wendy’s words." in (writer.root / FILE).read_text()


def test_a_text_whose_item_was_taken_away_meanwhile_lies_on_the_shelf(writer: Writer, editor: Writer) -> None:
    open_form = writer.get(ITEM)
    assert "on the shelf" in editor.press(f"{ITEM}/delete", "Take it away").text
    page = writer.press_on(open_form, ITEM, "Save", {"body": "Too late?"})
    assert "Somebody took that item away" in page.text and "Too late?" in page.text
    title = lxml.html.fromstring(page.get_data()).xpath("//main//li//h2")[0].text_content()
    page = writer.press(f"{BOARD}/edition/shelf", f"Put back: {title}")
    assert "It is back where it was." in page.text
    assert "Too late?" in (writer.root / FILE).read_text()


def test_a_file_changed_by_hand_is_seen_like_any_other_change(writer: Writer) -> None:
    open_form = writer.get(ITEM)
    (writer.root / FILE).write_text("---\ntitle: By hand\n---\nBy hand.\n")
    assert writer.press_on(open_form, ITEM, "Save", {"body": "Typed."}).status_code == 409


# --- comments and approval -------------------------------------------------------------------------------------------


def test_a_comment_is_made_answered_and_settled_and_the_form_keeps_what_was_typed(
    writer: Writer, editor: Writer
) -> None:
    page = editor.press(
        ITEM, "Send the comment", {"words": "Which week?\n<script>alert(1)</script>", "h-credit": "Half typed"}
    )
    assert "Which week?" in page.text and "<script>alert" not in page.text and "Half typed" in page.text
    assert "1 comment" in writer.read(BOARD)
    page = writer.press(ITEM, "Settle: comment by Edith")
    assert "Settled by Wendy" in page.text
    assert "1 comment" not in writer.read(BOARD)
    assert "Settled by" not in writer.press(ITEM, "Open again: comment by Edith").text


def test_a_comment_that_was_typed_is_not_lost_by_saving(writer: Writer) -> None:
    assert "Please look." in writer.press(ITEM, "Save", {"words": "Please look."}).text


def test_an_edition_goes_from_draft_to_scheduled_and_an_edit_takes_the_approval_away(desk: Place) -> None:
    writer, editor, sender = (
        Writer(desk.at_desk(r, n)) for r, n in (("writer", "Wendy"), ("editor", "Edith"), ("sender", "Sam"))
    )  # type: ignore[arg-type]
    assert "Approve</button>" not in writer.read(BOARD)
    assert "Sent for review by Wendy" in writer.press(BOARD, "Send for review").text
    assert "Approved by Edith" in editor.press(BOARD, "Approve").text
    assert "Schedule</button>" not in editor.read(BOARD)
    page = sender.press(BOARD, "Schedule")
    assert "Scheduled by Sam" in page.text and "Tuesday 14 January 2025, 9am" in page.text
    writer.press(ITEM, "Save", {"body": "A changed comma, here."})
    page = sender.get(BOARD)
    assert "Approved by Edith, then changed" in page.text and "Its text was changed since" in page.text
    assert "Approved by Edith, then" not in editor.press(BOARD, "Approve").text
    refused = writer.reader.post(f"{BOARD}/edition/step", {"step": "approve"}, form=BOARD)
    assert refused.status_code == 403


def test_what_blocks_cannot_be_approved_and_is_told(editor: Writer) -> None:
    file = editor.root / FILE
    file.write_text(file.read_text().replace("---\n", "---\nexpires: Friday 15 January 2025\n", 1))
    page = editor.press(BOARD, "Approve")
    assert page.status_code == 422
    assert "Wednesday, not a Friday" in page.text
    assert "Approved by" not in page.text


# --- hostile and too much --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload", [*SCRIPTS[::16], "a\nkind: action\n---\nb", "\ud800", "\u2028audience: x", "[[unsubscribe]]"]
)
def test_whatever_stands_in_every_field_is_shown_as_text(writer: Writer, payload: str) -> None:
    payload = payload.encode("utf-8", "replace").decode()
    path = f"{BOARD}/inclusion-summit-places"
    page = lxml.html.fromstring(writer.get(path).get_data())
    names = {one.get("name") for one in page.xpath("//form[@id='item']//*[starts-with(@name, 'h-')]")} - {"h-kind"}
    before = order(writer.read(BOARD))
    answer = writer.press(path, "Save", dict.fromkeys(names, payload) | {"body": payload, "words": payload})
    assert answer.status_code == 200
    for shown in (answer.text, writer.read(BOARD), writer.read(f"{path}/versions"), writer.read(f"{path}/text")):
        assert not re.search(r"<(script(?! src=\"/desk)|img|svg|iframe(?! title)|object|embed|base)\b", shown)
    assert sorted(order(writer.read(BOARD))) == sorted(before)
    assert writer.get(f"{path}/letter").status_code == 200


def test_a_megabyte_is_refused_with_its_reason_and_shown_again(writer: Writer) -> None:
    before = (writer.root / FILE).read_bytes()
    answer = writer.press(ITEM, "Save", {"body": "word " * 200_000})
    assert answer.status_code == 422
    assert "longer than an item can be" in answer.text and answer.text.count("word ") > 199_000
    assert (writer.root / FILE).read_bytes() == before
    json = writer.press(ITEM, "Show", {"body": "word " * 200_000}, headers={"Accept": "application/json"})
    assert (json.status_code, json.get_json()) == (422, {"problem": "too-long"})


def test_no_path_leads_anywhere_else(editor: Writer) -> None:
    for path in ("../../bulletin", "%2e%2e", "edition.md", "images", ".hidden", "a%00b", "A"):
        assert editor.get(f"{BOARD}/{path}").status_code in (404, 308), path
    for path in (
        "/desk/editions/documents/2025-01-14",
        "/desk/editions/weekly/20250114",
        "/desk/editions/../x/2025-01-14",
    ):
        assert editor.get(path).status_code == 404, path
    assert editor.get("/desk/pictures/../../bulletin.toml").status_code == 404


def test_a_file_that_no_form_can_show_is_mended_as_text(writer: Writer) -> None:
    (writer.root / FILE).write_text("---\ntitle: Never closed\n")
    assert "cannot be read as an item" in writer.read(BOARD) or "to mend" in writer.read(BOARD)
    page = writer.reader.client.get(ITEM, follow_redirects=True)
    assert page.request.path == f"{ITEM}/text" and "never closed" in page.text
    page = writer.press(f"{ITEM}/text", "Save the file", {"text": "---\r\ntitle: Closed\r\n---\r\nGood.\r\n"})
    assert "Saved." in page.text
    assert (writer.root / FILE).read_bytes() == b"---\ntitle: Closed\n---\nGood.\n"


def test_a_renamed_item_keeps_its_comments_and_what_was_typed(editor: Writer) -> None:
    editor.press(ITEM, "Send the comment", {"words": "Stay with me."})
    editor.press(ITEM, "Show", {"body": "Half a sentence"})
    page = editor.press(f"{ITEM}/rename", "Change the address", {"name": "calm-days"})
    assert page.request.path == f"{BOARD}/calm-days"
    assert "Stay with me." in page.text and "Half a sentence" in page.text


def test_a_board_of_two_hundred_items_stays_small_and_quick(writer: Writer, editor: Writer) -> None:
    folder = writer.root / FOLDER
    for number in range(180):
        (folder / f"item-with-a-rather-long-name-{number:03}.md").write_text(
            f"---\ntitle: A headline of the usual length, part {number}\naudience: schools, senco\nsummary: What it says.\n---\nWords.\n"
        )
    page = editor.get(BOARD)
    assert len(order(page.text)) == 201
    assert len(page.data) <= 100_000


def test_no_two_rooms_give_one_code_different_words() -> None:
    """All files of words are laid together: the last would win unseen."""
    found: dict[tuple[str, str], str] = {}
    for file in sorted((ROOT / "templates" / "desk" / "words").glob("*.toml")):
        for table, words in tomllib.loads(file.read_text()).items():
            for code, said in words.items():
                assert found.setdefault((table, code), said) == said, (file.name, table, code)


def test_whoever_changes_an_edition_that_went_out_is_told(writer: Writer) -> None:
    assert "went out on Monday 9 December 2024" in writer.read(
        "/desk/editions/send/2024-12-09/online-drop-in-for-families"
    )
    assert "went out on" not in writer.read(ITEM)
