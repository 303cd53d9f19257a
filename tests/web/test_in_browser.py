"""In a real browser, with a reader who has only the pages, a keyboard and a mailbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.pages import axe
from tests.web.place import Place

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SMALLEST = 24  # CSS pixels (WCAG 2.2, 2.5.8)
# Everything that can be pressed and is smaller, unless it stands in a sentence (the criterion's own exception).
TOO_SMALL = """size => [...document.querySelectorAll('a, button, input:not([type=hidden]), textarea, label')].filter(found => {
  const box = found.getBoundingClientRect(), parent = found.closest('p, li, td, dd, label')
  const alone = !parent || parent === found || parent.textContent.trim() === found.textContent.trim()
  const unseen = found.closest('.trap, .unseen') || found.matches('.unseen, .skip, .tick label')
  return !unseen && alone && box.width > 0 && (box.height < size || box.width < size)
}).map(found => found.outerHTML.slice(0, 120))"""
FORMS = [(width, scheme) for scheme in ("light", "dark") for width in (320, 1280)]


# The suite looks at a dark phone and a light desk; the proofs look at the other two as well.
LOOKED_AT = [
    pytest.param(form, id=f"{form[0]}-{form[1]}", marks=() if form in FORMS[1:3] else pytest.mark.prove)
    for form in FORMS
]


@pytest.fixture(params=LOOKED_AT)
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    width, scheme = request.param
    made = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB")
    axe.at_hand(made)
    yield made
    made.close()


class Inspector:
    """Looks at each page that the walk comes by."""

    def __init__(self, page: Page) -> None:
        self.page, self.seen = page, list[str]()

    def __call__(self, name: str) -> None:
        self.page.wait_for_load_state("load")
        assert axe.violations(self.page) == [], name
        assert self.page.evaluate(TOO_SMALL, SMALLEST) == [], name
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
        assert self.page.locator("h1").count() == 1, name
        assert self.page.locator("a[href$='/privacy/'], a[href$='/accessibility/']").count() >= 2, name
        assert self.page.locator("script:not([type='application/ld+json']), [style], style").count() == 0, name
        self.seen.append(name)


def press(page: Page, name: str, exact: bool = True) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=exact).click()


def test_axe_would_see_bad_contrast_here(browser: Browser) -> None:
    axe.prove(browser)


def test_every_page_and_state_is_accessible(context: BrowserContext, live: tuple[Place, str]) -> None:
    place, url = live
    page = context.new_page()
    look = Inspector(page)
    page.goto(f"{url}/subscribe")
    look("sign-up")
    press(page, "Subscribe")
    look("sign-up, with problems")
    page.get_by_label("Your email address").fill("head@school.example.org")
    page.get_by_label("Primary", exact=True).check()
    page.get_by_label("SEND bulletin").check()
    press(page, "See what", exact=False)
    look("sign-up, with a look at the last edition")
    press(page, "Subscribe with these choices")
    look("sent")
    confirm = url + place.mail[-1].link("confirm")
    page.goto(confirm)
    look("confirm")
    press(page, "Yes, send it to me")
    look("confirmed")
    page.goto(confirm)
    look("a used link")
    page.goto(f"{url}/useful/weekly/2025-01-14/welcome-to-one-update")
    look("a question")
    press(page, "Yes")
    look("a question, answered")
    own = url + place.mail[-1].link("preferences")
    page.goto(own)
    look("preferences")
    page.get_by_role("link", name="Change what you get of Together").click()
    look("choices")
    press(page, "Save")
    look("preferences, saved")
    page.get_by_role("link", name="Take a break from Together").click()
    look("pause")
    press(page, "Take a break")
    look("pause, with a problem")
    for part, typed in (("Day", "3"), ("Month", "3"), ("Year", "2025")):
        page.get_by_label(part, exact=True).fill(typed)
    press(page, "Take a break")
    look("preferences, paused")
    page.get_by_role("link", name="Change or end the break").click()
    look("paused")
    page.goto(f"{own}/address")
    look("address")
    press(page, "Write to both")
    look("address, with a problem")
    page.get_by_label("Your new email address").fill("new@school.example.org")
    press(page, "Write to both")
    look("address, sent")
    page.goto(url + place.mail_to("new@school.example.org")[-1].link("confirm"))
    look("confirm the new address")
    press(page, "Yes, move my updates")
    look("half moved")
    page.goto(url + place.mail_to("head@school.example.org")[-1].link("confirm"))
    look("confirm the old address")
    press(page, "Yes, move my updates")
    look("moved")
    page.goto(own)
    page.get_by_role("link", name="Unsubscribe from Together").click()
    look("unsubscribe")
    press(page, "Unsubscribe")
    look("left")
    press(page, "Undo")
    look("back")
    page.goto(url + place.mail[1].link("unsubscribe"))
    press(page, "Unsubscribe")
    press(page, "Tell us")
    look("thanks")
    page.goto(f"{own}/erase")
    look("erase")
    press(page, "Erase everything about me")
    look("erased")
    for path in (own, f"{url}/unsubscribe/x", f"{url}/nothing", f"{url}/preferences/x"):
        page.goto(path)
        look(path)
    assert len(look.seen) == 33


class Keyboard:
    """A reader without a mouse: Tab, Space, Enter, and letters."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def to(self, words: str, most: int = 90) -> None:
        """Tabs to what has this name; each stop on the way must be seen."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(NAME).startswith(words):
                assert self.page.evaluate(SEEN), f"the focus on {words} cannot be seen"
                return
        raise AssertionError(f"{words} is not reached by the keyboard")

    def press(self, words: str) -> None:
        self.to(words)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


NAME = """() => { const a = document.activeElement
  return ((a.labels && a.labels[0] ? a.labels[0].textContent : a.textContent) || '').trim() }"""
SEEN = """() => { const style = getComputedStyle(document.activeElement)
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 }"""


@pytest.mark.parametrize("width", [320, 1280])
def test_from_sign_up_to_goodbye_by_keyboard_alone(browser: Browser, live: tuple[Place, str], width: int) -> None:
    place, url = live
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=True)
    page = context.new_page()
    keys = Keyboard(page)
    page.goto(f"{url}/subscribe")
    keys.to("Skip to the main content")
    keys.to("Your email address")
    page.keyboard.type("head@school.example.org")
    keys.to("Primary")
    page.keyboard.press("Space")
    keys.press("See what")
    assert page.get_by_label("Primary", exact=True).is_checked()
    assert page.get_by_text("With these choices you would have had").is_visible()
    keys.press("Subscribe with")
    page.goto(url + place.mail[-1].link("confirm"))
    keys.press("Yes, send it to me")
    page.goto(url + place.mail[-1].link("preferences"))
    keys.press("Change")
    keys.to("SENCO")
    page.keyboard.press("Space")
    keys.press("Save")
    assert page.get_by_text("Primary, SENCO").is_visible()
    page.goto(url + place.mail[-1].link("preferences"))
    keys.press("Unsubscribe")
    keys.press("Unsubscribe")
    keys.press("Undo")
    assert page.get_by_role("heading", name="You are back on the list").is_visible()
    page.goto(url + place.mail[1].link("unsubscribe"))
    keys.press("Unsubscribe")
    assert page.get_by_role("heading", name="You are off the list").is_visible()
    assert place.mail[-1].subject.startswith("You will not get")
    context.close()


def test_everything_works_without_javascript(browser: Browser, live: tuple[Place, str]) -> None:
    place, url = live
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}/subscribe")
    page.get_by_label("Your email address").fill("head@school.example.org")
    page.keyboard.press("Enter")
    page.get_by_text("Look in your mailbox").wait_for()
    page.goto(url + place.mail[-1].link("confirm"))
    page.get_by_role("button").click()
    page.get_by_text("You are on the list").wait_for()
    context.close()


def test_a_problem_is_where_the_reader_is_after_the_press(browser: Browser, live: tuple[Place, str]) -> None:
    _, url = live
    page = browser.new_page()
    page.goto(f"{url}/subscribe")
    page.get_by_label("Your email address").fill("nobody")
    press(page, "Subscribe")
    page.wait_for_function("document.activeElement.className == 'summary'")
    page.get_by_role("link", name="Enter an email address like").press("Enter")
    assert page.evaluate("document.activeElement.id") == "address"
    page.close()


def test_the_browser_loads_nothing_from_elsewhere_and_breaks_no_policy(
    browser: Browser, live: tuple[Place, str]
) -> None:
    _, url = live
    page = browser.new_page()
    asked, said = list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for path in ("/", "/subscribe", "/unsubscribe/x"):
        page.goto(url + path)
    assert [each for each in asked if not each.startswith(url)] == []
    assert [each for each in said if "Content Security Policy" in each] == []
    page.close()
