"""Whoever carries the notes, put together from the settings: a folder of .eml files, or the mail server of mailings."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event, Lock, Thread

from sqlalchemy import Engine

from delivery.folder import Folder, FolderEngine
from delivery.ledger import notes
from delivery.ledger.fence import BusyError
from delivery.loop import carrying
from delivery.loop.carrying import Carried, Errand, Stopper
from delivery.model import DeliveryError
from delivery.smtp.relay import SmtpEngine
from desk.delivering import Delivering, read_delivering
from desk.mailing.engines import make_limits, make_relay, make_signer
from desk.mailing.office import Office
from desk.notes.outbox import OUTBOX
from desk.settings import Settings, SettingsError

log = logging.getLogger("bulletin.notes")

CONNECTIONS = 2
PATIENCE_SECONDS = 5.0  # a mail server that is down is asked again later; nobody stands and waits
LOOK_SECONDS = 5.0
WAITS = (5.0, 15.0, 60.0, 300.0)  # after one, two, three … rounds that came to nothing


def errand_of(settings: Settings, delivering: Delivering, clock: Callable[[], datetime], folder: Path) -> Errand:
    """`folder`: where notes go as files. Raises SettingsError and DeliveryError for a secret or key that cannot be used."""
    sender, sign = delivering.bounces or settings.house.publisher.email, make_signer(delivering)
    if delivering.transport == "folder":
        files = Folder(folder, "eml")
        return Errand(carrier=lambda: FolderEngine(files), sender=sender, clock=clock, sign=sign, has_arrived=files.has)
    relay = replace(make_relay(delivering), connections=CONNECTIONS, patience_seconds=PATIENCE_SECONDS)
    limits = replace(make_limits(delivering, clock().date()), daily=0)
    return Errand(carrier=lambda: SmtpEngine(relay), sender=sender, clock=clock, sign=sign, limits=limits)


def make_postman(
    engine: Engine,
    settings: Settings,
    clock: Callable[[], datetime],
    folder: Path | None = None,
    *,
    watches: bool = False,
) -> Postman:
    """`watches`: a thread of its own carries, so that no page waits for a disk either. Raises SettingsError and DeliveryError."""
    delivering = read_delivering(settings)
    errand = errand_of(settings, delivering, clock, folder or settings.root / OUTBOX)
    return Postman(engine, errand, is_near=delivering.transport == "folder" and not watches)


class Postman:
    """Carries notes: at once where they are only files, else from a thread of its own that a kept note wakes."""

    def __init__(self, engine: Engine, errand: Errand, *, is_near: bool) -> None:
        self._engine, self._errand, self._is_near = engine, errand, is_near
        self._one_at_a_time, self._woken, self._stopper = Lock(), Event(), Stopper()
        self._fruitless = 0

    def hurry(self) -> None:
        """After an act. Whoever asked waits for the disk, never for a mail server (C4)."""
        if self._is_near:
            self._try()
        else:
            self._woken.set()

    def carry(self) -> Carried:
        """All that is due. Another process that is at it carries these too. Raises DeliveryError."""
        with self._one_at_a_time:
            try:
                return carrying.carry(self._engine, self._errand, self._stopper)
            except BusyError:
                return Carried()

    def watch(self) -> Thread:
        """A thread that carries what is kept, tries again what must wait, and ends with `stop`."""
        thread = Thread(target=self._watch, name="notes", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """The letter under way is ended properly; nothing new begins."""
        self._stopper.stop()
        self._woken.set()

    def _watch(self) -> None:
        while not self._stopper.is_stopped:
            self._try()
            if self._fruitless:
                self._stopper.wait(WAITS[min(self._fruitless, len(WAITS)) - 1])
            else:
                self._woken.wait(LOOK_SECONDS)
            self._woken.clear()

    def _try(self) -> None:
        """Nobody who only wanted to subscribe hears of a mail server's troubles; whoever runs the machine does."""
        try:
            problem = self.carry().problem if notes.has_due(self._engine, self._errand.clock()) else ""
        except Exception as error:  # the outermost loop: the next look tries again
            problem = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__
        self._fruitless = self._fruitless + 1 if problem else 0
        if problem:
            log.warning("Letters about subscriptions wait: %s", problem)


def carry_notes(office: Office) -> Carried:
    """For a house whose pages are not served by us all the time."""
    try:
        return make_postman(office.engine, office.register.settings, lambda: office.now).carry()
    except (SettingsError, DeliveryError) as error:
        return Carried(problem=str(error))
