"""A reader's preferences page beside an empty route of the same framework, both under the production server."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Thread
from time import process_time
from typing import Any

from flask import Flask

from bench import Figure, interleaved

ROOT = Path(__file__).parent.parent
ROUNDS, REQUESTS = 15, 60
NOW = datetime(2025, 1, 22, 9, tzinfo=UTC)
GOAL = 3


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        app, path = preferences(Path(folder))
        with served(app) as ours, served(empty()) as theirs:
            ways = {"page": partial(fetched, ours, path), "empty": partial(fetched, theirs, "/")}
            medians = interleaved(ROUNDS, ways)
            direct = interleaved(ROUNDS, {"page": partial(called, app, path)})
    ratio = medians["page"] / medians["empty"]
    detail = f"{medians['page'] * 1000:.2f} ms against {medians['empty'] * 1000:.2f} ms; {direct['page'] * 1000:.2f} ms without the server"
    yield Figure("preferences page / empty Flask route, waitress", ratio, GOAL, at_most=True, detail=detail)


def empty() -> Flask:
    app = Flask("empty", static_folder=None)
    app.add_url_rule("/", "empty", lambda: "")
    return app


def preferences(folder: Path) -> tuple[Flask, str]:
    """The shipped house with one reader in it; their page's path."""
    import db
    from desk.settings import load
    from desk.web.app import create_app
    from subscribers import acts
    from subscribers.address import parse
    from subscribers.model import Choices, Proof
    from subscribers.tokens import Keys, signed_link

    for name in ("content", "bulletin.toml"):
        (folder / name).symlink_to(ROOT / name)
    engine, keys = db.open_database(f"sqlite:///{folder}/bulletin.db"), Keys(os.urandom(32), os.urandom(32))
    db.migrate(engine)
    app = create_app(load(folder, None, {}), engine=engine, keys=keys, clock=lambda: NOW)
    chosen, proof = Choices(frozenset({"primary", "senco"})), Proof(NOW, "bench")
    with db.writing(engine) as connection:
        reader = acts.add(
            connection, keys, parse("a@school.example.org"), "weekly", chosen, {"weekly": "consent"}, proof
        )
    return app, f"/preferences/{signed_link(keys, 'preferences', reader.id)}"


@contextmanager
def served(app: Flask) -> Iterator[int]:
    import waitress

    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4, ident=None)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(5)


def fetched(port: int, path: str) -> float:
    """Seconds a page, over one kept connection; the asking side does next to nothing."""
    asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:

        def fetch() -> None:
            connection.sendall(asked)
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 "), answer[:60]
            head, _, body = answer.partition(b"\r\n\r\n")
            missing = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]) - len(body)
            while missing > 0:
                missing -= len(connection.recv(65_536))

        return timed(fetch)


def called(app: Flask, path: str) -> float:
    """Seconds a page, without server and socket."""
    client: Any = app.test_client(use_cookies=False)
    return timed(lambda: client.get(path))


def timed(once: Callable[[], object]) -> float:
    once()
    began = process_time()
    for _ in range(REQUESTS):
        once()
    return (process_time() - began) / REQUESTS
