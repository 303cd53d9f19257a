"""W1, W2 and W9 on every kind of page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.builder.written import site_of, write_house
from tests.pages import axe
from tests.pages.conftest import PAGES
from tests.pages.served import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

# Text that the reader may need to aim at inside a sentence is exempt from the target size (WCAG 2.2, 2.5.8).
SMALL_TARGETS = """() => [...document.querySelectorAll('a')].filter(a => !a.closest('.prose, dd, .meta, .ended'))
  .map(a => [a.textContent.trim(), a.getBoundingClientRect()]).filter(([, r]) => r.width < 24 || r.height < 24)
  .map(([text, r]) => `${text} ${r.width}x${r.height}`)"""
FOCUS = """() => { const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e)
  return {tag: e.tagName, name: e.textContent.trim(), seen: r.width > 0 && r.height > 0 && r.bottom > 0
    && r.top < innerHeight && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2} }"""


@pytest.fixture(scope="module", autouse=True)
def trust(browser: Browser) -> None:
    axe.prove(browser)


class Window:
    """One window for many pages: a page is loaded once and then looked at in every width and colour."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page, self.address, self.wrong = context.new_page(), address, list[str]()
        watch(self.page, self.wrong, address)

    def show(self, path: str) -> Page:
        self.look(320, "light")
        self.wrong.clear()
        self.page.goto(self.address + path)
        return self.page

    def look(self, width: int, scheme: Scheme) -> None:
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme)


@pytest.fixture(scope="module")
def window(browser: Browser, address: str) -> Iterator[Window]:
    context = browser.new_context(reduced_motion="reduce")
    axe.at_hand(context)
    yield Window(context, address)
    context.close()


def watch(page: Page, wrong: list[str], url: str) -> None:
    home = url.split("/", 3)[2]
    page.on("console", lambda message: wrong.append(message.text) if "404" not in message.text else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.split("/", 3)[2] == home else wrong.append(request.url))


@contextmanager
def opened(browser: Browser, url: str, width: int = 1280, scheme: Scheme = "light") -> Iterator[tuple[Page, list[str]]]:
    """The page, and everything that went wrong on it: errors, refusals of the policy, requests to elsewhere."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    axe.at_hand(context)
    page, wrong = context.new_page(), list[str]()
    watch(page, wrong, url)
    page.goto(url)
    yield page, wrong
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_rule_of_accessibility_is_broken_and_nothing_is_refused(window: Window, path: str) -> None:
    page = window.show(path)
    for scheme in SCHEMES:
        for width in (320, 1280):
            window.look(width, scheme)
            assert axe.violations(page) == [], (scheme, width)
            assert window.wrong == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_and_every_target_is_large_enough(window: Window, path: str) -> None:
    page = window.show(path)
    for width in (320, 768, 1280):
        window.look(width, "light")
        assert page.evaluate("[innerWidth, document.documentElement.scrollWidth <= innerWidth]") == [width, True]
        assert page.evaluate(SMALL_TARGETS) == [], width


def test_a_window_shows_the_width_and_the_colours_that_are_asked_for(window: Window) -> None:
    """The control: a page that is not loaded anew takes on the other look."""
    page, seen = window.show(""), set[tuple[int, str]]()
    for scheme in SCHEMES:
        for width in (320, 1280):
            window.look(width, scheme)
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert page.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [
                width,
                scheme == "dark",
            ]
            seen.add((width, ground))
    assert len(seen) == 4


def test_an_empty_house_has_an_accessible_home(browser: Browser, tmp_path: Path) -> None:
    with served(site_of(write_house(tmp_path, {}))) as address:
        for path in ("/", "/editions/"):
            with opened(browser, address + path) as (page, wrong):
                assert axe.violations(page) == [] and wrong == []


# --- by keyboard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "editions/2025-01-14/", "items/news/", "documents/vision/"])
def test_the_keyboard_reaches_every_link_in_reading_order_and_sees_where_it_is(
    browser: Browser, address: str, path: str
) -> None:
    with opened(browser, address + path) as (page, _):
        links = page.locator("a[href]")
        expected = [text.strip() for text in links.all_text_contents()]
        reached = []
        while len(reached) < len(expected):
            page.keyboard.press("Tab")
            focus = page.evaluate(FOCUS)
            assert focus["seen"], focus
            if focus["tag"] == "A":
                reached.append(focus["name"])
            assert focus["tag"] != "BODY", (reached, expected)
        assert reached == expected


def test_the_first_stop_skips_to_the_content(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}editions/2025-01-14/") as (page, _):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_contents_are_folded_up_on_a_phone_and_lead_to_the_item(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}editions/2025-01-14/", width=320) as (page, _):
        link = page.locator("nav.contents a", has_text="A meeting")
        assert not link.is_visible()
        count = page.locator(".body h3").count()
        page.get_by_text(f"On this page ({count})", exact=True).click()
        link.click()
        assert page.url.endswith("#item-meeting")
        assert 0 <= page.evaluate("document.getElementById('item-meeting').getBoundingClientRect().top") < 400


def test_where_there_is_room_the_contents_stand_open_and_the_keyboard_comes_through_them(
    browser: Browser, address: str
) -> None:
    with opened(browser, f"{address}editions/2025-01-14/", width=1280) as (page, _):
        assert page.locator("nav.contents a", has_text="A meeting").is_visible()
        assert not page.locator("nav.contents summary").is_visible()
        page.locator("nav.contents").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('nav.contents a')")


# --- on paper --------------------------------------------------------------------------------------------------------


def test_paper_holds_the_words_and_none_of_the_buttons(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}editions/2025-01-14/", scheme="dark") as (page, _):
        page.emulate_media(media="print", color_scheme="dark")
        for hidden in (".menu", ".invite", ".contents", ".crumbs", ".back"):
            assert not page.locator(hidden).first.is_visible(), hidden
        assert page.locator("#item-news").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
