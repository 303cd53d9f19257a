"""An address on the public web → its bytes, and no way from there into the network that this machine stands in (W6).

Of every host that is named, in the address or in a redirect, all addresses are looked up once and checked, and the
connection goes to one of those. A name that answers differently the next time finds nobody asking.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from goodnews.addresses import is_public
from goodnews.clean import line
from goodnews.model import GoodNewsError
from goodnews.wire import Clock, Connection, Net

PORTS = frozenset({80, 443, 8080, 8443})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 65_536
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
)


class FetchError(GoodNewsError):
    """Why there are no bytes, as a sentence that goes on after the address."""


@dataclass(frozen=True, slots=True)
class Limits:
    size: int = 2_000_000  # bytes, also once unpacked; a feed of ten long stories has some 200,000
    seconds: float = 20.0  # for everything together; a school's site that needs more is down
    redirects: int = 4


@dataclass(frozen=True, slots=True)
class Page:
    url: str
    """Where the bytes came from in the end."""
    body: bytes = b""
    charset: str = ""
    etag: str = ""
    modified: str = ""
    unchanged: bool = False
    """The server says that what was had before still holds; `body` is empty."""


def fetch(
    url: str, *, etag: str = "", modified: str = "", net: Net | None = None, limits: Limits | None = None
) -> Page:
    """`etag` and `modified`: what came with the bytes that are held already. Raises FetchError, and nothing else."""
    net, limits = net or Net(), limits or Limits()
    clock = Clock(limits.seconds)
    known = {"If-None-Match": etag, "If-Modified-Since": modified}
    asked = {name: value for name, value in known.items() if value and re.fullmatch(r"[ -~]{1,500}", value)}
    try:
        for _ in range(limits.redirects + 1):
            page, further = _ask(url, asked, net, clock, limits)
            if page.unchanged and not asked:
                raise FetchError("says that nothing is new, and nothing is held yet")
            if not further:
                return page
            url = _further(url, further)
    except TimeoutError as error:
        raise FetchError(f"gave no whole answer within {limits.seconds:g} seconds") from error
    except (OSError, HTTPException, ValueError, zlib.error) as error:
        raise FetchError(f"cannot be read: {_reason(error)}") from error
    raise FetchError(f"sends us on more than {limits.redirects} times")


def _reason(error: Exception) -> str:
    text = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
    return line(str(text), 200)


def _ask(url: str, asked: dict[str, str], net: Net, clock: Clock, limits: Limits) -> tuple[Page, str]:
    """The page, and where it sends us on; empty when it does not."""
    parts = split(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    addresses = _checked(host, port, net, clock)
    connection = Connection(host, port, secure, addresses, net, clock)
    try:
        connection.request("GET", _target(parts), headers=_headers(asked))
        with connection.getresponse() as answer:
            return _understood(url, answer, limits)
    finally:
        connection.hang_up()


def split(url: str) -> SplitResult:
    """The parts of a public web address, its host in ASCII. Raises FetchError for any other address."""
    try:
        if re.search(r"[\x00-\x20\x7f\\]", url) or len(url) > 2_000:
            raise ValueError
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except (ValueError, UnicodeError):
        raise FetchError("is not a web address") from None
    if parts.scheme not in {"http", "https"}:
        raise FetchError("is not a web address: it must begin with https://")
    if not host or parts.username is not None or parts.password is not None:
        raise FetchError("is not a web address: it must name a host, and no user")
    if port is not None and port not in PORTS:
        raise FetchError(f"asks for port {port}; web sites answer on {', '.join(map(str, sorted(PORTS)))}")
    place = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=place if port is None else f"{place}:{port}")


def _checked(host: str, port: int, net: Net, clock: Clock) -> list[str]:
    addresses = clock.wait_for(lambda: net.resolve(host, port))
    if not addresses:
        raise FetchError(f'cannot be read: "{host}" has no address')
    if not all(map(is_public, addresses)):
        raise FetchError(f'is refused: "{host}" is not on the public Internet')
    return list(addresses)


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe="%/:@!$&'()*+,;=~-._")
    return f"{path}?{quote(parts.query, safe='%/?:@!$&()*+,;=~-._')}" if parts.query else path


def _headers(asked: dict[str, str]) -> dict[str, str]:
    return {"User-Agent": "bulletin (reads schools' news feeds)", "Accept": _ACCEPT, "Accept-Encoding": "gzip", **asked}


def _further(url: str, location: str) -> str:
    target = urljoin(url, location)
    if url.startswith("https:") and not target.startswith("https:"):
        raise FetchError("sends us on to an address without https")
    return target


def _understood(url: str, answer: HTTPResponse, limits: Limits) -> tuple[Page, str]:
    if answer.status in REDIRECTS:
        location = answer.getheader("Location", "")
        if not location:
            raise FetchError("sends us on without saying where")
        return Page(url), location
    if answer.status not in {200, 304}:
        raise FetchError(line(f"answers {answer.status} {answer.reason}", 100))
    unchanged = answer.status == 304
    page = Page(
        url,
        body=b"" if unchanged else _body(answer, limits.size),
        charset=answer.headers.get_content_charset("") if answer.headers.get("Content-Type") else "",
        etag=answer.getheader("ETag", ""),
        modified=answer.getheader("Last-Modified", ""),
        unchanged=unchanged,
    )
    return page, ""


def _body(answer: HTTPResponse, most: int) -> bytes:
    if answer.length is not None and answer.length > most:
        raise _too_large(most)
    body = bytearray()
    for piece in _unpacked(answer, most):
        body += piece
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _unpacked(answer: HTTPResponse, most: int) -> Iterator[bytes]:
    """A thousandth of the bytes can hold the rest packed: no piece is unpacked further than the limit."""
    coding = answer.getheader("Content-Encoding", "identity").strip().lower()
    if coding in {"identity", ""}:
        yield from _pieces(answer)
        return
    if coding not in {"gzip", "x-gzip"}:
        raise FetchError(f'comes packed as "{line(coding, 20)}", which was not asked for')
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for piece in _pieces(answer):
        yield unpack.decompress(piece, most + 1)
        if unpack.unconsumed_tail:
            raise _too_large(most)
    if not unpack.eof:
        raise FetchError("ends early")


def _pieces(answer: HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read(_CHUNK):
        yield piece
    if answer.length:
        raise FetchError("ends early")


def _too_large(most: int) -> FetchError:
    return FetchError(f"is larger than {most // 1_000:,} kB")
