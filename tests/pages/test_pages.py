"""W1, W2 and W9 on every kind of page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

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


@contextmanager
def opened(browser: Browser, url: str, width: int = 1280, scheme: Scheme = "light") -> Iterator[tuple[Page, list[str]]]:
    """The page, and everything that went wrong on it: errors, refusals of the policy, requests to elsewhere."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page, wrong = context.new_page(), []
    home = url.split("/", 3)[2]
    page.on("console", lambda message: wrong.append(message.text) if "404" not in message.text else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.split("/", 3)[2] == home else wrong.append(request.url))
    page.goto(url)
    yield page, wrong
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_rule_of_accessibility_is_broken_and_nothing_is_refused(browser: Browser, address: str, path: str) -> None:
    for scheme in SCHEMES:
        for width in (320, 1280):
            with opened(browser, address + path, width, scheme) as (page, wrong):
                assert axe.violations(page) == [], (scheme, width)
                assert wrong == []


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways_and_every_target_is_large_enough(browser: Browser, address: str, path: str) -> None:
    for width in (320, 768, 1280):
        with opened(browser, address + path, width) as (page, _):
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SMALL_TARGETS) == [], width


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


def test_the_contents_lead_to_the_item(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}editions/2025-01-14/", width=320) as (page, _):
        page.locator("nav.contents a", has_text="A meeting").click()
        assert page.url.endswith("#item-meeting")
        assert 0 <= page.evaluate("document.getElementById('item-meeting').getBoundingClientRect().top") < 400


# --- on paper --------------------------------------------------------------------------------------------------------


def test_paper_holds_the_words_and_none_of_the_buttons(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}editions/2025-01-14/", scheme="dark") as (page, _):
        page.emulate_media(media="print", color_scheme="dark")
        for hidden in (".menu", ".invite", ".contents", ".crumbs", ".back"):
            assert not page.locator(hidden).first.is_visible(), hidden
        assert page.locator("#item-news").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
