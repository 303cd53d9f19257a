"""Both databases, a mail server that can be told to misbehave, and a list to send to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from tests.databases import database, database_url, empty_database, postgresql_server
from tests.delivery.house import frozen
from tests.delivery.servers import MailServer

__all__ = ["database", "database_url", "empty_database", "postgresql_server"]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def listed(database: Engine) -> Callable[[int], int]:
    """Freezes a mailing to so many readers; its id."""
    return lambda number: frozen(database, number)
