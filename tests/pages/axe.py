"""The accessibility rules of axe-core, for any page that a test has open."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import AXE

# Grey on white at 1.6:1. Where the fonts are missing nothing is drawn, and axe finds no contrast to measure.
KNOWN_BAD = (
    '<!doctype html><html lang="en"><title>Bad</title><main><h1 style="color:#ccc">Hard to read</h1></main></html>'
)


def violations(page: Page) -> list[str]:
    """Every rule that the page breaks, with the elements: `color-contrast: h1 > a`. All rules, best practice too."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{rule['id']}: {'; '.join(' '.join(map(str, n['target'])) for n in rule['nodes'])}" for rule in found]


@cache
def prove(browser: Browser) -> None:
    """Fails when axe would miss bad contrast in this browser: then its silence about other pages says nothing."""
    page = browser.new_page()
    page.set_content(KNOWN_BAD)
    found = violations(page)
    page.close()
    assert [rule for rule in found if rule.startswith("color-contrast:")], found


def at_hand(context: BrowserContext) -> None:
    """The rules come with each page instead of over the wire to it; a letter shown inside a page is judged elsewhere."""
    context.add_init_script(f"if (window === window.top) {{ {_source()} }}")


@cache
def _source() -> str:
    return AXE.read_text("utf-8")
