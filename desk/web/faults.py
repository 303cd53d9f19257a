"""What readers see when something is not as it should be: a calm page that tells nothing about the inside."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from desk.web import archive
from desk.web.public import BadLink, Nobody, Public
from subscribers.model import SubscribersError

log = logging.getLogger("bulletin.web")
PLAIN = frozenset({400, 403, 404, 405, 413, 429, 500})  # codes with words of their own


def install(app: Flask, public: Public, site: Path) -> None:
    app.register_error_handler(BadLink, lambda _: public.page("bad-link", status=404))
    app.register_error_handler(Nobody, lambda _: public.page("nobody", status=404))
    app.register_error_handler(HTTPException, lambda error: _refused(public, site, error))
    app.register_error_handler(SubscribersError, lambda _: public.page("fault", "400", 400, code=400))
    app.register_error_handler(Exception, lambda error: _broken(public, error))


def _refused(public: Public, site: Path, error: HTTPException) -> Response:
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if code == HTTPStatus.NOT_FOUND and (page := archive.not_found(site)):
        return Response(page, code, mimetype="text/html")
    shown = code if code in PLAIN else HTTPStatus.BAD_REQUEST if code < HTTPStatus.INTERNAL_SERVER_ERROR else 500
    response = public.page("fault", str(int(shown)), code, code=int(shown))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken(public: Public, error: Exception) -> Response:
    """Where it happened goes into the log; what was asked for does not: addresses and tokens stay out (C13)."""
    log.error("%s in %s\n%s", type(error).__name__, request.endpoint, _places(error))
    try:
        return public.page("fault", "500", 500, code=500)
    except Exception as worse:  # the outermost loop: whatever happens, there is an answer
        log.error("%s while saying so\n%s", type(worse).__name__, _places(worse))
        return Response(f"{HTTPStatus.INTERNAL_SERVER_ERROR.phrase}\n", 500, mimetype="text/plain")


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
