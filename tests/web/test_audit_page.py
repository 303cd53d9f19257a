"""The audit of an import, in a real browser: it is read by an officer who may see, hear or print it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from desk.cli import main
from desk.starting import make_house
from tests.pages import axe

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
LIST = """email,status
new@x.co.uk,subscribed
no@x.co.uk,unsubscribed
perhaps@x.co.uk,weird
a.very.long.address.with.many.parts.and.more.still@an.unusually.long.domain.of.a.school.trust.co.uk,subscribed
nobody,subscribed
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of outcome but one, and a row that names nobody."""
    folder = tmp_path_factory.mktemp("audit")
    make_house(folder / "house")
    (folder / "list.csv").write_text(LIST)
    words = ["-C", str(folder / "house"), "subscribers", "import", "--source", "old", str(folder / "list.csv"), "--yes"]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder / "house" / "var" / "reports" / "import-1.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_audit_breaks_no_rule(browser: Browser, report: Path, width: int, scheme: str) -> None:
    axe.prove(browser)
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    axe.at_hand(context)
    page = context.new_page()
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.locator("details").count() >= 3
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    context.close()
