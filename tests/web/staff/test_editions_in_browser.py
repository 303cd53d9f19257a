"""The editions' rooms in a real browser: accessible in every state, by keyboard, with the mouse, and a whole journey."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request

from desk.staff.model import Role
from desk.web.staff import session
from tests.pages import axe
from tests.web.conftest import serving
from tests.web.place import Place
from tests.web.staff.writing import BOARD, FOLDER, Writer, as_new, open_desk

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
ITEM = f"{BOARD}/calm-starts"
OBSCURED = """() => { const e = document.activeElement, r = e.getBoundingClientRect()
  return e !== document.body && (r.bottom <= 0 || r.top >= innerHeight) }"""
At = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def live(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        place = open_desk(tmp_path_factory.mktemp("live") / "house", migrated_file)
        with serving(place, listening) as address:
            yield place, address.replace("127.0.0.1", "localhost")
        place.engine.dispose()


@pytest.fixture
def at(browser: Browser, live: tuple[Place, str]) -> At:
    place, address = live
    as_new(place)

    @contextmanager
    def opened(role: Role, name: str, script: bool = True, width: int = 1280) -> Iterator[Page]:
        """A page of somebody who is signed in; whatever went wrong on it fails the test."""
        token = place.at_desk(role, name).client.get_cookie(session.COOKIE)
        assert token
        context = browser.new_context(
            viewport={"width": width, "height": 900}, base_url=address, java_script_enabled=script, reduced_motion="reduce"
        )  # fmt: skip
        if script:
            axe.at_hand(context)
        context.add_cookies([{"name": session.COOKIE, "value": token.value, "domain": "localhost", "path": "/", "secure": True}])  # fmt: skip
        page, wrong = context.new_page(), list[str]()
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)  # fmt: skip
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        context.close()
        assert wrong == []

    return opened


def file(live: tuple[Place, str], slug: str = "calm-starts") -> str:
    return (live[0].settings.root / FOLDER / f"{slug}.md").read_text()


# --- accessible ------------------------------------------------------------------------------------------------------


ONE_OF_EACH = (("light", 1280), ("dark", 320))
PLAIN = ("add", "reuse", "text", "rename", "delete", "versions")  # a heading and a form or a list: with every way only
ALL = (*ONE_OF_EACH, ("light", 320), ("dark", 1280))


def looked_at(page: Page, what: str, ways: tuple[tuple[str, int], ...]) -> list[str]:
    """Every rule that is broken, and every page that is wider than its window."""
    found = []
    for scheme, width in ways:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{what}, {scheme} {width}: {rule}" for rule in axe.violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{what}: wider than {width}")
    return found


@pytest.mark.parametrize("ways", [ONE_OF_EACH, pytest.param(ALL, marks=pytest.mark.prove)])
def test_no_page_breaks_a_rule_of_accessibility_full_empty_or_with_problems(browser: Browser, live: tuple[Place, str], at: At, ways: tuple[tuple[str, int], ...]) -> None:  # fmt: skip
    axe.prove(browser)
    hand = Writer(live[0].at_desk("administrator", "Ada"))
    hand.press(ITEM, "Save", {"d-expires-day": "1 January 2024", "h-draft": "yes", "words": "Which day?"})
    hand.press(f"{BOARD}/safer-internet-day", "Show", {"body": "[click here](x.md)"})
    hand.press(f"{BOARD}/emergency-closures/delete", "Take it away")
    hand.press("/desk/editions", "Begin")
    version = f"{ITEM}/versions/{_first_version(hand)}"
    found: list[str] = []
    with at("administrator", "Ada") as page:
        for path in (
            "/desk/editions", BOARD, "/desk/editions/weekly/2025-01-28", ITEM, f"{BOARD}/edition", f"{BOARD}/edition/add",
            f"{BOARD}/edition/reuse", f"{BOARD}/edition/shelf", "/desk/editions/weekly/2025-01-28/edition/shelf",
            f"{ITEM}/versions", version, f"{ITEM}/text", f"{ITEM}/rename", f"{ITEM}/delete",
        ):  # fmt: skip
            if ways is ONE_OF_EACH and path.rpartition("/")[2] in PLAIN:
                continue
            page.goto(path)
            found += looked_at(page, path, ways)
        page.goto(f"{BOARD}/edition/add")
        page.get_by_role("button", name="Begin the item").click()
        found += looked_at(page, "a refused form", ways)
        page.goto(BOARD)
        page.get_by_role("button", name="Approve").click()
        found += looked_at(page, "a refused approval", ways)
        page.goto(ITEM)
        for day in ("soon", "1"):
            page.locator("#d-expires-day").fill(day)
            page.get_by_role("button", name="Save", exact=True).last.click()
            page.wait_for_load_state()
            found += looked_at(page, "a date that is none", ways) if day == "soon" else []
        hand.press(ITEM, "Save", {"h-title": "Faster"})
        page.get_by_label("Headline").fill("Slower")
        page.get_by_role("button", name="Save", exact=True).last.click()
        page.get_by_role("heading", name="Somebody else has changed this item").wait_for()
        found += looked_at(page, "a conflict", ways)
    assert found == []


def _first_version(hand: Writer) -> str:
    links = re.findall(r"/versions/([0-9a-f-]+)", hand.read(f"{ITEM}/versions"))
    return str(links[-1])


# --- with a script ---------------------------------------------------------------------------------------------------


def order(page: Page) -> list[str]:
    return page.eval_on_selector_all(".cards > li", "items => items.map(item => item.id)")  # type: ignore[no-any-return]


def test_items_move_by_mouse_and_by_keyboard_and_the_files_follow(live: tuple[Place, str], at: At) -> None:
    with at("editor", "Edith") as page:
        page.goto(BOARD)
        before = order(page)
        with page.expect_response("**/edition/move"):
            page.locator(f"#{before[1]}").drag_to(page.locator(f"#{before[4]}"), target_position={"x": 60, "y": 5})
        moved = order(page)
        assert moved.index(before[1]) == moved.index(before[4]) - 1
        button = page.get_by_role("button", name="Move down:").nth(1)
        button.focus()
        with page.expect_response("**/edition/move"):
            page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.value") == moved[1]
        shown = order(page)
        page.reload()
        assert order(page) == shown != moved
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_what_is_typed_is_kept_shown_and_there_after_the_tab_is_closed(live: tuple[Place, str], at: At) -> None:
    before = file(live)
    with at("writer", "Wendy") as page:
        page.goto(ITEM)
        page.get_by_label("Text", exact=True).fill("Words with *stars* and\n\n[click here](https://example.org)")
        letter = page.frame_locator("#glass iframe:not(.coming)")
        letter.locator("em", has_text="stars").wait_for()
        page.locator("#found-body .place", has_text="Line 3").click()
        assert page.evaluate("getSelection().toString() || document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)") == "[click here](https://example.org)"  # fmt: skip
        page.keyboard.press("Control+b")
        page.keyboard.type("bold")
        letter.locator("strong", has_text="bold").wait_for()
        page.get_by_label("Read as").select_option(label="A college tutor")
        page.get_by_text("This reader does not get this item.").wait_for()
        page.get_by_label("Read as").select_option(label="Everything")
        page.get_by_label("On", exact=True).select_option("text")
        page.frame_locator("#glass iframe:not(.coming)").get_by_text("Words with stars and").wait_for()
    assert file(live) == before
    with at("writer", "Wendy") as page:
        page.goto(ITEM)
        assert "**bold**" in page.get_by_label("Text", exact=True).input_value()
        assert page.get_by_role("status").filter(has_text="have not saved yet").is_visible()


def weight(page: Page, path: str) -> int:
    """Bytes that came over the line, the letter in its frame among them, photos not."""
    asked: list[Request] = []
    page.on("requestfinished", lambda one: asked.append(one))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert len(asked) >= 3
    return sum(one.sizes()["responseBodySize"] for one in asked if one.resource_type != "image")


def test_no_page_weighs_more_than_a_hundred_kilobytes_without_its_photos(live: tuple[Place, str], at: At) -> None:
    folder = live[0].settings.root / FOLDER
    for number in range(180):
        (folder / f"item-{number:03}.md").write_text(
            f"---\ntitle: A headline of the usual length {number}\n---\nWords.\n"
        )
    for path in ("/desk/editions", BOARD, ITEM, f"{BOARD}/edition"):
        with at("editor", "Edith") as page:
            assert 10_000 < weight(page, path) <= 100_000, path


# --- the journey -----------------------------------------------------------------------------------------------------


def test_somebody_who_never_saw_a_terminal_writes_an_item_that_is_approved(live: tuple[Place, str], at: At) -> None:
    """She begins it, sees it as a SENCO, is asked something, mends it; it is approved. By keyboard where it is natural."""
    with at("writer", "Wendy") as wendy, at("sender", "Sam") as sam:
        wendy.goto("/desk")
        wendy.get_by_role("link", name="Editions").click()
        wendy.get_by_role("link", name="Your first Tuesday update").click()
        wendy.get_by_role("link", name="Add an item").click()
        wendy.get_by_label("Headline").fill("New drop-in for SENCOs")
        wendy.get_by_label("Event", exact=True).check()
        wendy.get_by_role("button", name="Begin the item").click()
        wendy.get_by_role("group", name="Starts").get_by_label("Day", exact=True).fill("Tuesday 5 February 2025, 4pm")
        wendy.get_by_label("Headline").focus()
        wendy.get_by_label("Headline").focus()
        wendy.get_by_text("is a Wednesday, not a Tuesday").first.wait_for()
        wendy.get_by_role("group", name="Starts").get_by_label("Day", exact=True).fill("Wednesday 5 February 2025, 4pm")
        wendy.get_by_label("Summary").fill("Bring a question to our online drop-in after school.")
        wendy.get_by_label("Text", exact=True).fill("Our team answers your questions. Places are free.")
        wendy.get_by_label("SENCO", exact=True).check()
        wendy.get_by_label("Read as").select_option(label="A SENCO in a secondary school")
        letter = wendy.frame_locator("#glass iframe:not(.coming)")
        letter.get_by_text("Wednesday 5 February 2025, 4pm").wait_for()
        wendy.get_by_label("This is a draft").uncheck()
        wendy.get_by_role("button", name="Save and go to the board").click()
        wendy.get_by_role("button", name="Send for review").click()

        sam.goto(BOARD)
        sam.get_by_role("link", name="New drop-in for SENCOs").click()
        sam.get_by_label("Say something about it").fill("Where do they sign up?")
        sam.get_by_role("button", name="Send the comment").click()

        wendy.reload()
        wendy.get_by_text("1 comment").wait_for()
        wendy.get_by_role("link", name="New drop-in for SENCOs").click()
        wendy.get_by_label("How to book").fill("send@norfolk.example")
        wendy.get_by_role("button", name="Save", exact=True).last.click()
        wendy.get_by_role("button", name=re.compile("Settle.*Sam")).click()

        sam.goto(BOARD)
        sam.get_by_role("button", name="Approve").click()
        assert sam.get_by_text("Approved by Sam").is_visible()
        sam.get_by_role("button", name="Schedule").click()
        assert sam.get_by_text("Scheduled by Sam").is_visible()
    text = file(live, "new-drop-in-for-sencos")
    for line in (
        "kind: event",
        "audience: senco",
        "starts: Wednesday 5 February 2025, 4pm",
        "book: send@norfolk.example",
    ):
        assert f"\n{line}\n" in text


def test_every_control_of_a_form_is_reached_by_the_keyboard_and_seen(at: At) -> None:
    for width in (1280, 320):
        with at("editor", "Edith", width=width) as page:
            page.goto(ITEM)
            seen = []
            for _ in range(75):
                page.keyboard.press("Tab")
                seen.append(
                    page.evaluate(
                        "document.activeElement.id || document.activeElement.name || document.activeElement.textContent"
                    )
                )
                assert not page.evaluate(OBSCURED), seen[-1]
            for name in ("h-title", "body", "a-senco", "picture", "h-section", "as", "view"):
                assert name in seen, name
