"""Fetching from strangers: only the public web, only so much, only so long."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from goodnews.fetch import FetchError, Limits, fetch
from goodnews.wire import Net
from tests.goodnews.servers import PUBLIC, certificate, says, serving, writes

URL = "http://school.example/feed"


def refusal(url: str, net: Net, limits: Limits | None = None) -> str:
    with pytest.raises(FetchError) as error:
        fetch(url, net=net, limits=limits)
    return str(error.value)


def test_a_page_is_fetched_from_the_checked_address_under_its_own_name() -> None:
    with serving({"/feed": says(b"<rss/>", ETag='"a"', Content_Type="text/xml; charset=utf-8")}) as web:
        page = fetch(URL, net=web.net())
    assert (page.body, page.charset, page.etag, page.url) == (b"<rss/>", "utf-8", '"a"', URL)
    assert web.seen.connections == [(PUBLIC, 80)]
    assert web.seen.requests[0][0] == "school.example"


def test_under_tls_the_certificate_is_checked_for_the_name_and_the_name_is_sent(tmp_path: Path) -> None:
    file = certificate("school.example", tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    asked: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    trusting = ssl.create_default_context(cafile=str(file))
    with serving({"/feed": says(b"<rss/>")}, server) as web:
        assert fetch("https://school.example/feed", net=web.net(trusting)).body == b"<rss/>"
        assert "other.example" in refusal("https://other.example/feed", web.net(trusting))
        assert "cannot be read" in refusal("https://school.example/feed", web.net())
    assert asked[:2] == ["school.example", "other.example"]
    assert web.seen.requests[0][0] == "school.example"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://school.example/feed", "file:///etc/passwd", "gopher://school.example/", "//school.example/feed", "feed", "",
        "http://", "http://user@school.example/", "http://user:pass@school.example/", "http://school.example:22/",
        "http://school.example:99999/", "http://school.example/a b", "http://school.example/\r\nX: y", "http://[::1/",
        "http://school.example\\@127.0.0.1/", "http://" + "a" * 70 + ".example/", "javascript:alert(1)",
        "http://school.example/" + "a" * 3000,
    ],
)  # fmt: skip
def test_what_is_not_a_public_web_address_is_refused_before_anyone_is_asked(url: str) -> None:
    with serving({}) as web:
        refusal(url, web.net())
    assert not web.seen.names
    assert not web.seen.connections


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_a_host_inside_a_network_is_never_connected_to(inside: str) -> None:
    with serving({"/feed": says(b"secret")}) as web:
        web.names["school.example"] = [inside]
        assert "not on the public Internet" in refusal(URL, web.net())
    assert not web.seen.connections


def test_one_inner_address_among_public_ones_refuses_the_host() -> None:
    with serving({"/feed": says(b"secret")}) as web:
        web.names["school.example"] = [PUBLIC, "192.168.1.1"]
        assert "not on the public Internet" in refusal(URL, web.net())
    assert not web.seen.connections


@pytest.mark.parametrize("spelling", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "[::1]", "0"])
def test_every_spelling_of_this_machine_is_refused_by_the_real_resolver(spelling: str) -> None:
    assert "is refused" in refusal(f"http://{spelling}/", Net()) or "cannot be read" in refusal(
        f"http://{spelling}/", Net()
    )


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "http://inside.example/", "//127.0.0.1/feed", "http://[::1]/"])
def test_a_redirect_into_a_network_is_refused(target: str) -> None:
    with serving({"/feed": says(b"", 302, Location=target)}) as web:
        web.names |= {"127.0.0.1": ["127.0.0.1"], "inside.example": ["10.0.0.8"], "::1": ["::1"]}
        assert "not on the public Internet" in refusal(URL, web.net())
    assert web.seen.connections == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://school.example/", "http://school.example:25/", "http://a b/"]
)
def test_a_redirect_to_anything_but_the_web_is_refused(target: str) -> None:
    with serving({"/feed": says(b"", 301, Location=target)}) as web:
        refusal(URL, web.net())
    assert len(web.seen.connections) == 1


def test_a_name_that_answers_differently_the_second_time_is_refused() -> None:
    """DNS rebinding: the first look-up is public, the second leads to this machine."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    with serving({"/feed": says(b"", 302, Location="/again"), "/again": says(b"secret")}) as web:
        net = Net(lambda _host, _port: next(answers), web.net().connect)
        assert "not on the public Internet" in refusal(URL, net)
    assert [path for _, path, _ in web.seen.requests] == ["/feed"]


def test_a_name_is_looked_up_once_for_a_connection() -> None:
    with serving({"/feed": says(b"x")}) as web:
        fetch(URL, net=web.net())
    assert web.seen.names == ["school.example"]


def test_redirects_are_followed_to_the_end_and_told() -> None:
    with serving({"/feed": says(b"", 308, Location="/news?a=ü"), "/news?a=%C3%BC": says(b"here")}) as web:
        page = fetch(URL, net=web.net())
    assert page.body == b"here"
    assert page.url == "http://school.example/news?a=ü"


def test_redirects_in_a_circle_end() -> None:
    with serving({"/feed": says(b"", 302, Location="/feed")}) as web:
        assert "more than 4 times" in refusal(URL, web.net())
    assert len(web.seen.requests) == 5


