"""A school's story from the phone in the office to the web, with what people have: browsers, mailboxes, and a clock."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from desk import rounds
from desk.goodnews import acts
from desk.house import open_press
from desk.settings import load
from desk.web.app import create_app
from desk.web.staff import session
from tests.databases import open_migrated
from tests.editions import ROOT
from tests.goodnews.pictures import jpeg
from tests.goodnews.rooms import share_templates
from tests.pages import axe
from tests.web.conftest import KEYS, serving
from tests.web.place import Clock, Place
from tests.web.stories import WORDS, room_of
from tests.web.test_in_browser import SMALLEST, TOO_SMALL, Keyboard

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Place, str]]:
    """The shipped house with content of its own, under its real server, on a Wednesday."""
    house = tmp_path / "house"
    share_templates(house)
    shutil.copytree(ROOT / "content" / "weekly" / "2025-01-21", house / "content" / "weekly" / "2025-01-21")
    shutil.copytree(ROOT / "content" / "letters", house / "content" / "letters")
    shutil.copytree(ROOT / "content" / "pages", house / "content" / "pages")
    shutil.copy(ROOT / "content" / "schools.csv", house / "content")
    shutil.copy(ROOT / "bulletin.toml", house)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = load(house, None, {"BULLETIN__PUBLISHER__URL": url})
        engine = open_migrated(tmp_path / "bulletin.db")
        clock = Clock()
        app = create_app(settings, engine=engine, keys=KEYS, clock=clock, outbox=tmp_path / "outbox")
        place = Place(app, engine, settings, tmp_path / "outbox", clock)
        with serving(place, listening) as address:
            yield place, address
        engine.dispose()


def publish(place: Place) -> None:
    press = open_press(place.settings, now=place.clock.at)
    rounds.publish_archive(press)
    press.cache.close()


def signed_in(place: Place, context: BrowserContext) -> None:
    cookie = next(iter(place.at_desk("editor").client._cookies.values()))
    context.add_cookies(
        [
            {
                "name": session.COOKIE,
                "value": cookie.value,
                "domain": "127.0.0.1",
                "path": "/",
                "secure": True,
                "sameSite": "Lax",
            }
        ]
    )


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).last.click()


def look(page: Page, name: str, seen: list[str]) -> None:
    page.wait_for_load_state("load")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert axe.violations(page) == [], f"{name}, {scheme}"
    assert page.evaluate(TOO_SMALL, SMALLEST) == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    assert page.locator("h1").count() == 1, name
    seen.append(name)


def fill_in(page: Page) -> None:
    for label, key in (
        ("Your school or setting", "school"),
        ("Headline", "title"),
        ("Summary", "summary"),
        ("Your story", "text"),
        ("Your name", "name"),
        ("Your role", "role"),
        ("Your email address", "address"),
    ):
        page.get_by_label(label).fill(str(WORDS[key]))


def test_from_the_schools_phone_to_the_published_story_and_back(
    browser: Browser, live: tuple[Place, str], tmp_path: Path
) -> None:
    place, url = live
    seen: list[str] = []
    photo, drawing = tmp_path / "IMG_2031.jpg", tmp_path / "drawing.svg"
    photo.write_bytes(jpeg(1600, 1200))
    drawing.write_text("<svg/>")
    phone = browser.new_context(viewport={"width": 375, "height": 740}, locale="en-GB")
    axe.at_hand(phone)
    page = phone.new_page()
    page.goto(f"{url}/send-good-news")
    look(page, "the form", seen)
    press(page, "Continue")
    look(page, "the form, with problems", seen)
    fill_in(page)
    page.evaluate(
        "document.querySelector('main form').addEventListener('submit', e => e.preventDefault(), {once: true})"
    )
    page.locator("#send").click()
    expect(page.locator("#send")).to_contain_text("One moment")  # whoever waits on a slow line sees that it goes
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    expect(page.locator("#send")).to_have_text("Continue")
    page.get_by_label("Headline").fill("x" * 61)
    assert page.get_by_text("You have 1 character too many.").first.is_visible()
    page.get_by_label("Headline").fill(str(WORDS["title"]))
    page.get_by_label("Photos", exact=True).set_input_files([photo, drawing])
    press(page, "Continue")
    look(page, "the form, with a file that is no photo", seen)
    press(page, "Continue")
    look(page, "about the photo", seen)
    assert not page.get_by_label("In our emails").is_visible()
    page.get_by_label("Yes, and everyone").check()
    press(page, "Continue")
    look(page, "about the photo, with problems", seen)
    page.get_by_label("What does it show?").fill("Two children plant beans in a raised bed.")
    page.get_by_label("In our emails").check()
    page.get_by_label("On our website").check()
    page.get_by_label("Which member of staff").fill("Headteacher")
    page.get_by_role("group", name="On which day?").get_by_label("Day", exact=True).fill("2025-01-08")
    press(page, "Continue")
    look(page, "a last look", seen)
    press(page, "Send")
    look(page, "sent", seen)
    (letter,) = place.mail_to(str(WORDS["address"]))
    link = url + letter.link("send-good-news")

    office = browser.new_context(viewport={"width": 1280, "height": 900})
    axe.at_hand(office)
    signed_in(place, office)
    desk = office.new_page()
    desk.goto(f"{url}/desk/stories")
    look(desk, "the queue", seen)
    desk.get_by_role("link", name=str(WORDS["title"])).click()
    look(desk, "the story", seen)
    frame = desk.frame_locator("iframe[name=preview]")
    assert frame.get_by_role("heading", name=str(WORDS["title"])).is_visible()
    desk.get_by_label("Headline").fill("Six beds of beans")
    frame.get_by_role("heading", name="Six beds of beans").wait_for()
    press(desk, "Accept into the edition")
    look(desk, "accepted", seen)
    desk.goto(f"{url}/desk/stories/set-aside")
    look(desk, "set aside", seen)

    place.clock.at = datetime(2025, 1, 28, 9, 5, tzinfo=UTC)
    publish(place)
    with ThreadPoolExecutor(1) as clock:  # as on the server: the browser's own event loop runs in this thread
        assert clock.submit(acts.look_after, room_of(place)).result() == 1
    page.goto(link)
    look(page, "published", seen)
    page.get_by_role("link", name="Read it on the web").click()
    page.wait_for_load_state("load")
    assert page.get_by_role("heading", name="Six beds of beans").first.is_visible()
    item = page.url
    photo = page.locator("img[alt='Two children plant beans in a raised bed.']")
    photo.scroll_into_view_if_needed()  # it loads when it is about to be seen
    assert photo.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0

    page.goto(link)
    page.get_by_role("link", name="Take down the photos, or withdraw the story").click()
    look(page, "withdraw", seen)
    press(page, "Withdraw the story")
    look(page, "withdrawn", seen)
    page.goto(item)
    assert page.get_by_text("Six beds of beans").count() == 0
    subjects = [mail.subject.partition(":")[0] for mail in place.mail_to(str(WORDS["address"]))]
    assert subjects == [
        "We have your good news",
        "Your good news is in the edition of Tuesday 28 January 2025",
        "Your good news is out",
        "Your story is withdrawn",
    ]
    assert len(seen) == 14
    phone.close()
    office.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_a_story_is_sent_by_keyboard_alone_and_without_javascript(
    browser: Browser, live: tuple[Place, str], tmp_path: Path, width: int
) -> None:
    place, url = live
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=True)
    context.route("**/*.js*", lambda route: route.abort())  # our script never comes
    page = context.new_page()
    keys = Keyboard(page)
    page.goto(f"{url}/send-good-news")
    for label, key in (
        ("Your school or setting", "school"),
        ("Headline", "title"),
        ("Summary", "summary"),
        ("Your story", "text"),
        ("Your name", "name"),
        ("Your role", "role"),
        ("Your email address", "address"),
    ):
        keys.to(label)
        page.keyboard.insert_text(str(WORDS[key]))
    keys.press("Continue")
    keys.press("Send")
    assert page.get_by_text("Your story has arrived.").is_visible()
    keys.to("Change the story or its photos")
    keys.press("Withdraw the story")
    keys.press("Withdraw the story")
    assert page.get_by_text("Your story is withdrawn").first.is_visible()
    assert len(place.mail) == 2
    context.close()
