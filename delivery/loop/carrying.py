"""Carries the notes that wait: claim, sign, send, record. The same care as a mailing's, without its speed."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from delivery import outcome
from delivery.engine import Engine as Carrier
from delivery.engine import Parcel
from delivery.ledger import fence, notes
from delivery.ledger.notes import Note
from delivery.letter import message
from delivery.letter.message import Message
from delivery.letter.parcels import Sign
from delivery.loop.commits import LEDGER_TRIES
from delivery.loop.handful import Handful
from delivery.loop.pace import Limits, Pace
from delivery.model import DeliveryError, Outcome, State

FENCE = 0  # no mailing has this number: one process at a time carries notes
PAGE = 50
REFUSALS_IN_A_ROW = 5  # the relay refuses everything: that is ours to mend, and must not cost everybody their letter
LEFT_BEHIND = "the sender stopped before the server's answer was written down"


@dataclass(frozen=True, kw_only=True)
class Errand:
    """How notes are carried. `has_arrived`: what can be looked up about one that a dead process left (a folder)."""

    carrier: Callable[[], Carrier]
    sender: str  # the return path
    clock: Callable[[], datetime]
    sign: Sign | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    has_arrived: Callable[[str], bool] | None = None


@dataclass
class Carried:
    """What one round came to. `problem`: why it stopped early; what it did not carry waits on."""

    outcomes: list[Outcome] = field(default_factory=list)
    problem: str = ""


class Stopper:
    """Ends a round from another thread."""

    def __init__(self) -> None:
        self._hurry: Callable[[], None] | None = None
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()
        hurry = self._hurry
        if hurry:
            with suppress(RuntimeError):  # its loop has just ended
                hurry()

    def wait(self, seconds: float) -> None:
        """So long, or until it is stopped."""
        self._stopped.wait(seconds)

    def watch(self, hurry: Callable[[], None] | None) -> None:
        self._hurry = hurry


def carry(engine: Engine, errand: Errand, stopper: Stopper | None = None) -> Carried:
    """All that is due. Raises fence.BusyError when another process is at it, which then carries these too."""
    stopper, carried = stopper or Stopper(), Carried()
    with engine.connect() as connection, fence.held(connection, FENCE):
        _settle_leftovers(connection, errand)
        while not stopper.is_stopped and not carried.problem:
            with connection.begin():
                notes.give_up(connection, errand.clock())
                found = notes.due(connection, errand.clock(), PAGE)
            if not found:
                break
            _round(connection, errand, found, carried, stopper)
    return carried


def _settle_leftovers(connection: Connection, errand: Errand) -> None:
    now = errand.clock()
    with connection.begin():
        left = notes.leftovers(connection)
        arrived = {one.id for one in left if errand.has_arrived and errand.has_arrived(one.name)}
        for one in left:
            if one.id in arrived:
                notes.settle(connection, one, Outcome(State.ACCEPTED, words="found where it was to go"), now)
            elif errand.has_arrived:
                notes.move(connection, [one.id], State.QUEUED, now)
            else:
                notes.move(connection, [one.id], State.IN_DOUBT, now, LEFT_BEHIND)


def _round(connection: Connection, errand: Errand, found: list[Note], carried: Carried, stopper: Stopper) -> None:
    work = _Round(connection, errand, found)
    asyncio.run(_carry(work, errand.carrier(), stopper))
    carried.outcomes += work.outcomes.values()
    carried.problem = work.problem
    if not work.outcomes and not work.problem and not stopper.is_stopped:
        carried.problem = f"none of {len(found)} notes could be carried"


async def _carry(work: _Round, carrier: Carrier, stopper: Stopper) -> None:
    loop = asyncio.get_running_loop()

    def hurry() -> None:
        work.stop()
        carrier.hurry()

    def hurry_soon() -> None:
        loop.call_soon_threadsafe(hurry)

    stopper.watch(hurry_soon)
    try:
        if not stopper.is_stopped:
            await carrier.carry(work)
    except DeliveryError as error:
        work.problem = str(error)
    finally:
        stopper.watch(None)


class _Round(Handful):
    """A page of notes: each is durably "attempting" before its dot, and settled as soon as the server has spoken."""

    def __init__(self, connection: Connection, errand: Errand, found: list[Note]) -> None:
        super().__init__()
        self.problem = ""
        self._connection, self._errand = connection, errand
        self._notes = {one.id: one for one in found}
        self._pace = Pace(errand.limits, time.monotonic())
        self._refusals = 0
        for one in found:
            self._add(one)

    def _add(self, one: Note) -> None:
        try:
            self.add(_parcel(self._errand, one))
        except DeliveryError as error:
            self.outcomes[one.id] = outcome.refused_here(str(error))
            self._write(one, self.outcomes[one.id])

    def take(self, taker: Callable[[], None]) -> Parcel | None:
        now = time.monotonic()
        if wait := self._pace.wait_for_all(now):
            asyncio.get_running_loop().call_later(wait, taker)
            return None
        parcel = super().take(taker)
        if parcel:
            self._pace.take(parcel.address.rpartition("@")[2], now)
        return parcel

    def may_leave(self, parcel: Parcel) -> bool:
        try:
            with self._connection.begin():
                return notes.attempt(self._connection, parcel.row, self._errand.clock())
        except DBAPIError as error:
            self._break(f"the database cannot be written: {error.orig}")
            return False

    def settled(self, parcel: Parcel, found: Outcome) -> None:
        self._write(self._notes[parcel.row], found)
        if found.state is State.FAILED and found.code and not found.status.startswith(("5.1.", "5.2.")):
            self._refusals += 1
        elif found.code:
            self._refusals = 0
        if self._refusals >= REFUSALS_IN_A_ROW:
            words = notes.said_of_nobody(found.words, parcel.address)
            self._break(f"the mail server refuses everything: {found.code} {found.status} {words}")

    def _write(self, one: Note, found: Outcome) -> None:
        """A lock or a full disk is waited out for a moment; after that the note stays "attempting", so in doubt."""
        now, again = self._errand.clock(), None
        if found.state is State.DEFERRED:
            again = outcome.retry_at(one.attempts + 1, now, one.made_at, random.random())
            found = found if again else outcome.gave_up(found)
        for wait in (*LEDGER_TRIES, 0.0):
            try:
                with self._connection.begin():
                    notes.settle(self._connection, one, found, now, again)
                return
            except DBAPIError as error:
                if not wait:
                    self._break(f"the database cannot be written: {error.orig}")
                time.sleep(wait)

    def _break(self, problem: str) -> None:
        self.problem = problem
        self.stop()


def _parcel(errand: Errand, one: Note) -> Parcel:
    headers, _, body = one.message.partition(b"\r\n\r\n")
    made = Message(headers + b"\r\n", (body,))
    made = errand.sign(made) if errand.sign else made
    return Parcel(one.id, one.name, message.clean_address(errand.sender), message.clean_address(one.address), made)
