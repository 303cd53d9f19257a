"""A school's server is asked only for what is new."""

from __future__ import annotations

from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from goodnews.fetch import fetch
from goodnews.kept import fetch_again
from tests.goodnews.servers import says, serving

URL = "http://school.example/feed"


def fresh_once(handler: BaseHTTPRequestHandler) -> None:
    known = handler.headers["If-None-Match"] == '"1"'
    says(b"" if known else b"<rss/>", 304 if known else 200, ETag='"1"')(handler)


def test_the_second_time_the_server_says_that_nothing_is_new_and_the_words_are_the_same(tmp_path: Path) -> None:
    with serving({"/feed": fresh_once}) as web:
        ask = partial(fetch, net=web.net())
        first, second = fetch_again(URL, tmp_path, ask), fetch_again(URL, tmp_path, ask)
    assert first.body == second.body == b"<rss/>"
    assert "If-None-Match" in web.seen.requests[1][2]


@pytest.mark.parametrize(
    "spoiled", [b"", b"{", b"null", b"[]", b'{"body": 1}', b'{"url": 1, "body": ""}', b"\xff", b'{"body": "%"}']
)
def test_a_spoiled_memory_is_forgotten(tmp_path: Path, spoiled: bytes) -> None:
    with serving({"/feed": fresh_once}) as web:
        ask = partial(fetch, net=web.net())
        fetch_again(URL, tmp_path, ask)
        for file in tmp_path.iterdir():
            file.write_bytes(spoiled)
        assert fetch_again(URL, tmp_path, ask).body == b"<rss/>"


def test_nothing_is_kept_of_a_server_that_could_not_say_what_is_new(tmp_path: Path) -> None:
    with serving({"/feed": says(b"<rss/>")}) as web:
        fetch_again(URL, tmp_path, partial(fetch, net=web.net()))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with serving({"/feed": fresh_once}) as web:
        assert fetch_again(URL, tmp_path / "file" / "feeds", partial(fetch, net=web.net())).body == b"<rss/>"
