"""W3 for the archive: whatever an editor pastes into a title, an alt or a body, nothing in it runs (no policy helps)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.builder.written import item, picture, site_of, write_house
from tests.pages.served import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
WEEK = "weekly/2025-01-14"
PAYLOADS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "\" autofocus onfocus=\"alert(1)", "<svg onload=alert(1)>",
    "</title><script>alert(1)</script>", "<!--><script>alert(1)</script>", "]]><script>alert(1)</script>",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "![x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)", "<javascript:alert(1)>", "[x](vbscript:alert(1))",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<style>@import 'http://127.0.0.1:9/x'</style>",
    "<a href=javascript:alert(1)>x</a>", "<base href=//127.0.0.1:9/>", "<meta http-equiv=refresh content=0;url=//127.0.0.1:9>",
    "<form action=//127.0.0.1:9><input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>",
    "`<script>alert(1)</script>`", "> <script>alert(1)</script>", "| <script>alert(1)</script> |\n| --- |\n| x |",
    "{{ 7 * 7 }}{% raw %}", "\u2028<script>alert(1)</script>", "<math><mtext></p><style><img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;", "<x style=behavior:url(x)>",
    "[x]: javascript:alert(1)\n[x]", "<img src='x' alt='</style><script>alert(1)</script>'>", "\\<script>alert(1)</script>",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    files: dict[str, str | bytes] = {f"{WEEK}/a.png": picture()}
    for number, payload in enumerate(PAYLOADS):
        line = " ".join(payload.split())
        headers = {"summary": line, "image": "a.png", "alt": line, "credit": line, "contact": line, "venue": line}
        event = {"kind": "event", "starts": "14 February 2025", "book": line, "cost": line}
        files[f"{WEEK}/x-{number}.md"] = item(f"{line} ", f"{payload}\n\nWords.\n\n## {line}\n", **headers, **event)
        files[f"documents/d-{number}.md"] = f"---\ntitle: x {line}\nsummary: {line}\n---\n## {line}\n\n{payload}\n"
    return site_of(write_house(tmp_path_factory.mktemp("house"), files))


PLACES = ["", "editions/2025-01-14/", "documents/", *(f"items/x-{n}/" for n in range(len(PAYLOADS)))]


def test_nothing_that_was_pasted_runs_or_fetches(browser: Browser, site: dict[str, bytes]) -> None:
    documents = [f"documents/d-{n}/" for n in range(len(PAYLOADS))]
    with served(site, policy="") as address:
        page, wrong = browser.new_page(), []
        page.add_init_script("window.alert = () => document.documentElement.setAttribute('ran', '')")
        page.on("request", lambda request: None if request.url.startswith(address) else wrong.append(request.url))
        for path in [*PLACES, *documents]:
            page.goto(f"{address}/{path}")
            page.mouse.move(300, 300)
            assert page.locator("html[ran]").count() == 0, path
            assert (
                page.evaluate(
                    "document.querySelectorAll('script:not([type=\"application/ld+json\"]), iframe, base, form, svg').length"
                )
                == 0
            )
            assert (
                page.evaluate("[...document.links].filter(a => !/^(https?|mailto|tel):/.test(a.href)).length") == 0
            ), path
            assert page.url == f"{address}/{path}"
        page.close()
        assert wrong == []


def test_a_page_that_does_run_something_is_noticed(browser: Browser, site: dict[str, bytes], tmp_path: Path) -> None:
    """The control."""
    with served({**site, "bad/index.html": b"<!doctype html><script>alert(1)</script>"}, policy="") as address:
        page = browser.new_page()
        page.add_init_script("window.alert = () => document.documentElement.setAttribute('ran', '')")
        page.goto(f"{address}/bad/")
        assert page.locator("html[ran]").count() == 1
        page.close()
