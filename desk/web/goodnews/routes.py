"""The addresses of schools' stories, and how much their forms may bring.

They have a first part of their own, so that whatever stands in front can tell them from the archive's list and feeds of good
news. What lay below /good-news before is answered there still.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from builder.addresses import SEND_GOOD_NEWS
from desk.goodnews.newsroom import Newsroom
from desk.web.goodnews import form, status
from desk.web.goodnews.place import Place
from desk.web.public import Public

SAY_THEMSELVES = frozenset({"good-news", "good-news:change"})
"""Forms that would lose much if they were only told to be stale: they show again what was typed."""
FORMER = "/good-news"
_BOTH, _PRESS, _LOOK = ("GET", "POST"), ("POST",), ("GET",)


class Token(BaseConverter):
    """Below /good-news the archive has its list and its feeds: nothing else there is ours."""

    regex = "[A-Za-z0-9_-]{32}"


def install(app: Flask, public: Public, room: Newsroom) -> None:
    app.url_map.converters["story"] = Token
    place = Place(public, room)
    routes: tuple[tuple[str, str, Callable[..., Any], tuple[str, ...]], ...] = (
        ("", "good-news", form.send, _BOTH),
        ("/photo/<kept>", "good-news:photo", form.photo, _LOOK),
        ("/<story:token>", "good-news:status", status.status, _LOOK),
        ("/<story:token>/answer", "good-news:answer", status.answer, _PRESS),
        ("/<story:token>/change", "good-news:change", status.change, _BOTH),
        ("/<story:token>/withdraw", "good-news:withdraw", status.withdraw, _BOTH),
        ("/<story:token>/photos", "good-news:photos", status.take_photos_down, _PRESS),
        ("/<story:token>/photo/<int:number>", "good-news:own-photo", status.photo, _LOOK),
    )
    for rule, name, view, methods in routes:
        bound = partial(view, place)
        app.add_url_rule(f"/{SEND_GOOD_NEWS}{rule}", name, bound, methods=methods, strict_slashes=False)
        app.add_url_rule(f"{FORMER}{rule}", name, bound, methods=methods)
    app.before_request_funcs.setdefault(None, []).insert(0, partial(_before, place))


def _before(place: Place) -> Response | None:
    """Before anything of the form is read, its token too."""
    return form.limit_upload(place) if request.endpoint in SAY_THEMSELVES else None
