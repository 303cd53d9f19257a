"""The public site under a production server: the database brought up to date, the keys read, and nothing told in logs."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from typing import Any

from flask import Flask

from desk.goodnews.newsroom import Newsroom
from desk.goodnews.rounds import Rounds
from desk.notes.carrying import Postman, make_postman
from desk.notes.outbox import Outbox
from desk.readers.register import Register, open_register
from desk.settings import Settings
from desk.web.app import MOST_BYTES, create_app, now
from desk.web.goodnews.uploads import MOST_UPLOAD
from desk.web.nightly import every_night
from desk.web.outgoing import END_SECONDS, Sender
from desk.web.staff.routes import ROUTES

THREADS = (
    64  # waiting, most of them: for a sign-up's beat, for a photo's turn in the darkroom; nobody else waits for those
)
TURN_SECONDS = 0.001  # of 0.005: a page of 4 ms does not wait at every step for whoever computes longer
LONGEST_REQUEST = max(
    2 * MOST_UPLOAD + MOST_BYTES, *(route.most for route in ROUTES)
)  # each page then refuses what is too long for it


def serve(settings: Settings, host: str, port: int, start: datetime | None, ready: Callable[[], None]) -> None:
    """Until SIGTERM or Ctrl-C, which let the requests in hand finish. `start`: act as if it were this moment now.

    Raises BuilderError, DatabaseError, SettingsError and SubscribersError, each of which says what to do, and OSError
    when the port is taken.
    """
    register, clock = open_register(settings), started_at(start) if start else now
    postman = make_postman(register.engine, settings, clock, watches=True)
    outbox = Outbox(settings.house.publisher, clock, postman.hurry)
    app = create_app(settings, engine=register.engine, keys=register.keys, clock=clock, sending=outbox)
    _keep_quiet()
    server = server_of(app, host, port)
    signal.signal(signal.SIGTERM, _stop)
    room = app.extensions["newsroom"]
    with _background(register, clock, postman, room, is_pretending=start is not None):
        ready()
        server.run()


def server_of(app: Flask, host: str, port: int) -> Any:
    """Raises OSError when the port is taken.

    What a web server in front says of its visitors comes through; the application believes as much of it as
    `trusted-proxies` allows. waitress would take it away.
    """
    import waitress
    from waitress.server import BaseWSGIServer

    from desk.web.toolarge import Channel

    sys.setswitchinterval(TURN_SECONDS)
    sockets = dict[int, Any]()
    server = waitress.create_server(
        app,
        map=sockets,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=LONGEST_REQUEST,
        clear_untrusted_proxy_headers=False,
    )
    for one in sockets.values():
        if isinstance(one, BaseWSGIServer):
            one.channel_class = Channel
    return server


@contextmanager
def _background(
    register: Register, clock: Callable[[], datetime], postman: Postman, room: Newsroom, *, is_pretending: bool
) -> Iterator[None]:
    """What goes on beside the pages; at the end the letters under way are ended properly."""
    over = Event()
    every_night(register, clock, over)
    Rounds(room).watch(over)
    sender, notes = Sender(register, clock, is_pretending=is_pretending), postman.watch()
    sender.watch()
    try:
        yield
    finally:
        over.set()
        postman.stop()
        sender.stop()
        notes.join(END_SECONDS)


def started_at(start: datetime) -> Callable[[], datetime]:
    """A clock that began at that moment, for trying things out."""
    ahead = start - now()
    return lambda: now() + ahead


def _stop(_number: int, _frame: Any) -> None:
    raise SystemExit(0)


def _keep_quiet() -> None:
    """waitress names the path, which holds a token, when an application fails; ours never does, and says so itself."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
