"""What a page of the desk may load, and the letter that is shown inside of one."""

from __future__ import annotations

from flask import Response

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A letter carries its own styles; no script runs in it, whatever got in there, and it stands only in our own pages.
LETTER = (
    "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "base-uri 'none'; form-action 'none'; sandbox allow-popups"
)


def protect(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    if policy == LETTER:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
