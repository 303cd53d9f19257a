"""The shipped house with its built archive, and a fresh public site for each test."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
import waitress

import db
from desk import rounds
from desk.house import open_press
from desk.settings import Settings
from desk.web.app import create_app
from subscribers.tokens import Keys
from tests import databases
from tests.web.place import MORNING, Clock, Place, make_house

KEYS = Keys(b"l" * 32, b"a" * 32)


@pytest.fixture(scope="session")
def house_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A house whose archive has been built, once for all tests."""
    folder = tmp_path_factory.mktemp("public-house")
    press = open_press(make_house(folder), now=MORNING)
    rounds.publish_archive(press)
    press.cache.close()
    return folder


@pytest.fixture(scope="session")
def migrated_file() -> Path:
    """A file with the current schema, to be copied."""
    return databases.migrated_file()


@pytest.fixture
def open_place(house_folder: Path, migrated_file: Path, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """A public site with an empty database and an empty mailbox."""
    opened: list[Place] = []

    def open_one(settings: Settings | None = None, *, clock: Clock | None = None, pause: bool = False) -> Place:
        settings = settings or make_house(house_folder)
        clock = clock or Clock()
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        shutil.copy(migrated_file, folder / "bulletin.db")
        engine = db.open_database(f"sqlite:///{folder}/bulletin.db")
        outbox, paused = folder / "outbox", list[float]()
        more = {} if pause else {"pause": paused.append}
        app = create_app(settings, engine=engine, keys=KEYS, clock=clock, outbox=outbox, **more)
        opened.append(Place(app, engine, settings, outbox, clock, paused))
        return opened[-1]

    yield open_one
    for place in opened:
        place.engine.dispose()


@pytest.fixture
def place(open_place: Callable[..., Place]) -> Place:
    return open_place()


@contextmanager
def serving(place: Place, listening: socket.socket) -> Iterator[str]:
    """The site under its real server, in a thread."""
    server = waitress.create_server(place.app, sockets=[listening], threads=4)

    def run() -> None:
        with suppress(OSError):  # closed under its hands at the end
            server.run()

    thread = Thread(target=run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.close()
    thread.join(5)


@pytest.fixture
def live(open_place: Callable[..., Place], house_folder: Path) -> Iterator[tuple[Place, str]]:
    """A site that a browser can visit, whose letters lead back to it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        place = open_place(make_house(house_folder, url))
        with serving(place, listening) as address:
            yield place, address
