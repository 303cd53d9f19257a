"""Subscribers at the desk: finding them, what can be done about each, old lists, and who must not be written to."""

from __future__ import annotations

import io
import json
import re

import pytest
from werkzeug.test import TestResponse

import db
from desk.staff import record
from subscribers import acts, store
from subscribers.address import parse
from subscribers.model import Choices, Proof, Subscriber
from tests.web.conftest import KEYS
from tests.web.place import Place, Reader

HEAD = "head@ashfield.example"
LIST = (
    b"email,name,status\nclerk@lyng.example,Clerk,active\nno@lyng.example,No,unsubscribed\nhm@lyng.example,Hm,snoozed\n"
)


def join(place: Place, address: str, *, name: str = "", bulletin: str = "weekly") -> int:
    with db.writing(place.engine) as connection:
        bases, proof = {"weekly": "consent", "send": "consent"}, Proof(place.clock.at, "sign-up form")
        return acts.add(
            connection,
            KEYS,
            parse(address),
            bulletin,
            Choices(),
            bases,
            proof,
            name=name,  # type: ignore[arg-type]
        ).id


def person(place: Place, address: str) -> Subscriber | None:
    with db.reading(place.engine) as connection:
        return store.find(connection, parse(address).key)


def done(place: Place) -> list[str]:
    return [row[3] for row in place.everything()["act"]]


def upload(sender: Reader, content: bytes = LIST, name: str = "old.csv", source: str = "ecourier") -> TestResponse:
    files = (io.BytesIO(content), name)
    return sender.post("/desk/subscribers/import", {"files": files, "source": source, "bulletin": "weekly"})


def test_a_part_of_an_address_or_a_name_finds_a_reader_and_no_web_address_holds_it(place: Place) -> None:
    number = join(place, HEAD, name="Ashfield Primary")
    join(place, "office@beeston.example")
    sender = place.at_desk("sender")
    for typed in ("head@ash", "FIELD", "primary", HEAD):
        found = sender.post("/desk/subscribers", {"q": typed})
        assert f'href="/desk/subscribers/{number}"' in found.text and "beeston" not in found.text, typed
    assert "Nobody" in sender.post("/desk/subscribers", {"q": "%"}).text
    assert "Nobody has" in sender.post("/desk/subscribers", {"q": "a%d"}).text


def test_an_editor_sees_how_many_but_neither_who_nor_small_numbers(place: Place) -> None:
    join(place, HEAD)
    page = place.at_desk("editor").post("/desk/subscribers", {"q": "ash"}).text
    assert "fewer than 5" in page and "ashfield" not in page
    assert place.at_desk("editor").get("/desk/subscribers/1").status_code == 403


def test_whoever_asked_on_the_telephone_is_added_with_the_proof_of_it(place: Place) -> None:
    sender = place.at_desk("sender")
    refused = sender.post("/desk/subscribers/add", {"address": "head", "bulletin": "weekly"})
    assert refused.status_code == 422 and refused.text.count('class="problem"') == 2
    filled = {"address": HEAD, "bulletin": "weekly", "asked": "telephoned", "audience": ["primary"]}
    page = sender.get(sender.post("/desk/subscribers/add", filled).location).text
    assert "telephoned" in page and "Primary" in page and "sender@norfolk.example" in page
    assert "gets it already" in sender.post("/desk/subscribers/add", filled).text
    assert done(place)[-1] == "reader-added"


def test_somebody_who_said_no_is_added_only_over_it(place: Place) -> None:
    number = join(place, HEAD)
    sender = place.at_desk("sender")
    sender.post(f"/desk/subscribers/{number}/suppress", form=f"/desk/subscribers/{number}")
    filled = {"address": HEAD, "bulletin": "weekly", "asked": "wrote"}
    refused = sender.post("/desk/subscribers/add", filled)
    assert refused.status_code == 422 and "has said no before" in refused.text
    assert sender.post("/desk/subscribers/add", {**filled, "over-a-no": "yes"}).status_code == 303
    found = person(place, HEAD)
    assert found and found.open_for("weekly")


def test_a_reader_is_changed_paused_and_ended_and_each_is_recorded(place: Place) -> None:
    number = join(place, HEAD)
    here, sender = f"/desk/subscribers/{number}", place.at_desk("sender")
    wanted = {"amount": "selection", "audience": ["senco"]}
    assert sender.post(f"{here}/choices/weekly", wanted).status_code == 422
    sender.post(f"{here}/choices/weekly", {**wanted, "asked": "telephoned"})
    assert place.mail[-1].to == HEAD and "SENCO" in place.mail[-1].text
    assert "“telephoned”" in sender.get(here).text
    assert sender.post(f"{here}/pause/weekly", {"until": "yesterday"}, form=here).status_code == 422
    sender.post(f"{here}/pause/weekly", {"until": "2025-03-03"}, form=here)
    assert "Letters start again on Monday 3 March 2025" in sender.get(here).text
    sender.post(f"{here}/pause/weekly", {"resume": "1"}, form=here)
    sender.post(f"{here}/name", {"name": "The <head>"}, form=here)
    page = sender.get(here).text
    assert "SENCO" in page and "The &lt;head&gt;" in page
    sender.post(f"{here}/end/weekly", form=here)
    found = person(place, HEAD)
    assert found and not found.open
    assert done(place) == ["reader-changed", "reader-paused", "reader-resumed", "reader-renamed", "reader-ended"]


