"""The desk's live preview on an edition of twenty items: from the end of a pause in typing to the new letter on the screen."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from threading import Thread
from time import process_time
from typing import Any

from bench import Figure
from bench.edition import DAY, write_house

ROOT = Path(__file__).parent.parent
NOW = datetime(2025, 1, 13, 9, tzinfo=UTC)
KEYS_TYPED = 25
GOAL_MS = 150
YEARS = 450  # editions: ten years and more
PAGE = f"/desk/editions/weekly/{DAY}/item-03"
# From the end of the pause (the script waits PAUSE ms after a key) to the frame that shows the new letter.
TYPE = """async key => {
  const body = document.getElementById('body'), glass = document.getElementById('glass'), PAUSE = 120
  const shown = new Promise(done => glass.addEventListener('shown', () => done(performance.now()), {once: true}))
  body.setRangeText(key, body.value.length, body.value.length, 'end')
  const at = performance.now()
  body.dispatchEvent(new InputEvent('input', {bubbles: true}))
  return await shown - at - PAUSE
}"""


def run() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        app, token = desk(Path(folder))
        server = _in_process(app, token)
        yield Figure(
            "live preview, server: keep, proof-read, render",
            median(server),
            GOAL_MS,
            " ms",
            at_most=True,
            detail=_spread(server),
        )
        with served(app) as address:
            seen = _in_browser(address, token)
        years = _after_years(Path(folder))
        yield Figure(
            f"the same with {YEARS} editions, server, CPU time",
            median(years),
            GOAL_MS,
            " ms",
            at_most=True,
            detail=_spread(years),
        )
        yield Figure(
            "live preview, on the screen after the pause",
            median(seen),
            GOAL_MS,
            " ms",
            at_most=True,
            detail=_spread(seen),
        )


def _spread(values: list[float]) -> str:
    return f"{len(values)} keys; p95 {quantiles(values, n=20)[-1]:.0f} ms"


def _after_years(folder: Path) -> list[float]:
    """An item of the newest of many editions: what was ever written must not be read again at each key."""
    from bench._years import days, pieces, write_years

    last = days(YEARS)[-1]
    item = next(iter(pieces(last)))
    (folder / "years").mkdir()
    app, token = desk(folder / "years", lambda place: write_years(place, YEARS))
    return _in_process(app, token, f"/desk/editions/weekly/{last}/{item.slug}")


def desk(folder: Path, write: Callable[[Path], Path] = write_house) -> tuple[Any, str]:
    """A house with somebody signed in."""
    import db
    from desk.settings import load
    from desk.staff import entrance, store
    from desk.web.app import create_app
    from subscribers.address import parse
    from subscribers.tokens import Keys

    root = write(folder / "house")
    shutil.copytree(ROOT / "content" / "letters", root / "content" / "letters", dirs_exist_ok=True)
    engine, keys = db.open_database(f"sqlite:///{folder}/bulletin.db"), Keys(os.urandom(32), os.urandom(32))
    db.migrate(engine)
    app = create_app(load(root, None, {}), engine=engine, keys=keys, clock=lambda: NOW)
    with db.writing(engine) as connection:
        who = store.add(connection, parse("writer@example.org"), "writer", NOW, name="A writer")
        return app, entrance.begin(connection, who, NOW)


def _in_process(app: Any, token: str, page: str = PAGE) -> list[float]:
    """Both requests of one key, in CPU time: what else runs on the machine does not count."""
    import re

    client = app.test_client()
    client.set_cookie("__Host-desk", token)
    shown = client.get(page).get_data(as_text=True)
    form = {name: re.search(f'name="{name}" value="([^"]*)"', shown)[1] for name in ("form", "seen")}  # type: ignore[index]
    times = []
    for key in range(KEYS_TYPED):
        began = process_time()
        answer = client.post(
            f"{page}/draft",
            data={**form, "body": "Words, and " * 40 + str(key)},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 200, answer.status_code
        assert client.get(f"{page}/letter").status_code == 200
        times.append((process_time() - began) * 1000)
    return times[3:]


def _in_browser(address: str, token: str) -> list[float]:
    from tests.browser import browser

    with browser() as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        cookie = {"name": "__Host-desk", "value": token, "domain": "localhost", "path": "/", "secure": True}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(f"{address}{PAGE}")
        page.wait_for_load_state("networkidle")
        return [page.evaluate(TYPE, "x") for _ in range(KEYS_TYPED)][3:]


@contextmanager
def served(app: Any) -> Iterator[str]:
    import waitress

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = waitress.create_server(app, sockets=[listening], threads=4)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{listening.getsockname()[1]}"
    finally:
        server.close()
        thread.join(5)