def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path) -> None:
    file = certificate("school.example", tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    with serving({"/feed": says(b"", 302, Location="http://school.example/feed")}, server) as web:
        trusting = ssl.create_default_context(cafile=str(file))
        assert "without https" in refusal("https://school.example/feed", web.net(trusting))


def test_a_page_over_the_limit_is_refused_whether_it_says_its_size_or_not() -> None:
    ten_megabytes = b"x" * 10_000_000
    unsaid = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + ten_megabytes
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"989680\r\n" + ten_megabytes + b"\r\n0\r\n\r\n"
    )
    with serving({"/said": says(ten_megabytes), "/unsaid": writes(unsaid), "/chunked": writes(chunked)}) as web:
        for path in ("said", "unsaid", "chunked"):
            assert "larger than 2,000 kB" in refusal(f"http://school.example/{path}", web.net())


def test_what_comes_packed_is_unpacked() -> None:
    with serving({"/feed": says(gzip.compress(b"<rss/>" * 1000), Content_Encoding="gzip")}) as web:
        assert fetch(URL, net=web.net()).body == b"<rss/>" * 1000


def test_a_gzip_bomb_is_refused_without_being_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 60_000_000, compresslevel=1)
    assert len(bomb) < Limits().size
    with serving({"/feed": says(bomb, Content_Encoding="gzip")}) as web:
        started = time.monotonic()
        assert "larger than" in refusal(URL, web.net())
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "\x1b[31m"])
def test_an_unknown_packing_is_refused_and_nothing_odd_is_told(coding: str) -> None:
    with serving({"/feed": says(b"??", Content_Encoding=coding)}) as web:
        assert refusal(URL, web.net()).isprintable()


def test_bytes_that_end_early_are_not_taken_for_the_whole() -> None:
    packed = gzip.compress(b"abc" * 5000)[:-9]
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"
    with serving({"/packed": says(packed, Content_Encoding="gzip"), "/short": writes(short)}) as web:
        assert "ends early" in refusal("http://school.example/packed", web.net())
        assert "ends early" in refusal("http://school.example/short", web.net())


def test_broken_packing_is_told() -> None:
    with serving({"/feed": says(b"not gzip at all", Content_Encoding="gzip")}) as web:
        assert "cannot be read" in refusal(URL, web.net())


@pytest.mark.parametrize(
    "raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200]
)
def test_an_answer_that_is_no_http_is_told(raw: bytes) -> None:
    with serving({"/feed": writes(raw)}) as web:
        assert "cannot be read" in refusal(URL, web.net())


def drips(prefix: bytes) -> object:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(prefix)
        for _ in range(100):
            handler.wfile.write(b"a")
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize("prefix", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"])
def test_a_server_that_sends_a_byte_at_a_time_is_given_up(prefix: bytes) -> None:
    with serving({"/feed": drips(prefix)}) as web:  # type: ignore[dict-item]
        started = time.monotonic()
        assert "no whole answer within 0.4 seconds" in refusal(URL, web.net(), Limits(seconds=0.4))
        assert time.monotonic() - started < 10


def test_a_look_up_that_hangs_is_given_up() -> None:
    done = threading.Event()

    def hang(_host: str, _port: int) -> list[str]:
        done.wait(10)
        return []

    started = time.monotonic()
    assert "no whole answer" in refusal(URL, Net(hang), Limits(seconds=0.3))
    assert time.monotonic() - started < 10
    done.set()


def test_a_name_without_an_address_is_told() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    assert refusal(URL, Net(unknown)) == "cannot be read: Name or service not known"
    assert "has no address" in refusal(URL, Net(lambda _host, _port: []))


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with serving({"/feed": says(b"here")}) as web:
        real = web.net()
        web.names["school.example"] = ["2606:2800:220:1::1", PUBLIC]

        def connect(address: str, port: int, seconds: float) -> object:
            if ":" in address:
                raise OSError("no route")
            return real.connect(address, port, seconds)

        assert fetch(URL, net=Net(real.resolve, connect)).body == b"here"  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [204, 401, 403, 404, 410, 429, 500, 503])
def test_any_other_answer_is_told_with_its_number(status: int) -> None:
    with serving({"/feed": says(b"", status)}) as web:
        assert str(status) in refusal(URL, web.net())


def test_what_is_held_is_not_sent_again() -> None:
    with serving({"/feed": says(b"", 304, ETag='"a"')}) as web:
        page = fetch(URL, etag='"a"', modified="Fri, 10 Jan 2025 09:30:00 GMT", net=web.net())
        assert page.unchanged
        assert not page.body
        headers = web.seen.requests[0][2]
        assert (headers["If-None-Match"], headers["If-Modified-Since"]) == ('"a"', "Fri, 10 Jan 2025 09:30:00 GMT")
        assert "nothing is held" in refusal(URL, web.net())


def test_a_held_tag_cannot_bring_in_a_header() -> None:
    with serving({"/feed": says(b"x")}) as web:
        fetch(URL, etag="a\r\nX-Evil: 1", net=web.net())
    assert "X-Evil" not in web.seen.requests[0][2]
    assert "If-None-Match" not in web.seen.requests[0][2]
