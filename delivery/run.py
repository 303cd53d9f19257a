"""The loop: claim, make, send, record, pace, stop. A ledger and an engine go in, a `Summary` comes out.

Letters are claimed from the list in pages, made when an engine asks for one, and settled by what it reports. All that
is ready for the ledger at one moment, attempts and outcomes, shares one commit; while it is written the next gathers.
"""

import asyncio
import logging
import math
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from . import message, outcome, verp
from .engine import Engine, Parcel
from .ledger import Change, Claim, Ledger
from .message import Frame, Message
from .model import Counts, DeliveryError, Mailing, Outcome, State
from .pace import Limits, Pace

log = logging.getLogger(__name__)

PAGE = 500
MOST_ASIDE = 20 * PAGE  # claims of slow domains in memory; then the list waits for them
FRAMES_KEPT = 100  # letters of 60 KB in memory
CONTROL_SECONDS = 0.4  # how often somebody's pause or cancel is looked for
PROGRESS_SECONDS = 0.2
WORTH_WAITING_SECONDS = 0.0001
LONGEST_GATHER_SECONDS = 0.001
LEDGER_TRIES = (0.2, 0.5, 1.0, 2.0)  # waits after a failed write

T = TypeVar("T")
Sign = Callable[[Message], Message]
Pending = tuple[Change, Callable[[bool], None] | None]


@dataclass(frozen=True)
class Terms:
    """How a mailing is to be sent."""

    secret: bytes  # of the return paths and Message-IDs
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    sign: Sign | None = None
    stay: timedelta = timedelta(0)  # wait for deferred letters that are due within this time
    grace_seconds: float = 8.0  # for letters under way when asked to stop; R2 allows 10
    refusals_in_a_row: int = 25  # the relay refuses everything: stop before the whole list has failed
    already_today: dict[str, int] | None = None  # per domain, while warming up


