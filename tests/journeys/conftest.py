"""A house for a journey, on either database, with a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import database_url
from tests.desk.sending_house import Desk, Inbox, make_house, over_smtp, receiving

__all__ = ["database_url"]


@pytest.fixture
def server() -> Iterator[tuple[Inbox, int]]:
    with receiving() as running:
        yield running


@pytest.fixture
def inbox(server: tuple[Inbox, int]) -> Inbox:
    return server[0]


@pytest.fixture
def desk(tmp_path: Path, server: tuple[Inbox, int], database_url: str) -> Desk:
    environ = {**over_smtp(server[1]), "BULLETIN__DB__URL": database_url}
    return Desk(make_house(tmp_path / "house"), environ)
