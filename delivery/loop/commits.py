"""Changes of the ledger gather and share commits: in the loop's own thread where the disk is quick, else in one of their own.

A thread of its own lets letters go on while the disk works, and costs a tenth of a letter's processor in handing over.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from delivery.ledger.changes import Change, sums
from delivery.ledger.sending import Ledger
from delivery.model import Counts, DeliveryError, State

log = logging.getLogger(__name__)

WORTH_WAITING_SECONDS = 0.0001
LONGEST_GATHER_SECONDS = 0.001
QUICK_SECONDS = 0.001  # a commit that takes less may hold up the wire: its letters wait for it anyhow
REMEMBERED = 8  # about so many commits say how quick the disk is
LEDGER_TRIES = (0.2, 0.5, 1.0, 2.0)  # waits after a failed write

T = TypeVar("T")
Answer = Callable[[Change, bool], None]
Batch = list[tuple[Change, Answer]]


class LedgerError(DeliveryError):
    """Nothing more may be sent: what happens could not be written down."""


class Commits:
    """`under_way`: letters given out of whose end nothing is known yet; `news` is set when somebody should look."""

    def __init__(self, ledger: Ledger, news: asyncio.Event, clock: Callable[[], datetime]) -> None:
        self._ledger, self._news, self._clock = ledger, news, clock
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._in_use = threading.Lock()  # the ledger is one session: one thread at a time
        self._waiting: Batch = []
        self._asking = 0  # letters whose dot waits for the next commit
        self._seconds = 0.0  # that a commit takes
        self._is_writing = self._has_timer = False
        self._counts: dict[State, int] = {}
        self.under_way = 0
        self.broken: BaseException | None = None

    @property
    def is_idle(self) -> bool:
        return not (self._waiting or self._is_writing)

    @property
    def counts(self) -> Counts:
        return Counts(**{state.value: number for state, number in self._counts.items()})

    async def begin(self) -> None:
        counts = await self.ask(self._ledger.counts)
        self._counts = {state: getattr(counts, state.value) for state in State}

    async def ask(self, question: Callable[[], T]) -> T:
        """Whatever is asked of the ledger is asked in its own thread."""
        return await self._loop.run_in_executor(self._thread, self._alone, question)

    def _alone(self, question: Callable[[], T]) -> T:
        with self._in_use:
            return question()

    def end(self) -> None:
        self._thread.shutdown(wait=True)

    def write(self, change: Change, answer: Answer) -> None:
        """`answer` hears, once the change is durable, whether it was made: whoever was withdrawn meanwhile is not."""
        self._waiting.append((change, answer))
        self._asking += change.outcome.state is State.ATTEMPTING
        if not self._is_writing:
            self._consider()

    def _consider(self) -> None:
        """On a slow disk half of the letters under way gather for one commit, while the other half is on the wire.

        Else the first of twenty would start a commit for itself alone, and the nineteen would wait for two.
        """
        if self._seconds < WORTH_WAITING_SECONDS or self._asking * 2 >= self.under_way:
            self._start()
        elif not self._has_timer:
            self._has_timer = True
            self._loop.call_later(min(self._seconds, LONGEST_GATHER_SECONDS), self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        if self._waiting and not self._is_writing:
            self._start()

    def _start(self) -> None:
        self._is_writing = True
        self._loop.call_soon(self._write)  # whoever else is ready in this turn of the loop shares it

    def _write(self) -> None:
        batch, self._waiting, self._asking = self._waiting, [], 0
        with self._told_of_trouble():
            if self._seconds < QUICK_SECONDS and self._at_once([change for change, _ in batch]):
                # A turn later, so that a line that was lost meanwhile is known to be: its letter is then not in doubt.
                self._loop.call_soon(self._on_written, batch)
            else:
                self._write_in_thread(batch)

    def _write_in_thread(self, batch: Batch) -> None:
        writing = self._loop.run_in_executor(self._thread, self._durably, [change for change, _ in batch])
        writing.add_done_callback(lambda written: self._on_written(batch, written))

    def _at_once(self, changes: list[Change]) -> bool:
        """Not while the ledger's thread is at work, and no other writer is waited for: the wire would stand still."""
        if not self._in_use.acquire(blocking=False):
            return False
        try:
            begun = time.perf_counter()
            is_done = self._ledger.commit_at_once(changes, self._clock())
            if is_done:
                self._took(begun)
            return is_done
        finally:
            self._in_use.release()

    def _durably(self, changes: list[Change]) -> set[int]:
        """In the ledger's thread. A full disk or a lock is waited out for a few seconds. Raises LedgerError."""
        for wait in (*LEDGER_TRIES, 0.0):
            try:
                with self._in_use:
                    begun = time.perf_counter()
                    done = self._ledger.commit(changes, self._clock())
                    self._took(begun)
                    return done
            except DBAPIError as error:
                if not wait:
                    raise LedgerError(f"the database cannot be written: {error.orig}") from error
                log.warning("the database cannot be written, trying again: %s", error.orig)
                time.sleep(wait)
        raise AssertionError

    def _took(self, begun: float) -> None:
        self._seconds += (time.perf_counter() - begun - self._seconds) / REMEMBERED

    def _on_written(self, batch: Batch, written: "asyncio.Future[set[int]] | None" = None) -> None:
        """`written`: which of them were; all, when it is not given."""
        with self._told_of_trouble():
            self._answer(batch, written.result() if written else {change.row for change, _ in batch})

    @contextmanager
    def _told_of_trouble(self) -> Iterator[None]:
        """An error of ours too must end the run, not leave it waiting for ever."""
        try:
            yield
        except (Exception, asyncio.CancelledError) as error:
            self.broken = error
            self._news.set()

    def _answer(self, batch: Batch, done: set[int]) -> None:
        for state, more in sums(change for change, _ in batch if change.row in done).items():
            self._counts[state] += more
        for change, answer in batch:
            answer(change, change.row in done)
        self._is_writing = False
        if self._waiting:
            self._consider()
        elif not self.under_way:
            self._news.set()