@dataclass(frozen=True)
class Summary:
    """`ended`: finished, waiting (deferred letters are left), paused, cancelled, stopped (asked to) or broken."""

    ended: str
    counts: Counts
    problem: str = ""
    next_due: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Everyone who could get a letter has got one."""
        return self.ended == "finished" and not (self.counts.failed or self.counts.in_doubt)


class _Held:
    """A claim in our hands."""

    __slots__ = ("claim", "granted")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.granted = False

    @property
    def state(self) -> State:
        return State.ATTEMPTING if self.granted else self.claim.state


class Run:
    """Implements engine.Work. One is used once."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        terms: Terms,
        progress: Callable[[Counts], None] | None = None,
    ) -> None:
        self._ledger, self._engine, self._terms = ledger, engine, terms
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._pace = Pace(terms.limits, self._loop.time(), terms.already_today)
        self._mailing: Mailing
        self._frames: dict[int, Frame] = {}
        self._queue: deque[Claim] = deque()
        self._returned: deque[Parcel] = deque()
        self._slow: dict[str, deque[Claim]] = {}  # of domains that must wait
        self._held: dict[int, _Held] = {}
        self._takers: set[Callable[[], None]] = set()
        self._changes: list[Pending] = []
        self._news = asyncio.Event()
        self._cursor = -1
        self._is_exhausted = False
        self._is_over = False
        self._ended = ""
        self._problem = ""
        self._refusals = 0
        self._breathe_until = 0.0
        self._counts: dict[State, int] = {}
        self._commit_seconds = 0.0
        self._asking = 0  # letters whose dot waits for the next commit
        self._under_way = 0  # given out, and nothing heard of their end
        self._is_committing = self._has_timer = False
        self._broken: BaseException | None = None

    # ---- what the engine sees

    @property
    def is_over(self) -> bool:
        return bool(self._ended) or (self._is_over and not self._queue and not self._returned and not self._slow)

    def take(self, taker: Callable[[], None]) -> Parcel | None:
        now = self._loop.time()
        if not self._ended and now >= self._breathe_until and (parcel := self._next(now)):
            self._under_way += 1
            return parcel
        self._takers.add(taker)
        return None

    def attempt(self, parcel: Parcel, go: Callable[[bool], None]) -> None:
        held = self._held[parcel.row]
        change = Change(parcel.row, held.state, Outcome(State.ATTEMPTING))

        def answered(granted: bool) -> None:
            held.granted = granted
            if not granted:
                self._under_way -= 1
                self._held.pop(parcel.row, None)
            go(granted)

        self._asking += 1
        self._write(change, answered)

    def settle(self, parcel: Parcel, found: Outcome) -> None:
        held = self._held[parcel.row]
        self._under_way -= 1
        self._watch_refusals(found)
        self._close(held, found)

    def put_back(self, parcel: Parcel) -> None:
        self._under_way -= 1
        self._returned.append(parcel)
        self._wake()

    def breathe(self, seconds: float, why: str) -> None:
        log.warning("pausing for %.0f seconds: %s", seconds, why)
        self._breathe_until = max(self._breathe_until, self._loop.time() + seconds)
        self._loop.call_later(seconds, self._wake)

    # ---- which letter is next

    def _next(self, now: float) -> Parcel | None:
        if len(self._queue) < PAGE // 2 and not self._is_exhausted:
            self._news.set()
        if self._returned:
            return self._returned.popleft()
        while (claim := self._queue.popleft() if self._pace.is_free and self._queue else self._paced(now)) is not None:
            held = self._held[claim.row] = _Held(claim)
            try:
                return self._make(claim)
            except DeliveryError as error:
                self._close(held, outcome.refused_here(str(error)))
            except Exception as error:
                log.exception("a letter could not be made")
                self._close(held, outcome.refused_here(f"the letter could not be made: {error!r}"))
        return None

    def _paced(self, now: float) -> Claim | None:
        """The first claim whose domain may have a letter now; others of it wait aside, in their order."""
        if wait := self._pace.wait_for_all(now):
            self._loop.call_later(wait, self._wake)
            return None
        soonest = math.inf
        for domain, waiting in tuple(self._slow.items()):
            wait = self._pace.wait_for(domain, now)
            if wait == 0:
                claim = waiting.popleft()
                if not waiting:
                    del self._slow[domain]
                self._pace.take(domain, now)
                return claim
            soonest = min(soonest, wait)
        while self._queue and sum(map(len, self._slow.values())) < MOST_ASIDE:
            claim = self._queue.popleft()
            domain = _domain(claim.address)
            wait = 0.0 if domain in self._slow else self._pace.wait_for(domain, now)
            if wait == math.inf:
                self._put_off(claim)
            elif wait or domain in self._slow:
                self._slow.setdefault(domain, deque()).append(claim)
                soonest = min(soonest, wait or soonest)
            else:
                self._pace.take(domain, now)
                return claim
        if soonest < math.inf:
            self._loop.call_later(max(soonest, 0.001), self._wake)
        return None

    def _put_off(self, claim: Claim) -> None:
        """Its domain has had the share of today."""
        held = self._held[claim.row] = _Held(claim)
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=6, minute=0)
        words = "warming up: this domain has had its share of today"
        self._write(Change(claim.row, held.state, Outcome(State.DEFERRED, words=words, stage="pace"), tomorrow), None)

    def _make(self, claim: Claim) -> Parcel:
        values = message.reader_values(self._mailing, claim.subscriber, claim.address, claim.tokens, self._terms.secret)
        made = message.compose(self._frames[claim.letter], values)
        if self._terms.sign:
            made = self._terms.sign(made)
        name = values["name!"]
        bounces = self._mailing.bounces
        sender = verp.return_path(bounces, name) if bounces else message.clean_address(self._mailing.sender)
        return Parcel(claim.row, name, sender, message.clean_address(claim.address), made)

    # ---- what became of it

    def _close(self, held: _Held, found: Outcome) -> None:
        again = None
        if found.state is State.DEFERRED:
            now = datetime.now(UTC)
            tries = held.claim.attempts + 1
            again = outcome.retry_at(tries, now, held.claim.since or now, random.random())
            if again is None:
                found = outcome.gave_up(found)
        self._write(Change(held.claim.row, held.state, found, again), None)

    def _write(self, change: Change, answer: Callable[[bool], None] | None) -> None:
        self._changes.append((change, answer))
        self._consider_a_commit()

    def _consider_a_commit(self) -> None:
        """On a slow disk half of the letters under way gather for one commit, while the other half is on the wire.

        Else the first of twenty would start a commit for itself alone, and the nineteen would wait for two.
        """
        if self._is_committing or not self._changes:
            return
        if self._commit_seconds < WORTH_WAITING_SECONDS or self._asking * 2 >= self._under_way:
            self._start_a_commit()
        elif not self._has_timer:
            self._has_timer = True
            self._loop.call_later(min(self._commit_seconds / 4, LONGEST_GATHER_SECONDS), self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        if self._changes and not self._is_committing:
            self._start_a_commit()

    def _start_a_commit(self) -> None:
        batch, self._changes = self._changes, []
        self._asking, self._is_committing = 0, True
        writing = self._loop.run_in_executor(self._thread, self._durably, [change for change, _ in batch])
        begun = self._loop.time()
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

    def _on_written(self, batch: list[Pending], written: "asyncio.Future[set[int]]", begun: float) -> None:
        self._commit_seconds = self._loop.time() - begun
        if written.cancelled() or written.exception():
            self._broken = written.exception() if not written.cancelled() else None
            self._news.set()
            return
        try:
            self._tell(batch, written.result())
        except Exception as error:  # a fault of ours must end the run, not leave it waiting for ever
            self._broken = error
            self._news.set()
            return
        self._is_committing = False
        self._consider_a_commit()
        if not self._changes or len(self._queue) < PAGE // 2:
            self._news.set()

    def _tell(self, batch: list[Pending], done: set[int]) -> None:
        """Everyone who waited for this commit."""
        for change, answer in batch:
            if change.row in done:
                self._counts[change.before] -= 1
                self._counts[change.outcome.state] += 1
            if answer:
                answer(change.row in done)
            else:
                self._held.pop(change.row, None)

    def _watch_refusals(self, found: Outcome) -> None:
        """A dead address is one reader's; the same wall for everybody is the relay's, and must not fail a whole list."""
        if found.state is State.ACCEPTED or found.status.startswith(("5.1.", "5.2.")):
            self._refusals = 0
        elif found.state is State.FAILED and found.code:
            self._refusals += 1
            if self._refusals >= self._terms.refusals_in_a_row:
                words = f"{found.code} {found.status} {found.words}"
                self._end("broken", f"the mail server refused {self._refusals} letters in a row: {words}")

    def _wake(self) -> None:
        takers, self._takers = self._takers, set()
        for taker in takers:
            taker()

    def _end(self, ended: str, problem: str = "") -> None:
        if not self._ended:
            self._ended, self._problem = ended, problem
            self._engine.hurry()
            self._loop.call_later(self._terms.grace_seconds, self._engine.abort)
            self._wake()
            self._news.set()

    def stop(self) -> None:
        """What is under way is ended properly, nothing new begins."""
        self._end("stopped")

    # ---- the ledger's side

    async def run(self) -> Summary:
        carrying: asyncio.Task[None] | None = None
        try:
            self._mailing = await self._ask(self._ledger.details)
            counts = await self._ask(self._ledger.counts)
            self._counts = {state: getattr(counts, state.value) for state in State}
            await self._look_for_control()
            await self._refill()
            carrying = asyncio.create_task(self._carry())
            await self._keep_books(carrying)
            return await self._sum_up()
        finally:
            if carrying and not carrying.done():
                self._engine.abort()
                carrying.cancel()
            self._thread.shutdown(wait=True)

    async def _carry(self) -> None:
        try:
            await self._engine.carry(self)
        except DeliveryError as error:
            self._end("broken", str(error))
        except Exception as error:
            log.exception("the engine broke")
            self._end("broken", f"the engine broke: {error!r}")
        finally:
            self._news.set()

    async def _keep_books(self, carrying: asyncio.Task[None]) -> None:
        last_look = last_progress = self._loop.time()
        while not carrying.done() or self._changes or self._is_committing:
            await self._listen()
            self._news.clear()
            if self._broken:
                raise self._broken
            if not self._ended and not self._is_over and len(self._queue) < PAGE // 2:
                await self._refill()
            now = self._loop.time()
            if now - last_look >= CONTROL_SECONDS:
                last_look = now
                await self._look_for_control()
            if self._progress and now - last_progress >= PROGRESS_SECONDS:
                last_progress = now
                self._progress(self._as_counts())
        if not self._ended and not self.is_over:
            self._end("broken", "the engine stopped before the list was done")

    async def _listen(self) -> None:
        try:
            async with asyncio.timeout(CONTROL_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _refill(self) -> None:
        """More of the list; at its end, what is due again and whoever was added or queued behind our back."""
        if not self._is_exhausted:
            claims = await self._ask(lambda: self._ledger.page(self._cursor, PAGE))
            self._is_exhausted = len(claims) < PAGE
            self._cursor = claims[-1].row if claims else self._cursor
        elif self._queue or self._returned or self._slow:
            return
        else:
            now = datetime.now(UTC)
            claims = await self._ask(lambda: [*self._ledger.page(-1, PAGE), *self._ledger.due(now, PAGE)])
            claims = [claim for claim in claims if claim.row not in self._held]
            if not claims:
                await self._consider_the_end()
        await self._load_frames(claims)
        self._queue.extend(claims)
        if claims:
            self._wake()

    async def _consider_the_end(self) -> None:
        if self._terms.stay and not self._held:
            due = await self._ask(self._ledger.next_due)
            if due and due <= datetime.now(UTC) + self._terms.stay:
                return
        elif self._terms.stay:
            return
        self._is_over = True
        self._wake()

    async def _load_frames(self, claims: list[Claim]) -> None:
        wanted = {claim.letter for claim in claims}
        if len(self._frames) + len(wanted) > FRAMES_KEPT:
            needed = wanted | {claim.letter for claim in self._queue}
            needed |= {claim.letter for waiting in self._slow.values() for claim in waiting}
            self._frames = {letter: frame for letter, frame in self._frames.items() if letter in needed}
        for letter in wanted - self._frames.keys():
            self._frames[letter] = await self._ask(lambda letter=letter: self._ledger.frame(letter))  # type: ignore[misc]

    async def _look_for_control(self) -> None:
        wanted = await self._ask(self._ledger.control)
        if wanted != "run":
            self._end(wanted)

    async def _sum_up(self) -> Summary:
        ended, due = self._ended, None
        now = datetime.now(UTC)
        if not ended:
            finished = await self._ask(lambda: self._ledger.finish(now))
            ended = "finished" if finished else "waiting"
            due = None if finished else await self._ask(self._ledger.next_due)
        counts = await self._ask(self._ledger.counts)
        if self._progress:
            self._progress(counts)
        return Summary(ended, counts, self._problem, due)

    def _as_counts(self) -> Counts:
        return Counts(**{state.value: number for state, number in self._counts.items()})

    async def _ask(self, question: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._thread, question)


class LedgerError(DeliveryError):
    """Nothing more may be sent: what happens could not be written down."""


def send(ledger: Ledger, engine: Engine, terms: Terms, *, progress: Callable[[Counts], None] | None = None) -> Summary:
    """Sends what is left of the ledger's mailing. SIGTERM and SIGINT end it cleanly.

    Raises LedgerError or ledger.SessionLostError when what happens can no longer be written down; whatever was under way
    is then in doubt at the next start.
    """
    return asyncio.run(_send(ledger, engine, terms, progress))


async def _send(ledger: Ledger, engine: Engine, terms: Terms, progress: Callable[[Counts], None] | None) -> Summary:
    run = Run(ledger, engine, terms, progress)
    with _on_signals(run.stop):
        return await run.run()


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Only the main thread may listen to signals; elsewhere whoever started the thread stops us through the ledger."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
