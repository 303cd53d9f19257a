"""What the clock does for stories: reads the mailbox and the feeds, tells schools what is out, forgets in time."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import db
from delivery.model import DeliveryError
from delivery.returning import mailboxes
from delivery.returning.imap import SignIn
from desk.goodnews import acts, feeding, mailroom
from desk.goodnews.newsroom import Newsroom
from desk.mailing.engines import secret
from desk.stories import CannotTake
from goodnews import retention
from goodnews.model import GoodNewsError

log = logging.getLogger("bulletin.goodnews")
LOOK_SECONDS = 20.0
MAILBOX, FEEDS, SWEEP = timedelta(minutes=5), timedelta(hours=6), timedelta(hours=12)
UPLOADS_KEPT = timedelta(hours=24)  # photos of a form that was never sent


def read_mailbox(room: Newsroom, where: str = "") -> Counter[str]:
    """Raises DeliveryError, GoodNewsError and SettingsError."""
    settings = room.goodnews
    place = where or settings.mailbox
    if not place:
        raise GoodNewsError('bulletin.toml names no mailbox. Add to [goodnews]: mailbox = "imaps://user@host/INBOX".')
    if "://" not in place and place != "-":
        place = str(room.root / place)
    file = room.root / settings.password_file if settings.password_file else None
    sign_in = SignIn(secret(file, "[goodnews] mailbox-password-file"))
    with mailboxes.opened(place, sign_in) as stream:
        return mailroom.take_mail(room, stream)


def keep_no_longer(room: Newsroom) -> int:
    """Contact details, photos and arrivals whose time is over; uploads that never became a story (C9)."""
    with db.writing(room.engine) as connection:
        count = retention.run(connection, room.goodnews.keep, room.now)
    with db.reading(room.engine) as connection:
        used = retention.photos_in_use(connection, room.goodnews.keep, room.now)
    before = time.time() - UPLOADS_KEPT.total_seconds()  # the disk's own clock, whatever hour is pretended
    return count + room.shelf.sweep(used, before)


@dataclass(slots=True)
class Rounds:
    """Each task at its own pace; one that fails is logged and tried again, and stops no other."""

    room: Newsroom
    last: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        room = self.room
        self._try("stories", timedelta(), lambda: acts.look_after(room))
        if room.goodnews.mailbox:
            self._try("mailbox", MAILBOX, lambda: read_mailbox(room))
        if room.goodnews.feeds:
            self._try("feeds", FEEDS, lambda: feeding.take_feeds(room))
        self._try("sweep", SWEEP, lambda: keep_no_longer(room))

    def _try(self, name: str, every: timedelta, do: Callable[[], object]) -> None:
        now, before = self.room.now, self.last.get(name)
        if before is not None and now - before < every:
            return
        self.last[name] = now
        try:
            do()
        except (CannotTake, DeliveryError, GoodNewsError) as error:
            log.warning("Good news, %s: %s", name, error)
        except Exception as error:  # the outermost loop: the next look tries again
            log.error("Good news, %s: %s", name, type(error).__name__)

    def watch(self, stop: Event) -> Thread:
        def run() -> None:
            while not stop.wait(LOOK_SECONDS):
                self._try("look", timedelta(), self.look)

        thread = Thread(target=run, name="good-news", daemon=True)
        thread.start()
        return thread


def maildir(path: Path) -> Path:
    """An empty Maildir, for a house that has no mail server yet."""
    for name in ("new", "cur", "tmp"):
        (path / name).mkdir(parents=True, exist_ok=True)
    return path
