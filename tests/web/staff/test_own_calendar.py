"""A calendar that each of the staff subscribes to: no sign-in, only what their role may see, and an address that can be renewed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

import db
from desk.mailing import planning
from desk.staff import store
from desk.staff.model import Role
from desk.trying import living
from desk.web.staff.desk import Desk
from subscribers.tokens import signed_link
from tests.web.conftest import KEYS
from tests.web.place import Place


@pytest.fixture
def place(open_alive: Callable[..., Place]) -> Place:
    return open_alive()


def own_calendar(place: Place, role: Role) -> str:
    here = place.at_desk(role)
    here.post("/desk/calendar/renew", form="/desk/calendar")
    found = re.search(r'value="https?://[^/"]+(/desk/calendar/[^"]+)"', here.get("/desk/calendar").text)
    assert found
    return found[1]


def test_each_of_the_staff_subscribes_to_what_their_role_may_see_without_signing_in(place: Place) -> None:
    desk: Desk = place.app.view_functions["desk:week"].args[0]  # type: ignore[attr-defined]
    with desk.office() as office:
        edition = next(one for one in office.press.content.editions if one.key == f"weekly/{living.COMING}")
        planning.plan(office, edition, None, "staff:x")
    seen = {role: place.reader().get(own_calendar(place, role)).text for role in ("writer", "editor", "sender")}
    for content in seen.values():
        assert "BEGIN:VCALENDAR" in content and "Copy closes: " in content and "SUMMARY:Spring census: clear your remaining queries" in content  # fmt: skip
        assert "REFRESH-INTERVAL" in content and content.count("BEGIN:VEVENT") == content.count("\r\nUID:")
        assert len(set(re.findall("UID:.*", content))) == content.count("UID:")
    assert ["Approve by now" in seen[role] for role in seen] == [False, True, True]
    assert ["Scheduled: " in seen[role] for role in seen] == [False, False, True]


def test_a_renewed_calendar_and_that_of_whoever_left_open_nothing(place: Place) -> None:
    first = own_calendar(place, "writer")
    second = own_calendar(place, "writer")
    stranger = place.reader()
    assert stranger.get(first).status_code == 404 and stranger.get(second).status_code == 200
    assert stranger.get(second[:-5] + "A.ics").status_code == 404
    with db.writing(place.engine) as connection:
        who = next(one for one in store.listed(connection) if one.role == "writer")
        store.disable(connection, who, place.clock.at)
        store.enable(connection, who)
    assert stranger.get(second).status_code == 404
    preferences = signed_link(KEYS, "preferences", who.id, "2")
    assert stranger.get(f"/desk/calendar/{preferences}.ics").status_code == 404
