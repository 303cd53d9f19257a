"""The search in a real browser, under a policy that allows the site's own scripts and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from builder.archive import archive
from builder.archive.search.query import Asked, search
from builder.press import Press
from desk.settings import load
from tests.builder import searching
from tests.builder.written import TEMPLATES, ZONE
from tests.pages import axe
from tests.pages.served import STRICT, served
from tests.pages.test_pages import SMALL_TARGETS, opened

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
POLICY = f"{STRICT}; script-src 'self'; connect-src 'self'"
GOLDEN = Path(__file__).parents[1] / "golden" / "search.json"
FIRST_KB, FIRST_MS, NEXT_MS = 100, 250, 120
NOISE = 6  # times: other work goes on on the machine that tests
EDITIONS = 40


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = searching.write_years(tmp_path_factory.mktemp("search") / "house", EDITIONS)
    now = datetime(2025, 7, 20, 9, tzinfo=ZONE)
    return dict(archive(Press(root, load(root, None, {}).house, (TEMPLATES,), now, root / "var" / "cache")))


@pytest.fixture(scope="module")
def address(site: dict[str, bytes]) -> Iterator[str]:
    with served(site, POLICY) as url:
        yield url


def type_in(page: Page, words: str) -> list[str]:
    """The paths of the results."""
    page.get_by_label("What are you looking for?").fill(words)
    turn = page.evaluate("document.querySelector('.found').dataset.done || ''")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_function("t => (document.querySelector('.found').dataset.done || '') !== t", arg=turn)
    links = page.locator(".found-list a").evaluate_all("all => all.map(a => new URL(a.href).pathname.slice(1))")
    return list(links)


def test_the_browser_finds_what_the_measure_finds(browser: Browser, address: str, site: dict[str, bytes]) -> None:
    items = searching.corpus(EDITIONS)
    asked = [question for question, _ in searching.questions(items, 12, seed=5)]
    title = next(iter(items.values()))[0].split()
    asked += [f"{title[0][:-2]}x{title[0][-1]} transport", "trnasport", "cencus"]
    asked += [f'"{title[0]} {title[1]}"', title[0][:4], f"census {title[2][:3]}", "nothing-like-this", "dates 4pm"]
    with opened(browser, f"{address}/search/") as (page, wrong):
        for question in asked:
            told = search(site.__getitem__, Asked(question), most=10)
            assert type_in(page, question) == [path for path, *_ in told.results], question
        page.locator("summary").click()
        page.get_by_label("Kind").select_option("event")
        filtered = search(site.__getitem__, Asked("", filters=("!k:event",)), most=10)
        assert type_in(page, "") == [path for path, *_ in filtered.results]
        assert page.locator(".found-count").inner_text() == f"{filtered.total:,} results"
        page.get_by_role("button", name="Show more").click()
        page.wait_for_function("() => document.querySelectorAll('.found-list li').length === 20")
        assert wrong == []


def test_the_script_takes_words_apart_as_the_builder_does(browser: Browser, address: str) -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    script = (TEMPLATES / "web" / "search.js").read_text("utf-8")
    inside = script[script.index("  const STOP") : script.index("  const top")]
    with opened(browser, f"{address}/search/") as (page, _):
        context = page.context.browser.new_context(bypass_csp=True)  # type: ignore[union-attr]
        free = context.new_page()
        told = free.evaluate(f"texts => {{ {inside}; return texts.map(t => plain(t).map(stem)) }}", list(golden))
        context.close()
    assert dict(zip(golden, told, strict=True)) == golden


def test_a_first_search_is_light_and_quick(browser: Browser, address: str) -> None:
    ((question, path),) = searching.questions(searching.corpus(EDITIONS), 1, seed=3)
    with opened(browser, "about:blank".replace("about:blank", f"{address}/search/")) as (page, _):
        sizes: list[int] = []
        page.on("response", lambda answer: sizes.append(len(answer.body())))
        took = []
        for words in (question, "census transport"):
            before = page.evaluate("performance.now()")
            found = type_in(page, words)
            took.append(page.evaluate("performance.now()") - before)
            if words == question:
                assert path in found[:5] and sum(sizes) < FIRST_KB * 1024
        assert took[0] < FIRST_MS * NOISE and took[1] < NEXT_MS * NOISE


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_state_of_the_page_is_accessible(browser: Browser, address: str, width: int, scheme: str) -> None:
    with opened(browser, f"{address}/search/", width, scheme) as (page, wrong):  # type: ignore[arg-type]
        assert axe.violations(page) == [] and page.evaluate(SMALL_TARGETS) == []
        page.locator("summary").click()
        for words in ("census", "xyzzy"):
            type_in(page, words)
            assert axe.violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.route("**/search/index.bin", lambda route: route.abort())
        page.reload()
        page.wait_for_function("() => document.querySelector('.found').dataset.done")
        assert "could not be done" in page.locator(".found-count").inner_text() and axe.violations(page) == []
        assert all("ERR_FAILED" in one for one in wrong)


def test_without_scripts_the_lists_lead_everywhere(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/search/")
    assert page.locator(".found").is_hidden()
    for name in ("SENCO", "Actions", "Primary"):
        assert page.locator(".browse").get_by_role("link", name=name, exact=True).count() == 1
    context.close()
