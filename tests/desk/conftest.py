"""A house with a mail server, for whatever sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.sending_house import Desk, Inbox, make_house, over_smtp, receiving


@pytest.fixture
def server() -> Iterator[tuple[Inbox, int]]:
    with receiving() as running:
        yield running


@pytest.fixture
def inbox(server: tuple[Inbox, int]) -> Inbox:
    return server[0]


@pytest.fixture
def desk(tmp_path: Path, server: tuple[Inbox, int]) -> Desk:
    return Desk(make_house(tmp_path / "house"), over_smtp(server[1]))


@pytest.fixture
def new_desk(tmp_path: Path, server: tuple[Inbox, int]) -> Desk:
    """Nothing was ever published there."""
    return Desk(make_house(tmp_path / "new", published=False), over_smtp(server[1]))
