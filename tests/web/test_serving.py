"""`bulletin serve`, as it is started in the evening and stopped in the morning; and the same pages on both databases."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine

from desk.settings import RESERVED_NAMES
from desk.web import serving
from desk.web.app import create_app
from desk.web.goodnews import uploads
from desk.web.serving import server_of
from tests.databases import database, database_url, empty_database
from tests.web.conftest import KEYS
from tests.web.place import Clock, Place, make_house

__all__ = ["database", "database_url", "empty_database"]
COMMAND = [sys.executable, "-c", "from desk.cli import main; main()"]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _fetch(url: str, patience: float = 30) -> str:
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_one_command_serves_the_whole_site_and_ends_politely(tmp_path: Path) -> None:
    make_house(tmp_path / "house")
    port = _free_port()
    command = [*COMMAND, "-C", str(tmp_path / "house"), "serve", "--port", str(port), "--now", "2025-01-22T09:00"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        page = _fetch(f"http://127.0.0.1:{port}/subscribe")
        running.send_signal(signal.SIGTERM)
        said, complained = running.communicate(timeout=20)
    assert "See what Tuesday 21 January 2025 would have brought" in page
    assert running.returncode == 0
    assert f"http://127.0.0.1:{port}/" in said
    assert complained == ""
    assert (tmp_path / "house" / "var" / "bulletin.db").stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    make_house(tmp_path / "house")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [*COMMAND, "-C", str(tmp_path / "house"), "serve", "--port", port]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "in use" in answer.stderr


@pytest.fixture
def on_database(database: Engine, house_folder: Path, tmp_path: Path) -> Place:
    settings, clock, outbox = make_house(house_folder), Clock(), tmp_path / "outbox"
    app = create_app(settings, engine=database, keys=KEYS, clock=clock, outbox=outbox, pause=lambda _: None)
    return Place(app, database, settings, outbox, clock)


def test_the_whole_way_on_either_database(on_database: Place) -> None:
    reader = on_database.reader()
    welcome = reader.subscribe("head@school.example.org", audience=["primary"])
    preferences, leave = welcome.link("preferences"), welcome.link("unsubscribe")
    assert reader.post(f"{preferences}/choices/weekly", {"audience": "senco", "amount": "selection"}).status_code == 303
    assert reader.post(f"{preferences}/pause/weekly", {"until": "2025-03-03"}).status_code == 303
    assert "SENCO, and what is for everyone" in reader.get(preferences).text
    assert reader.client.post(leave).status_code == 200
    assert reader.post(f"{leave}/why", {"why": "too\x00 long"}, form="/subscribe").status_code == 200
    assert "back on the list" in reader.post(f"{leave}/undo", form="/subscribe").text
    assert reader.post(f"{preferences}/data", form=preferences).status_code == 200
    assert "You are erased" in reader.post(f"{preferences}/erase").text
    assert reader.get(preferences).status_code == 404


def test_no_bulletin_can_have_the_name_of_a_public_page(place: Place) -> None:
    first = {rule.rule.split("/")[1] for rule in place.app.url_map.iter_rules()}
    names = {name for name in first if name.replace("-", "").isalnum()}
    assert {"subscribe", "confirm"} <= names <= RESERVED_NAMES


@pytest.mark.parametrize(("proxies", "believed"), [("0", False), ("1", True)])
def test_what_a_web_server_in_front_says_comes_through_and_is_believed_only_when_trusted(
    open_place: Callable[..., Place], house_folder: Path, proxies: str, believed: bool
) -> None:
    place = open_place(make_house(house_folder, more={"BULLETIN__DESK__TRUSTED_PROXIES": proxies}))
    with _served(place) as port:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}/subscribe",
            headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert ("Strict-Transport-Security" in answer.headers) is believed


@contextmanager
def _served(place: Place) -> Iterator[int]:
    server = server_of(place.app, "127.0.0.1", 0)

    def run() -> None:
        with suppress(OSError):  # its socket is closed while it waits at it: so it ends
            server.run()

    thread = Thread(target=run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(5)


def test_a_form_that_is_larger_than_anything_is_answered_by_our_own_page_when_all_of_it_was_sent(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "LONGEST_REQUEST", 100_000)
    monkeypatch.setattr(uploads, "MOST_UPLOAD", 90_000)
    body, kind = b"x" * 3_000_000, {"Content-Type": "multipart/form-data; boundary=x"}
    with _served(place) as port, closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for path, words in (("/send-good-news", "What you sent had 3 MB"), ("/subscribe", "go back and send less")):
            connection.request("POST", path, body, kind)
            answer = connection.getresponse()
            assert answer.status == 413 and words in answer.read().decode(), path
        connection.request("GET", "/subscribe")  # nothing of it is taken for the next request of the same browser
        assert connection.getresponse().read().startswith(b"<!doctype html>")


def test_a_form_without_end_is_not_even_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LONGEST_REQUEST", 100_000)
    with _served(place) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000000\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")
