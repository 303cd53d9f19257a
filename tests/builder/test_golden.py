"""Whole editions, byte by byte. When one differs and is meant to: `make golden`, and read the difference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.editions import Built
from tests.golden import FOLDER, NAMES, forms


@pytest.mark.parametrize("name", NAMES)
def test_an_edition_comes_out_as_it_was_accepted(built: Callable[[str], Built], name: str) -> None:
    for file, text in forms(built(name)).items():
        assert text.splitlines() == (FOLDER / name / file).read_text("utf-8").splitlines(), file
