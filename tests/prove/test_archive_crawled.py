"""Ten years of a weekly update, published to a folder: every link followed, every page checked, and searched in a browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import icalendar
import pytest
from playwright.sync_api import Browser, Page

from bench._years import days, pieces, write_years
from tests.browser import ROOT
from tests.builder.crawl import crawl, files_of
from tests.pages.served import served
from tests.pages.test_pages import opened
from tests.pages.test_pages_html import checked
from tests.pages.test_search_page import POLICY, type_in

pytestmark = [pytest.mark.prove, pytest.mark.browser]
URL = "https://updates.council.example"
EDITIONS = 450
SPRING = (date(2024, 3, 1), date(2024, 5, 31))


class OnDisk(dict[str, bytes]):
    """A site that is too large to be held."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def get(self, path: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        file = self.top / path
        return file.read_bytes() if file.is_file() else default

    def __getitem__(self, path: str) -> bytes:
        return (self.top / path).read_bytes()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("ten-years")
    house = write_years(top / "house", EDITIONS)
    for words in (["build", "--archive"], ["publish", str(top / "www")]):
        subprocess.run([sys.executable, "-m", "desk.cli", "-C", str(house), *words], cwd=ROOT, check=True)
    return top / "www"


@pytest.fixture(scope="module")
def address(published: Path) -> Iterator[str]:
    with served(OnDisk(published), POLICY) as url:
        yield url


def test_every_link_leads_somewhere_and_every_file_is_led_to(published: Path) -> None:
    told = crawl(files_of(published), URL, ("subscribe", "send-good-news", "useful/*/*/*"))
    assert (told.broken, told.unreached, told.astray, told.unmapped) == ([], [], [], [])
    assert told.links > 1_000_000 and len(told.elsewhere) < 10


def test_the_checker_of_html_has_nothing_to_say_of_any_page(published: Path) -> None:
    assert len(list(published.rglob("*.html"))) > 12_000
    assert checked(published, 1800) == ""


def test_every_calendar_is_read(published: Path) -> None:
    found = list(published.rglob("*.ics"))
    assert len(found) > 1_000
    for file in found:
        icalendar.Calendar.from_ical(file.read_bytes())


# --- searched as a head's office searches ------------------------------------------------------------------------------


def test_last_springs_deadline_is_found_in_one_search(browser: Browser, address: str) -> None:
    day = next(day for day in days(EDITIONS) if SPRING[0] <= day <= SPRING[1])
    wanted = next(piece for piece in pieces(day) if piece.kind == "action")
    title, body = wanted.title.split(), wanted.body.split()
    with opened(browser, f"{address}/search/") as (page, wrong):
        found = type_in(page, f"{title[0]} {title[2]} {body[3]}")
        assert f"items/{wanted.slug}/" in found[:5]
        row = page.locator(".found-list li").nth(found.index(f"items/{wanted.slug}/"))
        assert row.locator(".meta").inner_text().startswith("By ") and "2024" in row.locator(".meta").inner_text()
        assert wrong == []


def test_a_phrase_a_beginning_a_slip_and_nothing_at_all(browser: Browser, address: str) -> None:
    piece = next(pieces(days(EDITIONS)[200]))
    words = piece.title.split()
    with opened(browser, f"{address}/search/") as (page, wrong):
        assert type_in(page, f'"{words[0]} {words[1]} {words[2]}"')[0] == f"items/{piece.slug}/"
        assert len(type_in(page, "inclu")) == 10
        exact = type_in(page, "transport census")
        assert type_in(page, "transport cencus") == exact and exact
        assert "come close" in page.locator(".found-count").inner_text()
        assert type_in(page, "xyzzyqwx") == []
        assert "Nothing was found" in page.locator(".found-count").inner_text()
        assert wrong == []


@pytest.mark.parametrize(
    ("name", "value"), [("Kind", "event"), ("For", "senco"), ("Section", "have-your-say"), ("From", "2024-03-01"), ("To", "2017-12-31")]
)  # fmt: skip
def test_each_filter_narrows_it_down_to_pages_that_are_there(
    browser: Browser, address: str, name: str, value: str
) -> None:
    with opened(browser, f"{address}/search/") as (page, wrong):
        every = _count(page, "school")
        page.locator("summary").click()
        box = page.get_by_label(name, exact=True)
        box.fill(value) if name in ("From", "To") else box.select_option(value)
        assert 0 < _count(page, "school") < every
        for path in type_in(page, "school"):
            assert page.request.get(f"{address}/{path}").status == 200
        assert wrong == []


def _count(page: Page, words: str) -> int:
    type_in(page, words)
    return int(page.locator(".found-count").inner_text().split()[0].replace(",", ""))
