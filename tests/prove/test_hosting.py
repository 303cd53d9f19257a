"""The settings of docs/hosting.md in a real nginx, Apache and Caddy, with something behind them that says what it was asked."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from lxml import etree

from builder.addresses import SEND_GOOD_NEWS
from tests.builder.test_permalinks import site
from tests.builder.written import item

pytestmark = pytest.mark.prove
WEEK = "weekly/2025-01-14"
DOCS = (Path(__file__).parents[2] / "docs" / "hosting.md").read_text()
MODULES = "mpm_event authz_core dir mime alias rewrite headers proxy proxy_http".split()


class Behind(BaseHTTPRequestHandler):
    """Stands for `bulletin serve`."""

    def do_GET(self) -> None:
        told = f"asked {self.path} for {self.headers['X-Forwarded-For']} by {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def do_POST(self) -> None:
        left = size = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1_000_000)))
        told = f"a form of {size}".encode()
        self.send_response(413)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        pass


def said(title: str, which: int = 0) -> str:
    """A block of settings, by the name in bold before it."""
    after = DOCS.partition(f"**{title}**")[2]
    return re.findall(r"\n\n((?:    .*\n|\n(?=    ))+)", after)[which].replace("\n    ", "\n")[4:]


def program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"This proof needs {name}: apt-get install {package}"
    return found


def nginx(tmp: Path, top: Path, port: int) -> list[str]:
    (tmp / "nginx.conf").write_text(
        f"daemon off; user root; pid {tmp}/pid; error_log {tmp}/log; events {{}}\n"
        f"http {{ access_log off; types {{ text/html html; }}\n{said('nginx', 0)}\n"
        f"server {{ listen 127.0.0.1:{port};\n{said('nginx', 1)} }} }}\n".replace("/var/www/together", str(top))
    )
    return [program("nginx", "nginx-light"), "-c", str(tmp / "nginx.conf"), "-p", str(tmp)]


def apache(tmp: Path, top: Path, port: int) -> list[str]:
    loaded = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in MODULES)
    (tmp / "apache.conf").write_text(
        f"{loaded}ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {tmp}/pid\nErrorLog {tmp}/log\nDefaultRuntimeDir {tmp}\n"
        f"User www-data\nGroup www-data\nTypesConfig /dev/null\nAddType text/html .html\n"
        f"<VirtualHost *:{port}>\n{said('Apache')}</VirtualHost>\n".replace("/var/www/together", str(top))
    )
    return [program("apache2", "apache2-bin"), "-f", str(tmp / "apache.conf"), "-DFOREGROUND"]


def caddy(tmp: Path, _top: Path, port: int) -> list[str]:
    """Everything is asked of the program."""
    settings = said("Caddy").replace("together.norfolk.example", f"http://:{port}")
    (tmp / "caddy.conf").write_text(f"{{\n    admin off\n}}\n{settings}")
    return [program("caddy", "caddy"), "run", "--adapter", "caddyfile", "--config", str(tmp / "caddy.conf")]


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(command)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(10)


@contextmanager
def in_front(make: Callable[[Path, Path, int], list[str]], tmp_path: Path) -> Iterator[int]:
    top = tmp_path / "site"
    register = "2025-01-14 items/old/\n2025-01-14 items/bad/ gone\n"
    story = item("Story", kind="good-news", school="A school")
    files = {f"{WEEK}/new.md": item("New", formerly="old"), f"{WEEK}/story.md": story}
    for path, raw in site(tmp_path / "house", files, register).items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(raw)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)  # so that the server's own user may read it
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    Thread(target=behind.serve_forever, daemon=True).start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    command = make(tmp_path, top, number)
    for file in tmp_path.glob("*.conf"):
        file.write_text(file.read_text().replace("127.0.0.1:8010", f"127.0.0.1:{behind.server_port}"))
    with running(command, number):
        yield number
    behind.shutdown()
    behind.server_close()


@pytest.fixture(params=[nginx, apache])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    with in_front(request.param, tmp_path) as number:
        yield number


def ask(port: int, path: str) -> tuple[int, str, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": "together.example"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()


def test_what_moved_leads_on_and_what_was_taken_down_says_so(port: int) -> None:
    status, there, _ = ask(port, "/items/old/")
    assert status == 301 and there.endswith("/items/new/")
    status, _, page = ask(port, "/items/bad/")
    assert status == 410 and "taken down" in page and 'href="/style.css' in page
    for name in ("_redirects", "_redirects.json", "_redirects.nginx", "_redirects.gone"):
        assert ask(port, f"/{name}")[0] == 404


def test_files_are_shown_and_all_else_is_asked_of_the_program(port: int) -> None:
    for path, words in {"/": "<h1>", "/items/new/": "New", "/good-news/": "Good news", "/feed.xml": "<feed"}.items():
        status, _, page = ask(port, path)
        assert status == 200 and words in page and "asked" not in page[:20], path
    asked = (
        f"/{SEND_GOOD_NEWS}", "/good-news", f"/good-news/{'x' * 32}", "/subscribe", "/preferences/a-b_c", "/desk/", "/editions",
        "/search/", "/search/?q=term+dates&kind=event", "/nowhere/",
    )  # fmt: skip
    for path in asked:
        status, _, page = ask(port, path)
        assert (status, page) == (200, f"asked {path} for 127.0.0.1 by together.example")


def send(port: int, size: int) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", f"/{SEND_GOOD_NEWS}", b"x" * size)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("make", [nginx, apache, caddy])
def test_a_form_that_is_far_too_large_is_refused_by_the_program_itself(
    make: Callable[[Path, Path, int], list[str]], tmp_path: Path
) -> None:
    with in_front(make, tmp_path) as port:
        assert send(port, 120_000_000) == (413, "a form of 120000000")


def test_behind_caddy_the_program_is_asked_for_everything_and_told_for_whom(tmp_path: Path) -> None:
    with in_front(caddy, tmp_path) as port:
        for path in ("/", "/items/old/", "/search/?q=term+dates", "/desk/"):
            assert ask(port, path)[::2] == (200, f"asked {path} for 127.0.0.1 by together.example")
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/", headers={"X-Forwarded-For": "198.51.100.7"})  # what anybody may say
            assert "198.51.100.7" not in connection.getresponse().read().decode()


def test_the_settings_for_iis_are_whole_and_name_what_is_there(tmp_path: Path) -> None:
    settings = etree.fromstring(said("IIS").encode())
    lists = etree.fromstring(site(tmp_path / "house", {}, "2025-01-14 items/bad/ gone\n")["_redirects.iis.config"])
    named = set(re.findall(r"\{(Bulletin\w+):", etree.tostring(settings).decode()))
    assert {one.get("name") for one in lists.findall("rewriteMap")} == named
    (maps,) = settings.findall(".//rewriteMaps")
    assert maps.get("configSource") == "_redirects.iis.config" and len(settings.findall(".//rule")) == 4
