"""Changes of the ledger gather and share commits, each written in a thread of its own while the next gathers."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from delivery.ledger.sending import Change, Ledger
from delivery.model import Counts, DeliveryError, State

log = logging.getLogger(__name__)

WORTH_WAITING_SECONDS = 0.0001
LONGEST_GATHER_SECONDS = 0.001
LEDGER_TRIES = (0.2, 0.5, 1.0, 2.0)  # waits after a failed write

T = TypeVar("T")
Answer = Callable[[Change, bool], None]


class LedgerError(DeliveryError):
    """Nothing more may be sent: what happens could not be written down."""


class Commits:
    """`under_way`: letters given out of whose end nothing is known yet; `news` is set when somebody should look."""

    def __init__(self, ledger: Ledger, news: asyncio.Event) -> None:
        self._ledger, self._news = ledger, news
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._waiting: list[tuple[Change, Answer]] = []
        self._asking = 0  # letters whose dot waits for the next commit
        self._seconds = 0.0  # that the last commit took
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
        """The ledger belongs to one thread; whatever is asked of it is asked there."""
        return await self._loop.run_in_executor(self._thread, question)

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
            self._loop.call_later(min(self._seconds / 4, LONGEST_GATHER_SECONDS), self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        if self._waiting and not self._is_writing:
            self._start()

    def _start(self) -> None:
        batch, self._waiting = self._waiting, []
        self._asking, self._is_writing = 0, True
        begun = time.perf_counter()
        writing = self._loop.run_in_executor(self._thread, self._durably, [change for change, _ in batch])
        writing.add_done_callback(lambda written: self._on_written(batch, written, begun))

    def _durably(self, changes: list[Change]) -> set[int]:
        """In the ledger's thread. A full disk or a lock is waited out for a few seconds. Raises LedgerError."""
        for wait in (*LEDGER_TRIES, 0.0):
            try:
                return self._ledger.commit(changes, datetime.now(UTC))
            except DBAPIError as error:
                if not wait:
                    raise LedgerError(f"the ledger cannot be written: {error.orig}") from error
                log.warning("the ledger cannot be written, trying again: %s", error.orig)
                time.sleep(wait)
        raise AssertionError

    def _on_written(
        self, batch: list[tuple[Change, Answer]], written: "asyncio.Future[set[int]]", begun: float
    ) -> None:
        self._seconds = time.perf_counter() - begun
        try:
            done = written.result()
            for change, answer in batch:
                self._tell(change, answer, change.row in done)
        except (Exception, asyncio.CancelledError) as error:  # ours too must end the run, not leave it waiting for ever
            self.broken = error
            self._news.set()
            return
        self._is_writing = False
        if self._waiting:
            self._consider()
        else:
            self._news.set()

    def _tell(self, change: Change, answer: Answer, is_done: bool) -> None:
        if is_done:
            self._counts[change.before] -= 1
            self._counts[change.outcome.state] += 1
        answer(change, is_done)
