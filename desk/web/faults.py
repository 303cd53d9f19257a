"""What readers and staff see when something is not as it should be: a calm page that tells nothing about the inside."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from desk.web import archive
from desk.web.public import BadLink, Nobody, Public
from subscribers.model import SubscribersError

log = logging.getLogger("bulletin.web")
PLAIN = frozenset({400, 403, 404, 405, 413, 429, 500})  # codes with words of their own
Page = Callable[[int], Response]
"""The page for a code."""


def install(app: Flask, public: Public, site: Path, desk: Page) -> None:
    """`desk`: whoever works at the desk gets its own page."""
    app.register_error_handler(BadLink, lambda _: public.page("bad-link", status=404))
    app.register_error_handler(Nobody, lambda _: public.page("nobody", status=404))
    app.register_error_handler(HTTPException, lambda error: _refused(public, site, desk, error))
    app.register_error_handler(SubscribersError, lambda _: desk(400) if _is_desk() else _page(public, 400))
    app.register_error_handler(
        Exception,
        lambda error: _broken((desk, partial(_page, public)) if _is_desk() else (partial(_page, public),), error),
    )


def _is_desk() -> bool:
    return request.path == "/desk" or request.path.startswith("/desk/")


def _page(public: Public, code: int) -> Response:
    shown = code if code in PLAIN else HTTPStatus.BAD_REQUEST if code < HTTPStatus.INTERNAL_SERVER_ERROR else 500
    return public.page("fault", str(int(shown)), code, code=int(shown))


def _refused(public: Public, site: Path, desk: Page, error: HTTPException) -> Response:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if _is_desk():
        response = desk(code)
    elif code == HTTPStatus.NOT_FOUND and (page := archive.not_found(site)):
        return Response(page, code, mimetype="text/html")
    else:
        response = _page(public, code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken(pages: tuple[Page, ...], error: Exception) -> Response:
    """Where it happened goes into the log; what was asked for does not: addresses and tokens stay out (C13)."""
    log.error("%s in %s\n%s", type(error).__name__, request.endpoint, _places(error))
    for page in pages:
        try:
            return page(500)
        except Exception as worse:  # the outermost loop: whatever happens, there is an answer
            log.error("%s while saying so\n%s", type(worse).__name__, _places(worse))
    return Response(f"{HTTPStatus.INTERNAL_SERVER_ERROR.phrase}\n", 500, mimetype="text/plain")


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
