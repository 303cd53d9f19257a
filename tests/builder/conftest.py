"""Editions, each built once for all tests of a worker."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.editions import EDITIONS, Built, build


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for caches: the letter's template is compiled once."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="session")
def built(kept: Path) -> Callable[[str], Built]:
    return cache(lambda name: build(name, kept))


@pytest.fixture(scope="session", params=EDITIONS)
def each(request: pytest.FixtureRequest, built: Callable[[str], Built]) -> Built:
    """Every edition in turn."""
    return built(request.param)


@pytest.fixture(scope="session")
def everything(built: Callable[[str], Built]) -> Built:
    return built("everything")