NEW = "head@beeston.example"


def moving(place: Place, number: int, new: str = NEW) -> str:
    """The link in the letter to the new address."""
    here = f"/desk/subscribers/{number}/address"
    answer = place.at_desk("sender").post(here, {"address": new, "asked": "telephoned"})
    assert answer.status_code == 303, answer.text
    return next(mail.link("confirm") for mail in reversed(place.mail) if mail.to == new)


def test_a_reader_moves_once_they_say_so_from_the_new_address_and_the_old_one_is_told(place: Place) -> None:
    number = join(place, HEAD)
    here = f"/desk/subscribers/{number}"
    link = moving(place, number)
    told = next(mail for mail in reversed(place.mail) if mail.to == HEAD)
    assert "another address" in told.subject and NEW not in told.text
    assert NEW in (page := place.at_desk("sender").get(here).text) and "Waits for a yes" in page
    assert person(place, NEW) is None
    reader = place.reader()
    assert "come to" in reader.get(link).text and person(place, NEW) is None
    assert reader.post(link).status_code == 200
    moved = person(place, NEW)
    assert moved and moved.id == number and moved.open_for("weekly") and person(place, HEAD) is None
    page = place.at_desk("sender").get(here).text
    for said in ("Asked for another address", "“telephoned”", "Changed their address", "Began to get"):
        assert said in page
    assert done(place) == ["reader-moving"]


def test_a_change_of_address_that_was_a_slip_cannot_be_confirmed_any_more(place: Place) -> None:
    number = join(place, HEAD)
    slip, meant = moving(place, number, "haed@beeston.example"), moving(place, number)
    assert place.reader().post(slip, form="/subscribe").status_code == 404
    here = f"/desk/subscribers/{number}"
    place.at_desk("sender").post(f"{here}/address/stop", form=here)
    assert place.reader().post(meant, form="/subscribe").status_code == 404
    assert person(place, HEAD) and "was taken back" in place.at_desk("sender").get(here).text


def test_a_reader_whose_mailbox_was_gone_is_asked_whether_all_begins_again_and_a_no_stays_one(place: Place) -> None:
    number = join(place, HEAD)
    with db.writing(place.engine) as connection:
        acts.leave(connection, KEYS, number, "weekly", "bounced", Proof(place.clock.at, "bounce"))
    link, reader = moving(place, number), place.reader()
    assert not [mail for mail in place.mail if mail.to == HEAD and "moving" in mail.subject]
    assert "They begin again" in reader.get(link).text
    reader.post(link)
    moved = person(place, NEW)
    assert moved and moved.open_for("weekly")
    here = f"/desk/subscribers/{number}"
    sender = place.at_desk("sender")
    sender.post(f"{here}/suppress", form=here)
    refused = sender.post(f"{here}/address", {"address": "x@beeston.example", "asked": "wrote"})
    assert refused.status_code == 422 and "must not be written to at all" in refused.text


@pytest.mark.parametrize(("typed", "said"), [({"address": HEAD, "asked": "x"}, "that they have now"), ({"address": "head", "asked": "x"}, "Enter an email address"), ({"address": NEW}, "Say how they asked")])  # fmt: skip
def test_a_change_of_address_that_cannot_be_is_told_and_keeps_what_was_typed(
    place: Place, typed: dict[str, str], said: str
) -> None:
    here = f"/desk/subscribers/{join(place, HEAD)}/address"
    answer = place.at_desk("sender").post(here, typed)
    assert answer.status_code == 422 and said in answer.text and f'value="{typed["address"]}"' in answer.text


def test_an_administrator_takes_the_list_says_why_and_no_spreadsheet_runs_it(place: Place) -> None:
    number = join(place, HEAD)
    sender, admin = place.at_desk("sender"), place.at_desk("administrator")
    sender.post(f"/desk/subscribers/{number}/name", {"name": "=cmd|'/c calc'!A1"}, form=f"/desk/subscribers/{number}")
    there = "/desk/subscribers/list.csv"
    assert sender.post(there, {"why": "x"}, form="/desk/subscribers").status_code == 403
    refused = admin.post(there, {"bulletin": "weekly"}, form="/desk/subscribers")
    assert refused.status_code == 422 and "Say what you need the list for" in refused.text
    answer = admin.post(there, {"bulletin": "weekly", "why": "checking schools"}, form="/desk/subscribers")
    assert "attachment" in answer.headers["Content-Disposition"] and HEAD in answer.text
    assert "'=cmd" in answer.text and ",=cmd" not in answer.text
    with db.reading(place.engine) as connection:
        (last, *_) = record.acts(connection)
    assert (last.what, last.about, last.details) == (
        "readers-downloaded",
        "weekly",
        {"rows": 1, "why": "checking schools"},
    )


