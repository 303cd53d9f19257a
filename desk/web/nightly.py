"""What the site does by itself every night: forget what is no longer to be kept (C9)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread
from zoneinfo import ZoneInfo

import db
from desk.readers import uploads
from desk.readers.person import keep_no_longer
from desk.readers.register import Register
from subscribers import retention

log = logging.getLogger(__name__)

LOOK_SECONDS = 600
NIGHT = range(1, 5)  # hours on the publisher's clock in which hardly anybody reads, so that rewriting tables is no harm
DAY = timedelta(days=1)


def is_due(last: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Once a night; at any hour when a night was missed."""
    if last is None or now - last >= 2 * DAY:
        return True
    return now.astimezone(zone).hour in NIGHT and now - last > DAY / 2


def keep_house(register: Register, now: datetime) -> bool:
    """Forgets what is due, if it is time; whether it was. Two servers that do it at once do no harm."""
    with db.reading(register.engine) as connection:
        last = retention.last_run(connection)
    if not is_due(last, now, register.settings.house.calendar.zone):
        return False
    keep_no_longer(register, now)
    uploads.forget_old(register.imports, now)
    return True


def every_night(register: Register, clock: Callable[[], datetime], stop: Event) -> Thread:
    """A thread that looks every few minutes until `stop` is set. A failure is logged and tried again."""

    def watch() -> None:
        while not stop.wait(LOOK_SECONDS):
            try:
                keep_house(register, clock())
            except Exception as error:  # the outermost loop: the next look tries again
                log.error("What should be forgotten could not be: %s", type(error).__name__)

    thread = Thread(target=watch, name="every-night", daemon=True)
    thread.start()
    return thread
