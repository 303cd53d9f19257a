"""A house of its own for whoever writes, and a pen for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desk.editing.acts import Pen
from desk.editing.history import open_history
from desk.house import open_press
from desk.settings import load
from tests.desk.editing.houses import NOW, SAM, copy_house


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return copy_house(tmp_path / "house")


@pytest.fixture
def pen_of() -> Callable[[Path], Pen]:
    """The press is made anew each time, as a page does."""

    def made(root: Path) -> Pen:
        press = open_press(load(root, None, {}), now=NOW, drafts=True)
        return Pen(press, open_history(root), SAM, NOW)

    return made
