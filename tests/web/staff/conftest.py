"""The house of `make serve`, filled once; each test works on a copy."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

import db
from desk.commands.common import moment
from desk.settings import Settings
from desk.trying import living
from desk.web.app import create_app
from tests.editions import ROOT
from tests.web.conftest import KEYS, serving
from tests.web.place import Clock, Place


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, datetime]:
    """In a process of its own: a sending has an event loop, and a browser test has one already."""
    folder = tmp_path_factory.mktemp("living") / "house"
    command = [sys.executable, "-m", "desk.trying.living", "--only-fill", "--folder", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    settings = living.settings_of(folder, "http://localhost")
    now = moment(living.NOW, settings)
    return settings, now


@pytest.fixture
def alive(filled: tuple[Settings, datetime], tmp_path: Path) -> tuple[Settings, datetime]:
    """A copy that a test may change."""
    settings, now = filled
    shutil.copytree(settings.root, tmp_path / "house")
    return living.settings_of(tmp_path / "house", "http://localhost"), now


@pytest.fixture
def open_alive(alive: tuple[Settings, datetime]) -> Iterator[Callable[[str], Place]]:
    """The living house as a place, whose letters lead to `url`."""
    opened: list[Place] = []

    def open_one(url: str = "http://localhost") -> Place:
        settings, now = living.settings_of(alive[0].root, url), alive[1]
        engine, clock = db.open_database("sqlite:///var/bulletin.db", root=settings.root), Clock(at=now)
        outbox = settings.root / "var" / "letters"
        app = create_app(settings, engine=engine, keys=KEYS, clock=clock, outbox=outbox, pause=lambda _: None)
        opened.append(Place(app, engine, settings, outbox, clock))
        return opened[-1]

    yield open_one
    for place in opened:
        place.engine.dispose()


@pytest.fixture
def living_desk(open_alive: Callable[[str], Place]) -> Iterator[tuple[Place, str]]:
    """A desk that a browser can visit."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        place = open_alive(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with serving(place, listening) as url:
            yield place, url
