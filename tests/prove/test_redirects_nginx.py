"""The lists that lie in the site, included by a real nginx as docs/archive.md says."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.builder.test_permalinks import site
from tests.builder.written import item

pytestmark = pytest.mark.prove
WEEK = "weekly/2025-01-14"
DOCS = (Path(__file__).parents[2] / "docs" / "archive.md").read_text()


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert nginx, "This proof needs nginx: apt-get install nginx-light"
    top = tmp_path / "site"
    register = "2025-01-14 items/old/\n2025-01-14 items/bad/ gone\n"
    for path, raw in site(tmp_path / "house", {f"{WEEK}/new.md": item("New", formerly="old")}, register).items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(raw)
    include, inner = re.findall(r"    (include .*?;)\n\n((?:    .*\n)+)", DOCS)[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; user root; pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; types {{ text/html html; }} {include.replace('/var/www/together', str(top))}\n"
        f"server {{ listen 127.0.0.1:{number}; root {top}; index index.html;\n{inner} }} }}\n"
    )
    server = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", number)) == 0:
                    break
            time.sleep(0.05)
        yield number
    finally:
        server.terminate()
        server.wait(10)


def ask(port: int, path: str) -> tuple[int, str, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()


def test_nginx_leads_on_and_says_what_was_taken_down(port: int) -> None:
    status, there, _ = ask(port, "/items/old/")
    assert status == 301 and there.endswith("/items/new/")
    status, _, page = ask(port, "/items/bad/")
    assert status == 410 and "taken down" in page
    assert ask(port, "/items/new/")[0] == 200
    assert ask(port, "/_redirects.json")[0] == 403
