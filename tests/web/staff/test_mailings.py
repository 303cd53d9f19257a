"""Sending in the browser: who gets what, a test, the moment it leaves, holding it, and the shelves with their buttons."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import text

import db
from delivery import schedule
from delivery.ledger import books
from delivery.ledger.books import Sending
from desk.mailing.planning import approve, fire
from desk.staff.record import acts
from desk.trying import living
from desk.web.staff.desk import Desk
from subscribers import acts as subscribing
from subscribers.model import Choices, Proof
from tests.web.place import Place, Reader

MAILING = "weekly-2025-01-14"
SEND = f"/desk/send/weekly/{living.COMING}"
REPORT = f"/desk/reports/{MAILING}"


@pytest.fixture
def place(open_alive: Callable[..., Place]) -> Place:
    return open_alive()


@pytest.fixture
def sender(place: Place) -> Reader:
    return place.at_desk("sender")


def mailing(place: Place, name: str = MAILING) -> Sending:
    with db.reading(place.engine) as connection:
        found = books.mailing(connection, name)
    assert found
    return found


def set_aside(place: Place, state: str, number: int) -> None:
    """So many letters of the last mailing are in that state."""
    one = mailing(place)
    with place.engine.begin() as connection:
        rows = connection.execute(
            text("SELECT id FROM recipient WHERE mailing_id = :m AND state = 'accepted' ORDER BY id LIMIT :n"),
            {"m": one.id, "n": number},
        ).scalars().all()  # fmt: skip
        for row in rows:
            connection.execute(
                text("UPDATE recipient SET state = :s, words = '550 no' WHERE id = :id"), {"s": state, "id": row}
            )
        change = {books.State.ACCEPTED: -len(rows), books.State(state): len(rows)}
        books.add_up(connection, one.id, books.DESK, change)


def counts(place: Place) -> dict[str, int]:
    with db.reading(place.engine) as connection:
        return books.counts(connection, mailing(place).id).as_dict()


def ready(place: Place) -> None:
    """Nothing of the coming edition is unfinished any more."""
    for name in living.BEING_WRITTEN:
        (place.settings.root / "content" / "weekly" / living.COMING / name).unlink()


def test_a_sender_sees_who_would_get_what_and_what_is_in_the_way(sender: Reader) -> None:
    page = sender.get(SEND).text
    assert "32 readers" in page and "Everything" in page and "Without “" in page
    assert (
        sum(sender.get(there).text.count('class="address"') for there in letters_of(page)) == 32
    )  # each of them by name
    assert f'href="{SEND}/readers/paused">1 has paused' in page
    away = sender.get(f"{SEND}/readers/paused").text
    assert "office@drayton.example" in away and "until Monday 24 February 2025" in away
    assert sender.get(f"{SEND}/readers/nobody.123").status_code == 404  # a letter that nobody gets
    assert "29 January 2025 is a Wednesday" in page and "Nobody has approved it" in page and "Send it now" not in page
    assert "Tuesday 21 January 2025, 9am" in page
    assert SEND in sender.get("/desk/send").text


def letters_of(page: str) -> list[str]:
    """The pages that name who gets each letter."""
    return [unescape(there) for there in re.findall(rf'href="({SEND}/readers/[^"]+\.[0-9a-f]+)"', page)]


def test_what_stopped_a_mailing_and_what_happens_next_stand_on_its_page(place: Place, sender: Reader) -> None:
    set_aside(place, "queued", 3)
    words = "the mail server does not accept our user name and password. It says: 535 5.7.8 no"
    with place.engine.begin() as connection:
        connection.execute(text("UPDATE mailing SET finished_at = NULL WHERE name = :name"), {"name": MAILING})
        books.tell(connection, mailing(place).id, words)
    page = sender.get(REPORT).text
    assert f"It stopped: {words}" in page and "goes on by itself" in page and "Look again" in page
    assert f"It stopped: {words}" in sender.get("/desk/send").text
    assert "Pause" in page and "Resume" not in page  # there is nothing to press: it is tried again by itself


def test_an_edition_is_scheduled_and_taken_off_again(place: Place, sender: Reader) -> None:
    ready(place)
    assert sender.post(SEND, {"step": "plan", "at": "half past"}).status_code == 422
    assert sender.post(SEND, {"step": "plan", "at": "10:30"}).status_code == 303
    assert "Tuesday 21 January 2025, 10.30am" in sender.get(SEND).text
    assert sender.post(SEND, {"step": "unplan"}).status_code == 303
    with db.reading(place.engine) as connection:
        assert [one.result for one in schedule.planned(connection)][-1:] == ["cancelled"]


def test_before_its_moment_nobody_can_send_it_and_then_one_press_does_once(place: Place, sender: Reader) -> None:
    ready(place)
    desk: Desk = place.app.view_functions["desk:week"].args[0]  # type: ignore[attr-defined]
    with desk.office() as office:
        approve(office, next(one for one in office.press.content.editions if one.key == f"weekly/{living.COMING}"))
    assert sender.post(SEND, {"step": "now"}).status_code == 422
    place.clock.at += timedelta(days=6)
    sender = place.at_desk("administrator")
    page = sender.get(SEND).text
    assert "Send it now to 32 readers" in page
    for number in ("", "31"):
        refused = sender.post(SEND, {"step": "now", "number": number})
        assert refused.status_code == 422 and "Type the number of readers as it is shown" in refused.text
    for _ in range(2):
        assert sender.post(SEND, {"step": "now", "number": "32"}).status_code == 303
    place.clock.at += timedelta(minutes=1)
    with desk.office() as office:
        (fired,) = [one for one in fire(office) if one.name.startswith("weekly")]
        assert fired.summary and fired.summary.counts.accepted == 32
    assert sender.get(SEND).location.endswith(f"/desk/reports/weekly-{living.COMING}")
    assert sender.post(SEND, {"step": "now"}, form="/desk/send").status_code == 303
    with db.reading(place.engine) as connection:
        (done, *_) = acts(connection, what="send-now")
    assert done.about == f"weekly/{living.COMING}" and done.actor.startswith("staff:")


ACTION = f"{SEND}/spring-census-queries"


def choose_at_once(place: Place, most: int) -> None:
    """Some readers of the weekly wish so on their pages."""
    desk: Desk = place.app.view_functions["desk:week"].args[0]  # type: ignore[attr-defined]
    with db.writing(place.engine) as connection:
        numbers = connection.execute(
            text("SELECT subscriber_id FROM subscription WHERE bulletin = 'weekly' AND ended_at IS NULL ORDER BY 1 LIMIT :n"),
            {"n": most},
        ).scalars().all()  # fmt: skip
        for number in numbers:
            proof = Proof(place.clock.at, "page")
            subscribing.change(connection, desk.keys, number, "weekly", Choices(frozenset(), "everything", "actions-at-once"), proof)  # fmt: skip


def test_an_action_is_read_approved_counted_and_sent_by_itself_once(place: Place, sender: Reader) -> None:
    editor = place.at_desk("editor")
    assert "Nobody who chose actions at once is meant by it" not in (page := editor.get(ACTION).text)
    assert "0 readers" in page and "Nobody has approved it to go by itself" in page
    choose_at_once(place, 3)
    assert "spring-census-queries" in sender.get(SEND).text
    assert sender.post(f"{ACTION}/now", {"number": "3"}, form=ACTION).status_code == 422
    assert editor.post(f"{ACTION}/approve", form=ACTION).status_code == 303
    page = editor.get(ACTION).text
    assert "A sender can send it now" in page and "3 readers" in page and "Send it now to" not in page
    assert "7 February 2025" in editor.get(f"{ACTION}/letter?view=text").text
    assert editor.post(f"{ACTION}/now", {"number": "3"}, form=ACTION).status_code == 403
    refused = sender.post(f"{ACTION}/now", {"number": "4"}, form=ACTION)
    assert refused.status_code == 422 and 'href="#number"' in refused.text
    sent = sender.post(f"{ACTION}/now", {"number": "3"}, form=ACTION)
    assert sent.status_code == 303
    report = sent.location.partition("?")[0]
    assert sender.post(f"{ACTION}/now", {"number": "3"}, form=SEND).location == report
    assert sender.get(ACTION).location == report
    for what, said in (("pause", "Paused"), ("resume", "Going out")):
        sender.post(f"{report}/act", {"what": what}, form=report)
        page = sender.get(report).text
        assert said in page and "Spring census: clear your remaining queries" in page and "One action" in page
    desk: Desk = place.app.view_functions["desk:week"].args[0]  # type: ignore[attr-defined]
    with desk.office() as office:
        (fired,) = [one for one in fire(office) if "action" in one.name]
    assert fired.summary and fired.summary.counts.accepted == 3
    with db.reading(place.engine) as connection:
        (done, *_) = acts(connection, what="action-sent")
    assert done.about == f"weekly/{living.COMING}/spring-census-queries" and done.details["readers"] == 3


def test_what_cannot_go_by_itself_says_why(place: Place, sender: Reader) -> None:
    page = sender.get(f"{SEND}/senco-network").text
    assert "Only actions are sent by themselves" in page and "Send it now" not in page
    assert sender.get(f"{SEND}/nothing-of-the-sort").status_code == 404
    file = place.settings.root / "content" / "weekly" / living.COMING / "spring-census-queries.md"
    file.write_text(file.read_text().replace("---\n", "---\ndraft: yes\n", 1))
    assert "is a draft" in sender.get(ACTION).text
    assert sender.post(f"{ACTION}/now", {"number": "0"}, form=SEND).status_code == 422


def test_a_test_letter_goes_to_one_address_only(place: Place, sender: Reader) -> None:
    assert sender.post(SEND, {"step": "test", "address": "nonsense"}).status_code == 422
    assert sender.post(SEND, {"step": "test", "address": "me@norfolk.example"}).status_code == 303
    folder = place.settings.root / "var" / "outbox"
    found = [file for file in folder.rglob("*") if file.is_file() and b"[TEST]" in file.read_bytes()]
    assert len(found) == 1 and b"To: me@norfolk.example" in found[0].read_bytes()


def test_a_mailing_is_paused_resumed_and_cancelled_while_it_is_under_way(place: Place, sender: Reader) -> None:
    assert sender.post(f"{REPORT}/act", {"what": "pause"}, form="/desk/send/weekly/2025-01-21").status_code == 409
    set_aside(place, "queued", 3)
    with place.engine.begin() as connection:
        connection.execute(text("UPDATE mailing SET finished_at = NULL WHERE name = :n"), {"n": MAILING})
    assert 'data-live="2"' in sender.get(REPORT).text
    for what, control in (("pause", "paused"), ("resume", "run"), ("cancel", "cancelled")):
        assert sender.post(f"{REPORT}/act", {"what": what}, form=REPORT).status_code == 303
        assert mailing(place).control == control
    assert counts(place)["withdrawn"] >= 3
    assert "Cancel this mailing" not in sender.get(REPORT).text


def test_the_shelves_name_readers_and_each_button_decides_about_one(place: Place, sender: Reader) -> None:
    set_aside(place, "in_doubt", 2)
    set_aside(place, "failed", 2)
    before = counts(place)
    page = sender.get(f"{REPORT}/in-doubt").text
    assert page.count("They have it") == 4  # a label and a button for each of two
    readers = [part.split('"')[0] for part in page.split('name="reader" value="')[1:]]
    shelf = f"{REPORT}/in-doubt"
    for reader, what in zip(readers, ("have", "again"), strict=True):
        assert sender.post(f"{shelf}/decide", {"reader": reader, "what": what}, form=shelf).status_code == 303
    after = counts(place)
    assert (after["in_doubt"], after["queued"]) == (before["in_doubt"] - 2, before["queued"] + 1)
    assert sender.post(f"{REPORT}/act", {"what": "resend-failed"}, form=REPORT).status_code == 303
    assert counts(place)["failed"] == 0
    assert after["recipients"] == sum(number for state, number in after.items() if state != "recipients")


def test_a_writer_reads_reports_and_no_names(place: Place) -> None:
    set_aside(place, "failed", 1)
    writer = place.at_desk("writer")
    page = writer.get(REPORT)
    assert page.status_code == 200 and "@" not in page.text.partition("<main")[2].partition("</main")[0]
    assert "Pause" not in page.text
    for path in (f"{REPORT}/failed", f"{REPORT}/recipients.csv", SEND, "/desk/send", f"{SEND}/readers/paused"):
        assert writer.get(path).status_code == 403, path
    assert MAILING in writer.get("/desk/reports").text


def test_the_sheet_of_recipients_is_for_senders_and_is_recorded(place: Place, sender: Reader) -> None:
    sheet = sender.get(f"{REPORT}/recipients.csv")
    assert sheet.mimetype == "text/csv" and sheet.text.startswith("subscriber,address,state")
    assert sheet.headers["Cache-Control"] == "no-store"
    with db.reading(place.engine) as connection:
        assert acts(connection, what="report-downloaded")


def test_what_is_not_there_is_not_there(sender: Reader) -> None:
    for path in ("/desk/reports/x", f"{REPORT}/x", "/desk/send/weekly/2025-13-01", "/desk/send/x/2025-01-21"):
        assert sender.get(path).status_code == 404, path
    assert sender.post(f"{REPORT}/act", {"what": "burn"}, form=SEND).status_code == 400
