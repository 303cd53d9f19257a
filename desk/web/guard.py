"""What every answer carries and every form must bring: security headers, the form token, and where a form came from."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Request, Response, abort, g, request

from subscribers.tokens import Keys

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("bulletin.web")
HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),  # tokens are in addresses
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
HSTS = "max-age=31536000"  # a year
FORM_LIFE = timedelta(hours=12)
LEAST_TIME = timedelta(seconds=2)  # nobody fills in a form faster; a robot does
READS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_TO_ALL = frozenset({"unsubscribe"})  # RFC 8058: a mail programme posts here, with no cookie and no form
COOKIE, PLAIN_COOKIE = "__Host-form", "form"
COOKIE_BYTES = 16
_COOKIE = re.compile(r"[0-9a-f]{32}")
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


class Dressed:
    """Around the whole application: nothing leaves it without these headers, whatever went wrong inside."""

    def __init__(self, inside: WSGIApplication) -> None:
        self.inside = inside

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *failed: Any) -> Callable[[bytes], object]:
            more = [*HEADERS, ("Cache-Control", "no-store")]
            if environ["wsgi.url_scheme"] == "https":
                more.append(("Strict-Transport-Security", HSTS))
            own = {name.lower() for name, _ in headers}  # a page that needs more, or less, says so itself
            return start(status, [*headers, *(h for h in more if h[0].lower() not in own)], *failed)

        return self.inside(environ, begin)


def check_form(key: bytes, clock: Callable[[], datetime]) -> None:
    """Before each request that may change something: that it comes from our own pages, and how old its form is."""
    if request.method in READS or request.endpoint in OPEN_TO_ALL:
        return
    if not is_ours(request):
        log.warning("A form from another website was refused: %s", request.endpoint)
        abort(403)
    g.form_age = age(key, cookie_of(request), request.form.get("form", ""), clock())


class Form:
    """The token of every form on one page; made when the first of them asks for it."""

    def __init__(self, key: bytes, clock: Callable[[], datetime], random: Callable[[int], bytes]) -> None:
        self._key, self._clock, self._random = key, clock, random
        self._token = self._cookie = ""

    def __call__(self) -> str:
        if not self._token:
            self._cookie = settled_cookie(request, self._random)
            self._token = token(self._key, self._cookie, self._clock())
        return self._token

    def bind(self, response: Response) -> Response:
        """The cookie that makes the token good in this browser, when the page has a form."""
        if self._token:
            name = _cookie_name(request)
            secure = "" if name == PLAIN_COOKIE else "Secure; "
            response.headers.add("Set-Cookie", f"{name}={self._cookie}; {secure}HttpOnly; Path=/; SameSite=Lax")
        return response


def is_ours(asked: Request) -> bool:
    """Browsers say where a form was sent from. Pages that send no referrer have the Origin "null": it tells nothing."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin", "null")
    return origin == "null" or _place(origin) == _place(asked.host_url)


def _place(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc.lower()


def is_surely_ours(key: bytes, asked: Request) -> bool:
    """Whether the form was shown by us in this browser, however long ago: what it holds may be shown to its person again."""
    at, _, mac = asked.form.get("form", "").partition(".")
    cookie = cookie_of(asked)
    own = cookie is not None and hmac.compare_digest(mac.encode(errors="replace"), _mac(key, cookie, at).encode())
    return own or asked.headers.get("Sec-Fetch-Site") == "same-origin"


def form_key(keys: Keys) -> bytes:
    """A key of its own, so that a form token can never serve as a link."""
    return hmac.digest(keys.links, b"form token", "sha256")


def token(key: bytes, cookie: str, now: datetime) -> str:
    """When the form was shown, bound to this browser's cookie."""
    at = f"{int(now.timestamp()):x}"
    return f"{at}.{_mac(key, cookie, at)}"


def age(key: bytes, cookie: str | None, shown: str, now: datetime) -> timedelta | None:
    """How long ago the form was shown in this browser; None when it was not, or too long ago."""
    at, _, mac = shown.partition(".")
    if cookie is None or not hmac.compare_digest(mac.encode(errors="replace"), _mac(key, cookie, at).encode()):
        return None
    passed = now - datetime.fromtimestamp(int(at, 16), now.tzinfo)
    return passed if passed <= FORM_LIFE else None


def _mac(key: bytes, cookie: str, at: str) -> str:
    return hmac.digest(key, f"{cookie}.{at}".encode(errors="replace"), "sha256").hex()[:32]


def settled_cookie(asked: Request, random: Callable[[int], bytes]) -> str:
    """The browser's cookie, or the one that this answer will give it."""
    if "new_cookie" not in g:
        g.new_cookie = cookie_of(asked) or random(COOKIE_BYTES).hex()
    found: str = g.new_cookie
    return found


def cookie_of(asked: Request) -> str | None:
    found = asked.cookies.get(_cookie_name(asked), "")
    return found if _COOKIE.fullmatch(found) else None


def _cookie_name(asked: Request) -> str:
    """Browsers take a Secure cookie over https, and from this machine itself; anywhere else only a plain one."""
    return COOKIE if is_private(asked) else PLAIN_COOKIE


def is_private(asked: Request) -> bool:
    """Over https, or within this machine: where browsers keep a Secure cookie."""
    return asked.is_secure or _LOOPBACK.fullmatch(asked.host) is not None
