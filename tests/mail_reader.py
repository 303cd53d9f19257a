"""A browser as a mail programme: it shows a letter, hands it our own pictures, and notes whatever else it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Route

from tests.browser import AXE
from tests.editions import Built
from tests.pages.axe import at_hand

Scheme = Literal["light", "dark"]
ADDRESS = "https://mail.example/letter"
# A letter is shown inside a mail programme's page: its landmarks are not ours to give.
NOT_FOR_MAIL = ["landmark-one-main", "region"]


@dataclass
class Opened:
    page: Page
    asked: list[str] = field(default_factory=list)
    """Every address asked for, but the letter itself and our own pictures."""
    said: list[str] = field(default_factory=list)
    """Dialogs, and what scripts wrote or threw."""


@contextmanager
def opened(
    browser: Browser,
    html: str,
    built: Built,
    *,
    width: int = 600,
    scheme: Scheme = "light",
    pictures: bool = True,
    scripts: bool = True,
    rules: bool = False,
) -> Iterator[Opened]:
    """`rules`: the page has axe-core at hand from the start."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    )
    own = built.press.house.publisher.url + "/images/"
    folder = built.press.kept / "pictures"
    if rules:
        at_hand(context)
    reader = Opened(context.new_page())

    def answer(route: Route) -> None:
        url = route.request.url
        if url == ADDRESS:
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        elif url.startswith(own) and (folder / url.removeprefix(own)).is_file():
            route.fulfill(path=folder / url.removeprefix(own)) if pictures else route.abort()
        else:
            reader.asked.append(url)
            route.abort()

    context.route("**/*", answer)
    _listen(reader)
    try:
        reader.page.goto(ADDRESS)
        yield reader
    finally:
        context.close()


def _listen(reader: Opened) -> None:
    page = reader.page
    page.on("dialog", lambda dialog: (reader.said.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: reader.said.append(f"error {error}"))
    page.on("popup", lambda popup: reader.said.append(f"popup {popup.url}"))
    page.on(
        "console", lambda message: reader.said.append(f"console {message.text}") if _matters(message.text) else None
    )


def _matters(text: str) -> bool:
    """Chromium itself says that a picture was not loaded; that is no script's doing."""
    return not text.startswith("Failed to load resource")


def axe(page: Page, *, without: list[str] = NOT_FOR_MAIL) -> list[str]:
    """What axe-core finds, and what it could not decide about contrast, one line each."""
    options = {"rules": {rule: {"enabled": False} for rule in without}, "resultTypes": ["violations", "incomplete"]}
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    undecided = [rule for rule in found["incomplete"] if rule["id"] == "color-contrast"]
    return [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in [*found["violations"], *undecided]
        for node in rule["nodes"]
    ]
