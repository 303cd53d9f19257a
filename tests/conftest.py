"""One real browser for all the tests that want one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import browser as chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium.browser() as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: the browser's own event loop runs until the end, and no other can start beside it."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
