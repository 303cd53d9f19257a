"""What every act on a story takes: database, keys, clock, chance, mail, photos; put together once."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine

from builder.addresses import SEND_GOOD_NEWS
from builder.calendar import Slot, cut_off, next_open_slot
from builder.model import House
from builder.press import Press
from desk.goodnews.schools import School, read_schools
from desk.house import open_press
from desk.notes.carrying import make_postman
from desk.notes.letters import Stationery, Writer, composed
from desk.notes.outbox import Outbox
from desk.readers.register import Register
from desk.settings import Settings
from goodnews.model import Held
from goodnews.photos import Darkroom, Shelf, shared
from goodnews.settings import Settings as GoodNews
from goodnews.settings import read_settings
from subscribers.tokens import Keys

TOKEN_BYTES = 24  # 192 bits


@dataclass(frozen=True, kw_only=True)
class Newsroom:
    """Everything comes from outside, time, chance and mail too."""

    live: Callable[[], Settings]
    engine: Engine
    keys: Keys
    clock: Callable[[], datetime]
    writer: Writer
    random: Callable[[int], bytes] = secrets.token_bytes
    darkroom: Callable[[], Darkroom] = shared

    @property
    def settings(self) -> Settings:
        return self.live()

    @property
    def house(self) -> House:
        return self.live().house

    @property
    def root(self) -> Path:
        return self.live().root

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.root / "var" / "photos")

    @property
    def now(self) -> datetime:
        return self.clock().astimezone(UTC)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.house.calendar.zone).date()

    @property
    def goodnews(self) -> GoodNews:
        """Raises GoodNewsError."""
        return read_settings(self.live().rooms["goodnews"])

    def schools(self) -> tuple[School, ...]:
        return read_schools(self.root)

    @contextmanager
    def press(self, *, drafts: bool = False) -> Iterator[Press]:
        press = open_press(self.settings, now=self.now, drafts=drafts)
        try:
            yield press
        finally:
            press.cache.close()

    # --- links ---

    def token(self, reference: str) -> str:
        """The school's own link. It can be worked out again from the key, so that the database holds only its hash."""
        mac = hmac.digest(self.keys.links, f"story.{reference}".encode(), "sha256")
        return base64.urlsafe_b64encode(mac[:TOKEN_BYTES]).decode()

    def link(self, held: Held) -> str:
        return f"{self.house.publisher.url}/{SEND_GOOD_NEWS}/{self.token(held.reference)}"

    # --- days ---

    def next_edition(self) -> Slot | None:
        """The main bulletin's next edition that is still open for copy."""
        return next_open_slot(self.house.main_bulletin, self.house.calendar, self.now)

    def cut_off(self, bulletin: str, day: date) -> datetime | None:
        found = self.house.bulletins.get(bulletin)
        return cut_off(found, self.house.calendar, day) if found else None

    def may_amend(self, held: Held) -> bool:
        """Until copy closes for the edition that it stands in; before that, as long as it waits."""
        if held.state not in ("waiting", "asked", "accepted"):
            return False
        if not held.slug or held.edition is None:
            return True
        closes = self.cut_off(held.bulletin, held.edition)
        return closes is not None and self.now < closes


def open_newsroom(register: Register, now: Callable[[], datetime]) -> Newsroom:
    """For the command line and the clock. Raises BuilderError, SettingsError and DeliveryError."""
    settings = register.settings
    stationery = read_stationery(settings, now())
    postman = make_postman(register.engine, settings, now)
    sending = Outbox(settings.house.publisher, now, postman.hurry)
    return Newsroom(
        live=lambda: settings,
        engine=register.engine,
        keys=register.keys,
        clock=now,
        writer=Writer(settings.house, register.keys, sending, lambda: stationery),
    )


def read_stationery(settings: Settings, now: datetime) -> Stationery:
    press = open_press(settings, now=now)
    try:
        return Stationery(composed(press), press.renderer.words["public"], {})
    finally:
        press.cache.close()
