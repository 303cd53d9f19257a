"""Two hundred stories with photos: the queue and the board that shows them all, in a real browser."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from bench import Figure
from bench.editor import served
from bench.form import photo

ROOT = Path(__file__).parent.parent
NOW = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
STORIES, LOOKS = 200, 5
DAY = "2025-01-21"
PAGES = {"queue": "/desk/stories", "board": f"/desk/editions/weekly/{DAY}"}
MOST_BYTES, MOST_MS, MOST_PHOTOS = 100_000, 1_000, 30
# Everything of one page but its photos, and how long until it can be scrolled and tabbed through.
WEIGH = """() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  const photos = all.filter(one => one.initiatorType === 'img'), page = all[0]
  return {
    bytes: all.filter(one => !photos.includes(one)).reduce((sum, one) => sum + one.transferSize, 0),
    photos: photos.length, drawn: page.domContentLoadedEventEnd - page.responseStart,
  }
}"""
# From the press of a card's arrow to the card in its new place.
MOVE = """() => {
  const button = [...document.querySelectorAll('.cards [name="down"]')][100], card = button.closest('li')
  button.focus()
  const before = card.previousElementSibling, began = performance.now()
  button.click()
  document.body.getBoundingClientRect()
  if (card.previousElementSibling === before) throw new Error('it did not move')
  return performance.now() - began
}"""


def run() -> Iterator[Figure]:
    logging.getLogger("waitress").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        app, token = desk(Path(name))
        server = {page: _in_process(app, token, path) for page, path in PAGES.items()}
        with served(app) as address:
            seen = _looked_at(address, token)
    for page, found in seen.items():
        told = f"{server[page]:.0f} ms the server, in CPU time; then the browser"
        yield Figure(
            f"{page} of {STORIES}, without photos", found["bytes"] / 1000, MOST_BYTES / 1000, " kB", at_most=True
        )
        yield Figure(
            f"{page} of {STORIES}, until usable",
            server[page] + found["drawn"],
            MOST_MS,
            " ms",
            at_most=True,
            detail=told,
        )
        if "move" in found:
            yield Figure(f"{page} of {STORIES}, one arrow pressed", found["move"], 100, " ms", at_most=True)
    yield Figure("queue, photos asked for before scrolling", seen["queue"]["photos"], MOST_PHOTOS, "", at_most=True)


def desk(folder: Path) -> tuple[Any, str]:
    """The shipped house with that many stories waiting, and as many in its next edition."""
    import db
    from desk.readers.register import open_register
    from desk.settings import load
    from desk.staff import entrance, store
    from desk.web.app import create_app
    from subscribers.address import parse

    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "bulletin.toml", folder)
    settings = load(folder, None, {})
    register = open_register(settings)
    app = create_app(settings, engine=register.engine, keys=register.keys, clock=lambda: NOW)
    _stories(app)
    _items(folder / "content" / "weekly" / DAY / "good-news")
    with db.writing(register.engine) as connection:
        who = store.add(connection, parse("editor@example.org"), "editor", NOW, name="An editor")
        return app, entrance.begin(connection, who, NOW)


def _stories(app: Any) -> None:
    from desk.goodnews import acts
    from goodnews.form import Filled
    from goodnews.model import Consent
    from goodnews.photos import Developed

    room = app.extensions["newsroom"]
    made = room.darkroom().develop(photo())
    for number in range(STORIES):
        mark = sha256(str(number).encode()).hexdigest()
        taken = replace(made.photo, name=mark[:40], look=mark[:16], alt="A bed of beans.", consent=Consent("nobody"))
        kept = room.shelf.put(Developed(taken, made.web, made.email))
        told = Filled(
            school=f"Example {number} Primary School",
            title=f"Story {number} of a term with many stories",
            summary="Year 4 grow beans for the kitchen, and everybody else eats them.",
            text="In September it was a car park. Now there are six beds.",
            name="Example Person",
            role="Office manager",
            address=f"office@example{number}.example",
            photos=(kept,),
        )
        acts.receive_form(room, told, f"bench {number}", write_back=False)


def _items(folder: Path) -> None:
    (folder / "images" / "bed.jpg").write_bytes(photo())
    for number in range(STORIES):
        (folder / f"story-{number}.md").write_text(
            f"---\ntitle: Story {number} of a term with many stories\nschool: Example {number} Primary School\n"
            "summary: Year 4 grow beans for the kitchen.\nimage: images/bed.jpg\nalt: A bed of beans.\n"
            "photo-consent: no people\n---\nIn September it was a car park. Now there are six beds.\n",
            "utf-8",
        )


def _in_process(app: Any, token: str, path: str) -> float:
    """In CPU time: what else runs on the machine does not count."""
    client, times = app.test_client(), []
    client.set_cookie("__Host-desk", token)
    for _ in range(LOOKS):
        began = process_time()
        assert client.get(path).status_code == 200
        times.append((process_time() - began) * 1000)
    return median(times)


def _looked_at(address: str, token: str) -> dict[str, dict[str, float]]:
    from tests.browser import browser

    seen = {}
    with browser() as chromium:
        for name, path in PAGES.items():
            looks = [_look(chromium, f"{address}{path}", token, name) for _ in range(LOOKS)][1:]
            seen[name] = {key: median(look[key] for look in looks) for key in looks[0]}
    return seen


def _look(chromium: Any, url: str, token: str, name: str) -> dict[str, float]:
    """With an empty cache, as on a Monday morning."""
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_cookies(
            [{"name": "__Host-desk", "value": token, "domain": "localhost", "path": "/", "secure": True}]
        )
        page = context.new_page()
        page.goto(url)
        page.wait_for_load_state("networkidle")
        found: dict[str, float] = page.evaluate(WEIGH)
        if name == "board":
            found["move"] = page.evaluate(MOVE)
        return found
