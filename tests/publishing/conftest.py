"""Every kind of target, empty, one test at a time; the servers run once."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.publishing.places import KINDS, OnDisk, Place, Stored
from tests.publishing.servers import s3_storage, sftp_host


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    with s3_storage() as server:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kind = request.param
    home = tmp_path / "host"
    home.mkdir()
    if kind == "s3":
        yield make_bucket(request.getfixturevalue("storage"))
    elif kind == "sftp":
        with sftp_host(home) as host:
            yield OnDisk(home / "www", host)
    else:
        yield OnDisk(home / "www", swaps=kind == "folder")


def make_bucket(url: str) -> Stored:
    name = f"council-{uuid4().hex}"
    with urllib.request.urlopen(urllib.request.Request(f"{url}/{name}", method="PUT")):
        return Stored(url, name)
