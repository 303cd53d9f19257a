"""The preview, as its writer uses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from desk.settings import load
from desk.starting import make_house
from desk.trying.preview import create_app


@pytest.fixture
def house(tmp_path: Path) -> Path:
    make_house(tmp_path / "house")
    return tmp_path / "house"


@pytest.fixture
def client(house: Path) -> FlaskClient:
    return create_app(load(house, environ={})).test_client()


@pytest.fixture
def address(house: Path) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(load(house, environ={})), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join(5)
    server.server_close()


def item(house: Path) -> Path:
    return next(house.glob("content/weekly/*/new-guidance-on-school-trips.md"))


def day(house: Path) -> str:
    return item(house).parent.name


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:8000", 200), ("127.0.0.1:8000", 200), ("evil.example:8000", 403)]
)
def test_no_other_website_reads_it_through_a_name_of_its_own(client: FlaskClient, host: str, status: int) -> None:
    assert client.get("/changed", headers={"Host": host}).status_code == status


def test_a_reader_sees_their_own_letter(client: FlaskClient, house: Path) -> None:
    everything = client.get(f"/letter/weekly/{day(house)}/all.html").text
    parents = client.get(f"/letter/weekly/{day(house)}/parents-carers.html").text
    assert "Tell us who your key contacts are" in everything
    assert client.get("/?as=governor").status_code == 200
    assert "Have your say on admission arrangements" in parents


def test_a_letter_can_run_no_script_and_frame_no_page(client: FlaskClient, house: Path) -> None:
    policy = client.get(f"/letter/weekly/{day(house)}/all.html").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy


def test_the_dark_letter_is_dark_whatever_this_browser_prefers(client: FlaskClient, house: Path) -> None:
    dark = client.get(f"/letter/weekly/{day(house)}/all.html?scheme=dark").text
    light = client.get(f"/letter/weekly/{day(house)}/all.html?scheme=light").text
    assert "@media all" in dark and "@media not all" in light
    assert "prefers-color-scheme" not in dark + light


def test_drafts_are_shown_to_their_writer(client: FlaskClient, house: Path) -> None:
    item(house).write_text(item(house).read_text().replace("summary:", "draft: yes\nsummary:", 1))
    assert "Guidance on school trips" in client.get(f"/letter/weekly/{day(house)}/all.html").text


def test_findings_stand_beside_the_letter(client: FlaskClient, house: Path) -> None:
    item(house).write_text(item(house).read_text() + "\n[Click here](https://council.example/).\n")
    assert "Must be mended" in client.get(f"/weekly/{day(house)}").text


def test_a_fault_in_the_settings_is_told_on_the_page(client: FlaskClient, house: Path) -> None:
    (house / "bulletin.toml").write_text("[publisher\n")
    answer = client.get("/")
    assert answer.status_code == 500 and "bulletin.toml" in answer.text


@pytest.mark.parametrize(
    "path", ["/nothing/", "/weekly/2031-01-01", "/weekly/x", "/static/..%2fwords.toml", "/picture/x"]
)
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.browser
def test_the_page_follows_a_file_that_is_saved(browser: Browser, address: str, house: Path) -> None:
    page = browser.new_page()
    page.goto(address)
    letter = page.frame_locator("#letter")
    expect(letter.get_by_role("heading", name="Guidance on school trips: what has changed")).to_be_visible()
    item(house).write_text(item(house).read_text().replace("what has changed", "saved anew"))
    expect(letter.get_by_role("heading", name="Guidance on school trips: saved anew")).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="Plain text").click()
    expect(page.frame_locator("#letter").locator("body")).to_contain_text("saved anew")
    page.get_by_label("As read by").select_option("governor")
    expect(page.get_by_role("button", name="Plain text")).to_have_attribute("aria-pressed", "true")
    page.close()


@pytest.mark.browser
def test_the_preview_is_accessible(browser: Browser, address: str) -> None:
    from tests.pages.axe import violations

    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(address)
        page.wait_for_timeout(300)
        assert violations(page) == []
        page.close()
