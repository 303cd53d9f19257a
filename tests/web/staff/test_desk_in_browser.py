"""The desk in a real browser: every page and state by the rules of accessibility; whole journeys by keyboard, without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import cycle

import pytest
from playwright.sync_api import Browser, Page, Response, ViewportSize, expect

import db
from desk.staff import entrance, store
from desk.web.staff import session
from subscribers.address import parse
from tests.pages import axe
from tests.web.place import Place
from tests.web.test_in_browser import SMALLEST, TOO_SMALL

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Looks = list[tuple[int, str]]
LOOKS: Looks = [(width, scheme) for width in (1280, 320) for scheme in ("light", "dark")]
SOME = [LOOKS[0], LOOKS[3]]
TURNS = [[look] for look in (LOOKS[0], LOOKS[3], LOOKS[1], LOOKS[2])]
"""Every page in two looks, every state in one, in turn; `prove` shows each in all four."""
ALL = pytest.param(LOOKS, marks=pytest.mark.prove, id="all")
MOST_BYTES = 100_000  # a page, with all that it loads
FULL = {
    "writer": ["/desk/calendar", "/desk/you"],
    "editor": ["/desk", "/desk/subscribers"],
    "sender": [
        "/desk/subscribers/1",
        "/desk/subscribers/13",
        "/desk/subscribers/add",
        "/desk/subscribers/1/choices/weekly",
        "/desk/subscribers/1/address",
        "/desk/send/weekly/2025-01-21/spring-census-queries",
        "/desk/subscribers/1/erase",
        "/desk/subscribers/import",
        "/desk/subscribers/imports",
        "/desk/subscribers/held",
        "/desk/subscribers/suppressions",
        "/desk/settings",
        "/desk/reports",
        "/desk/reports/weekly-2025-01-14",
        "/desk/reports/weekly-2025-01-14/failed",
        "/desk/send",
        "/desk/send/weekly/2025-01-21",
        "/desk/send/weekly/2025-01-21/readers/paused",
    ],
    "administrator": [
        "/desk/calendar/term",
        "/desk/settings",
        "/desk/settings/bulletins/weekly",
        "/desk/settings/people",
        "/desk/settings/record",
        "/desk/nothing",
    ],
}
EMPTY = [
    "/desk",
    "/desk/reports",
    "/desk/send",
    "/desk/calendar",
    "/desk/subscribers",
    "/desk/subscribers/imports",
    "/desk/subscribers/held",
]


def sign_in(page: Page, place: Place, url: str, role: str) -> None:
    address = parse(f"{role}@norfolk.example")
    with db.writing(place.engine) as connection:
        who = store.by_key(connection, address.key) or store.add(connection, address, role, place.clock.at)  # type: ignore[arg-type]
        token = entrance.make_link(connection, who, place.clock.at)
    page.goto(f"{url}/desk/sign-in/{token}")
    press(page, "Sign in")


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()


class Inspector:
    """Looks at the page in every width and colour, without loading it again."""

    def __init__(self, page: Page, looks: Looks | None) -> None:
        """`looks` None: one for each page, in turn."""
        self.page, self.turns, self.bytes = page, cycle([looks] if looks else TURNS), 0
        page.on("response", self._weigh)
        axe.at_hand(page.context)

    def _weigh(self, response: Response) -> None:
        """One page with all that it loads; what the browser still has counts too."""
        if response.request.is_navigation_request():
            self.bytes = 0
        self.bytes += int(response.headers.get("content-length", 0))

    def __call__(self, name: str) -> None:
        self.page.wait_for_load_state("load")
        assert self.bytes <= MOST_BYTES, f"{name}: {self.bytes} bytes"
        for width, scheme in next(self.turns):
            self.page.set_viewport_size(ViewportSize(width=width, height=900))
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            where = f"{name}, {width}, {scheme}"
            assert axe.violations(self.page) == [], where
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} scrolls sideways"
            assert self.page.evaluate(TOO_SMALL, SMALLEST) == [], where
        assert self.page.locator("h1").count() == 1, name
        assert self.page.locator("script:not([src]), [style], style").count() == 0, name
        self.bytes = 0


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("looks", [SOME, ALL])
def test_every_page_of_a_desk_in_use_is_accessible(
    browser: Browser, living_desk: tuple[Place, str], looks: Looks
) -> None:
    place, url = living_desk
    for role, paths in FULL.items():
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        sign_in(page, place, url, role)
        look = Inspector(page, looks)
        for path in paths:
            page.goto(url + path)
            look(path)
        context.close()


@pytest.mark.parametrize("looks", [None, ALL])
def test_every_error_and_every_answer_is_accessible(
    page: Page, living_desk: tuple[Place, str], looks: Looks | None
) -> None:
    place, url = living_desk
    look = Inspector(page, looks)
    page.goto(f"{url}/desk/sign-in")
    look("sign-in")
    press(page, "Send me the link")
    look("sign-in, with a problem")
    page.get_by_label("Your email address").fill("somebody@norfolk.example")
    press(page, "Send me the link")
    look("sent")
    page.goto(f"{url}/desk/sign-in/{'0' * 64}")
    look("used")
    sign_in(page, place, url, "administrator")
    page.goto(f"{url}/desk/subscribers")
    page.get_by_label("Find a subscriber").fill("ashfield")
    press(page, "Find")
    look("found")
    page.goto(f"{url}/desk/subscribers/add")
    press(page, "Add them")
    look("add, with problems")
    page.goto(f"{url}/desk/subscribers/import")
    press(page, "Show me the plan")
    look("import, with problems")
    content = (
        b"email,job,status\na@lyng.example,SENCO,active\nb@lyng.example,,unsubscribed\nc@lyng.example,,odd\nnobody,,\n"
    )
    page.get_by_label("Files").set_input_files({"name": "list.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_label("What was the old list called?").fill("SEND list")
    press(page, "Show me the plan")
    look("plan")
    page.goto(f"{url}/desk/subscribers/suppressions")
    page.get_by_label("Ask about an address").fill("office@hingham.example")
    press(page, "Ask")
    look("a no")
    page.goto(f"{url}/desk/settings/bulletins/weekly")
    page.get_by_label("Strapline").fill("News for everybody")
    press(page, "Show me what would change")
    look("difference")
    page.goto(f"{url}/desk/settings/people")
    page.locator("summary").first.click()
    press(page, "Lock them out")
    look("people, with a problem")
    page.goto(f"{url}/desk?done=saved")
    look("notice")
    page.goto(f"{url}/desk/you")
    page.get_by_label("Your name").fill("Ada Broad & others")
    page.context.clear_cookies(name=session.COOKIE)
    press(page, "Save")
    look("signed out in the middle")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in again").click()
    sign_in(opened.value, place, url, "administrator")
    opened.value.close()
    press(page, "Send it once more")
    expect(page.get_by_label("Your name")).to_have_value("Ada Broad & others")


@pytest.mark.parametrize("looks", [None, ALL])
def test_an_empty_desk_is_accessible(page: Page, live: tuple[Place, str], looks: Looks | None) -> None:
    place, url = live
    sign_in(page, place, url, "administrator")
    look = Inspector(page, looks)
    for path in EMPTY:
        page.goto(url + path)
        look(path)


def test_a_colleague_s_day_by_keyboard_alone_and_without_script(
    browser: Browser, living_desk: tuple[Place, str]
) -> None:
    """From the letter to a reader who wants to leave, and out."""
    place, url = living_desk
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    keys = page.keyboard

    def reach(name: str, role: str) -> None:
        wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
        for _ in range(60):
            keys.press("Tab")
            if wanted.evaluate("found => found === document.activeElement"):
                return
        raise AssertionError(f"{name} cannot be reached by Tab")

    def enter() -> None:
        with page.expect_navigation():
            keys.press("Enter")

    page.goto(f"{url}/desk")
    reach("Your email address", "textbox")
    keys.type("sender@norfolk.example")
    enter()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look in your mailbox")
    found = re.search(r"/desk/sign-in/\w+", place.mail_to("sender@norfolk.example")[-1].text)
    assert found
    page.goto(url + found[0])
    reach("Sign in", "button")
    enter()
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    reach("Subscribers", "link")
    enter()
    reach("Find a subscriber", "searchbox")
    keys.type("office@fak")
    enter()
    reach("office@fakenham.example", "link")
    enter()
    reach("End it", "button")
    enter()
    expect(page.get_by_role("status")).to_contain_text("They no longer get it")
    reach("Sign out", "button")
    enter()
    expect(page.get_by_role("status")).to_contain_text("You are signed out")
    page.goto(f"{url}/desk/subscribers")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()
