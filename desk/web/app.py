"""The web application, put together from what it is handed: settings, database, keys, clock, chance and mail."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from desk.editing.warm import Warm
from desk.goodnews.newsroom import Newsroom
from desk.house import open_press, template_folders
from desk.keeping import Keeping, read_keeping
from desk.notes.carrying import make_postman
from desk.notes.letters import Sending
from desk.notes.outbox import OUTBOX, Outbox
from desk.readers.register import know_audiences
from desk.settings import Settings, SettingsError
from desk.web import (
    archive,
    confirming,
    faults,
    guard,
    leaving,
    letter,
    moving,
    pausing,
    preferences,
    searching,
    signup,
    useful,
    yours,
)
from desk.web.goodnews import routes as goodnews
from desk.web.limits import Limits
from desk.web.public import Public
from desk.web.reading import Reading
from desk.web.staff import frame
from desk.web.staff.desk import ENDPOINT, Desk, Live
from desk.web.staff.looks import LiveLooks
from desk.web.staff.openid import LiveOpenId
from desk.web.staff.routes import ROUTES
from goodnews.model import GoodNewsError
from subscribers.tokens import Keys

MOST_BYTES = 64 * 1024  # of a form; the longest honest one is far under 4 KB
MOST_FIELDS = 200
FORMS_THAT_SAY_SO = (*guard.OPEN_TO_ALL, *goodnews.SAY_THEMSELVES, "subscribe", None)


def now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    engine: Engine,
    keys: Keys,
    clock: Callable[[], datetime] = now,
    sending: Sending | None = None,
    outbox: Path | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
    pause: Callable[[float], None] = time.sleep,
    limits: Limits | None = None,
) -> Flask:
    """The public site and the desk as a WSGI application. The database must have the current schema.

    `outbox`: the folder of letters that are only files. Letters for a mail server wait for whoever carries them, unless
    `sending` says otherwise.
    """
    outbox = outbox or settings.root / OUTBOX
    sending = sending or Outbox(settings.house.publisher, clock, make_postman(engine, settings, clock, outbox).hurry)
    keeping = read_keeping(settings)
    live = Live(settings)
    public = _public(live, keeping, engine, keys, clock, sending, outbox, random, pause, limits or Limits())
    know_audiences(engine, settings)
    public.reading()  # a house that cannot be read is told now, not to the first visitor
    app = Flask("bulletin", static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, MAX_FORM_MEMORY_SIZE=MOST_BYTES, MAX_FORM_PARTS=MOST_FIELDS)
    app.url_map.merge_slashes = False  # its redirects would repeat what was typed
    app.before_request(partial(_needs_a_form, public))
    desk = _desk(public, live)
    faults.install(app, public, settings.root / "site", partial(frame.fault, desk))
    _route(app, public, settings)
    app.extensions["newsroom"] = room = newsroom(public, live)
    goodnews.install(app, public, room)
    frame.install(app, desk)
    app.wsgi_app = guard.Dressed(app.wsgi_app)  # type: ignore[method-assign, assignment]
    if proxies := keeping.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    return app


def newsroom(public: Public, live: Live) -> Newsroom:
    """What the acts on schools' stories take. Raises SettingsError for mistakes in [goodnews]."""
    room = Newsroom(
        live=live,
        engine=public.engine,
        keys=public.keys,
        clock=public.clock,
        writer=public.writer,
        random=public.random,
    )
    try:
        room.goodnews  # noqa: B018 mistakes are told now, not to the log of tonight
    except GoodNewsError as error:
        raise SettingsError(str(error)) from error
    return room


def _desk(public: Public, live: Live) -> Desk:
    kept = live.settings.root / "var" / "cache" / "templates"
    looks = LiveLooks(lambda: template_folders(live()), kept)
    looks()  # what cannot be shown is told now
    routes = {route.name: route for route in ROUTES}
    return Desk(
        public=public, live=live, looks=looks, routes=routes, warm=Warm(live), signing=LiveOpenId(live, public.clock)
    )


def _public(
    live: Live,
    keeping: Keeping,
    engine: Engine,
    keys: Keys,
    clock: Callable[[], datetime],
    sending: Sending,
    outbox: Path,
    random: Callable[[int], bytes],
    pause: Callable[[float], None],
    limits: Limits,
) -> Public:
    settings = live.settings
    reading = Reading(lambda: open_press(live(), now=clock()), clock)
    return Public(
        live=live,
        engine=engine,
        keys=keys,
        form_key=guard.form_key(keys),
        bases=keeping.bases,
        clock=clock,
        random=random,
        pause=pause,
        reading=reading,
        sending=sending,
        limits=limits,
        outbox=outbox,
        reports=settings.root / "var" / "reports",
    )


def _route(app: Flask, public: Public, settings: Settings) -> None:
    site = settings.root / "site"
    both, press, look = ("GET", "POST"), ("POST",), ("GET",)
    routes: tuple[tuple[str, str, Callable[..., Any], tuple[str, ...]], ...] = (
        ("/subscribe", "subscribe", partial(signup.subscribe, public), both),
        ("/confirm/<token>", "confirm", partial(confirming.confirm, public), both),
        ("/unsubscribe/<token>", "unsubscribe", partial(leaving.unsubscribe, public), both),
        ("/unsubscribe/<token>/undo", "undo", partial(leaving.undo, public), press),
        ("/unsubscribe/<token>/why", "why", partial(leaving.say_why, public), press),
        ("/preferences/<token>", "preferences", partial(preferences.overview, public), look),
        ("/preferences/<token>/choices/<bulletin>", "choices", partial(preferences.choices, public), both),
        ("/preferences/<token>/pause/<bulletin>", "pause", partial(pausing.pause, public), both),
        ("/preferences/<token>/back/<bulletin>", "back", partial(preferences.back, public), press),
        ("/preferences/<token>/address", "address", partial(moving.address, public), both),
        ("/preferences/<token>/data", "data", partial(yours.data, public), press),
        ("/preferences/<token>/erase", "erase", partial(yours.erase, public), both),
        ("/read/<token>", "read", partial(letter.read, public), look),
        ("/useful/<bulletin>/<day>/<slug>", "useful", partial(useful.useful, public), both),
        ("/public.css", "style", partial(archive.own_file, public, "public.css"), look),
        ("/good-news.js", "good-news:script", partial(archive.own_file, public, "good-news.js"), look),
        ("/search/", "search", partial(searching.page, public, site), look),
        ("/", "home", partial(archive.page, public, site), look),
        ("/<path:path>", "archive", partial(archive.page, public, site), look),
    )
    for rule, name, view, methods in routes:
        app.add_url_rule(rule, name, view, methods=methods)


def _needs_a_form(public: Public) -> Response | None:
    """Every form but the mail programme's must have been shown by us. The sign-up form says so itself, and loses nothing."""
    if (request.endpoint or "").startswith(ENDPOINT):
        return None  # the desk's own frame asks who it is before it reads the form
    guard.check_form(public.form_key, public.clock)
    if request.method in guard.READS or request.endpoint in FORMS_THAT_SAY_SO:
        return None
    return None if g.form_age is not None else public.page("stale", "400", 400, here=request.path)
