"""What the pages of schools' stories have at hand."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Response, request

import db
from builder.cache import fingerprint
from desk.goodnews.newsroom import Newsroom
from desk.web import guard
from desk.web.public import BadLink, Problem, Public
from goodnews import store
from goodnews.form import Fault
from goodnews.model import Held, Photo

SCRIPT = "good-news.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_KEPT = re.compile(r"([0-9a-f]{40})\.([0-9a-f]{16})\.(\d{1,5})\.(\d{1,5})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Place:
    public: Public
    room: Newsroom

    def page(self, template: str, title: str = "", status: int = 200, **values: Any) -> Response:
        read = self.public.reading()
        script = f"{read.top}{SCRIPT}?v={fingerprint(read.files[SCRIPT])[:10]}"
        response = self.public.page(template, title, status, script=script, **values)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    def story(self, token: str) -> Held:
        """The story that this link is of. Raises BadLink."""
        with db.reading(self.room.engine) as connection:
            held = store.by_token(connection, token)
        if held is None:
            raise BadLink
        return held

    # --- photos between two pages of the form ---

    def kept(self, photo: Photo) -> str:
        """What the form carries of a photo that was uploaded: good in this browser only."""
        said = f"{photo.name}.{photo.look}.{photo.width}.{photo.height}"
        return f"{said}.{self._mac(guard.settled_cookie(request, self.public.random), said)}"

    def photo_of(self, text: str) -> Photo | None:
        """None for what we never said, and for what has been swept away since."""
        found = _KEPT.fullmatch(text)
        if not found:
            return None
        said, mac, cookie = text.rpartition(".")[0], found[5], guard.cookie_of(request)
        if cookie is None or not hmac.compare_digest(mac, self._mac(cookie, said)):
            return None
        if not self.room.shelf.has(found[1]):
            return None
        return Photo(found[1], found[2], int(found[3]), int(found[4]))

    def _mac(self, cookie: str, said: str) -> str:
        return hmac.digest(self.public.form_key, f"photo.{cookie}.{said}".encode(), "sha256").hex()[:32]


def problems_of(faults: Iterable[Fault]) -> tuple[Problem, ...]:
    return tuple(Problem(fault.field, fault.code, fault.said) for fault in faults)
