"""One real browser for all the tests that want one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import browser as chromium
from tests.databases import postgresql_server

__all__ = ["postgresql_server"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium.browser() as opened:
        yield opened


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whoever wants nothing but browser tests need not wait until all the other files have been read."""
    wanted: str = config.option.markexpr
    is_test = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    return (
        True if wanted.startswith("browser") and is_test and "mark.browser" not in collection_path.read_text() else None
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: the browser's own event loop runs until the end, and no other can start beside it."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