def test_everything_held_is_one_file(place: Place) -> None:
    here, sender = f"/desk/subscribers/{join(place, HEAD)}", place.at_desk("sender")
    answer = sender.post(f"{here}/data", form=here)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert HEAD in json.dumps(json.loads(answer.text))


def test_nobody_is_erased_without_typing_their_address_and_then_no_byte_of_it_stays(place: Place) -> None:
    here, sender = f"/desk/subscribers/{join(place, HEAD)}", place.at_desk("sender")
    upload(sender, LIST + HEAD.encode() + b",Head,active\n")
    assert sender.post(f"{here}/erase", {"typed": "head"}).status_code == 422
    assert person(place, HEAD)
    assert sender.post(f"{here}/erase", {"typed": HEAD.upper()}).status_code == 303
    assert person(place, HEAD) is None
    assert "ashfield" not in str(place.everything())
    assert not list((place.settings.root / "var" / "imports").rglob("*.csv"))


def test_an_old_list_is_shown_as_a_plan_done_exactly_so_and_taken_back(place: Place) -> None:
    sender = place.at_desk("sender")
    plan = upload(sender).location
    page = sender.get(plan).text
    assert "clerk@lyng.example" in page and "Nothing has changed yet" in page
    assert person(place, "clerk@lyng.example") is None
    applied = sender.post(f"{plan}/apply", form=plan)
    assert applied.location == "/desk/subscribers/imports?done=imported"
    assert person(place, "clerk@lyng.example") and person(place, "no@lyng.example") is None
    assert sender.get(plan).status_code == 404, "the uploaded list is gone"
    assert "Import of" in sender.get("/desk/subscribers/imports/1").text
    sender.post("/desk/subscribers/imports/1/undo", form="/desk/subscribers/imports")
    assert person(place, "clerk@lyng.example") is None
    assert sender.post("/desk/subscribers/imports/1/undo", form="/desk/subscribers/imports").status_code in (400, 409)
    assert done(place) == ["import-planned", "imported", "import-undone"]


def test_a_plan_that_no_longer_holds_is_shown_anew_instead(place: Place) -> None:
    sender = place.at_desk("sender")
    plan = upload(sender).location
    join(place, "clerk@lyng.example")
    again = sender.post(f"{plan}/apply", form=plan)
    assert again.status_code == 409 and "the plan has changed" in again.text
    assert sender.post(f"{plan}/apply", form=plan).status_code == 303


def test_a_column_can_tell_who_they_are(place: Place) -> None:
    sender = place.at_desk("sender")
    plan = upload(sender, b"email,job\nclerk@lyng.example,SENCO\n").location
    wrong = sender.post(plan, {"column": ["job"], "target": [""]})
    assert wrong.status_code == 422
    assert sender.post(plan, {"column": ["job", ""], "target": ["role", ""]}).status_code == 303
    sender.post(f"{plan}/apply", form=plan)
    found = person(place, "clerk@lyng.example")
    assert found and found.open[0].choices.audiences == {"senco"}


@pytest.mark.parametrize(
    ("name", "content"),
    [("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(4000)), ("../../etc/passwd", b"nothing here"), ("empty.csv", b"")],
)
def test_what_is_no_list_is_refused_with_the_reason_and_not_kept(place: Place, name: str, content: bytes) -> None:
    refused = upload(place.at_desk("sender"), content, name)
    assert refused.status_code == 422 and "cannot be read as a list" in refused.text
    assert not list((place.settings.root / "var" / "imports").rglob("upload.json"))


def test_a_row_that_nobody_can_read_for_certain_waits_for_a_word(place: Place) -> None:
    sender = place.at_desk("sender")
    plan = upload(sender).location
    sender.post(f"{plan}/apply", form=plan)
    page = sender.get("/desk/subscribers/held").text
    assert "hm@lyng.example" in page
    (number,) = re.findall(r"/desk/subscribers/held/(\d+)", page)[:1]
    sender.post(f"/desk/subscribers/held/{number}", {"accept": "yes"}, form="/desk/subscribers/held")
    assert person(place, "hm@lyng.example")


def test_a_no_is_asked_about_kept_and_lifted(place: Place) -> None:
    here, sender = "/desk/subscribers/suppressions", place.at_desk("sender")
    assert "Has not said no" in sender.post(here, {"address": HEAD}).text
    sender.post(f"{here}/add", {"address": HEAD, "bulletin": ""}, form=here)
    assert "Must not be written to at all" in sender.post(here, {"address": HEAD}).text
    assert HEAD not in sender.get(here).text, "the list itself has no addresses"
    sender.post(f"{here}/lift", {"address": HEAD, "bulletin": ""}, form=here)
    assert "Has not said no" in sender.post(here, {"address": HEAD}).text
    assert sender.post(f"{here}/add", {"address": "nonsense"}, form=here).status_code == 422
    assert HEAD not in str(place.everything()["act"]), "the record names nobody by their address"
