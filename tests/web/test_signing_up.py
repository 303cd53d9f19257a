"""From the form to the welcome letter."""

from __future__ import annotations

from tests.web.place import Place


def test_a_reader_signs_up_confirms_and_is_welcomed(place: Place) -> None:
    reader = place.reader()
    answer = reader.sign_up("Head@School.example", audience=["primary", "senco"])
    assert answer.status_code == 200
    assert "Head@school.example" in answer.text or "Head@School.example" in answer.text
    [letter] = place.mail
    assert letter.subject == "Please confirm: Together: weekly update"
    assert "Primary, SENCO, and what is for everyone; everything else left out." in letter.text
    page = reader.get(letter.link("confirm"))
    assert "Yes, send it to me" in page.text
    done = reader.post(letter.link("confirm"))
    assert "You are on the list" in done.text
    welcome = place.mail[-1]
    assert welcome.subject == "Welcome to Together: weekly update"
    assert reader.get(welcome.link("preferences")).status_code == 200
