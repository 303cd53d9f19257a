"""The loop: claim, make, send, record, pace, stop. A ledger and an engine go in, a `Summary` comes out.

Letters are claimed from the list in pages (`lineup`), made when an engine asks for one (`parcels`), and settled by what
it reports. All that is ready for the ledger at one moment, attempts and outcomes, shares one commit (`commits`).
"""

import asyncio
import logging
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delivery import outcome
from delivery.engine import Engine, Parcel
from delivery.ledger.changes import Change
from delivery.ledger.sending import Claim, Ledger
from delivery.letter.message import Frame
from delivery.letter.parcels import Maker, Sign
from delivery.loop.commits import Commits
from delivery.loop.lineup import PAGE, Lineup
from delivery.loop.pace import Limits, Pace
from delivery.model import ATTEMPTING, Counts, DeliveryError, Outcome, State

log = logging.getLogger(__name__)

FRAMES_KEPT = 100  # letters of 60 KB in memory
CONTROL_SECONDS = 0.4  # how often somebody's pause or cancel is looked for
PROGRESS_SECONDS = 0.2


def machine_clock() -> datetime:
    return datetime.now(UTC)


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
    clock: Callable[[], datetime] = machine_clock


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


class Run:
    """Implements engine.Work. One is used once."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        terms: Terms,
        progress: Callable[[Counts], None] | None = None,
    ) -> None:
        self._ledger, self._engine, self._terms, self._progress = ledger, engine, terms, progress
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._commits = Commits(ledger, self._news, terms.clock)
        pace = Pace(terms.limits, self._loop.time(), terms.already_today)
        self._lineup = Lineup(pace, wake_in=self._wake_in, put_off=self._put_off)
        self._maker: Maker
        self._frames: dict[int, Frame] = {}
        self._held: dict[int, Claim] = {}  # in our hands: given out, or its outcome not yet written
        self._takers: set[Callable[[], None]] = set()
        self._cursor = -1
        self._is_exhausted = self._is_over = self._is_well = False
        self._had = 0  # letters that were accepted before this run
        self._ended = self._problem = ""
        self._refusals = 0
        self._breaths = 0  # pauses that the server has asked for and that are not over

    # ---- what the engine sees

    @property
    def is_over(self) -> bool:
        return bool(self._ended) or (self._is_over and self._lineup.is_empty)

    def take(self, taker: Callable[[], None]) -> Parcel | None:
        if not (self._ended or self._breaths) and (parcel := self._next()):
            self._commits.under_way += 1
            return parcel
        self._takers.add(taker)
        return None

    def attempt(self, parcel: Parcel, go: Callable[[bool], None]) -> None:
        def answered(_change: Change, is_granted: bool) -> None:
            if is_granted:
                parcel.is_attempted = True
            else:
                self._commits.under_way -= 1
                self._held.pop(parcel.row, None)
            go(is_granted)

        self._commits.write(Change(parcel.row, self._held[parcel.row].state, ATTEMPTING), answered)

    def settle(self, parcel: Parcel, found: Outcome) -> None:
        self._commits.under_way -= 1
        self._watch_refusals(found)
        claim = self._held[parcel.row]
        self._close(claim, State.ATTEMPTING if parcel.is_attempted else claim.state, found)

    def put_back(self, parcel: Parcel) -> None:
        self._commits.under_way -= 1
        self._lineup.returned.append(parcel)
        self._wake()

    def breathe(self, seconds: float, why: str) -> None:
        log.warning("pausing for %.0f seconds: %s", seconds, why)
        self._breaths += 1
        self._loop.call_later(seconds, self._breathe_out)

    def _breathe_out(self) -> None:
        self._breaths -= 1
        self._wake()

    # ---- which letter is next

    def _next(self) -> Parcel | None:
        lineup = self._lineup
        if lineup.is_short and not self._is_exhausted:
            self._news.set()
        if lineup.returned:
            return lineup.returned.popleft()
        while (claim := lineup.next(self._loop.time())) is not None:
            self._held[claim.row] = claim
            try:
                frame = self._frames[claim.letter]
                return self._maker.make(claim.row, frame, claim.subscriber, claim.address, claim.tokens)
            except DeliveryError as error:
                self._close(claim, claim.state, outcome.refused_here(str(error)))
            except Exception as error:
                log.exception("a letter could not be made")
                self._close(claim, claim.state, outcome.refused_here(f"the letter could not be made: {error!r}"))
        return None

    def _put_off(self, claim: Claim) -> None:
        """Its domain has had the share of today."""
        self._held[claim.row] = claim
        tomorrow = (self._terms.clock() + timedelta(days=1)).replace(hour=6, minute=0)
        words = "warming up: this domain has had its share of today"
        found = Outcome(State.DEFERRED, words=words, stage="pace")
        self._commits.write(Change(claim.row, claim.state, found, tomorrow), self._let_go)

    # ---- what became of it

    def _close(self, claim: Claim, before: State, found: Outcome) -> None:
        again = None
        if found.state is State.DEFERRED:
            now = self._terms.clock()
            again = outcome.retry_at(claim.attempts + 1, now, claim.since or now, random.random())
            if again is None:
                found = outcome.gave_up(found)
        self._commits.write(Change(claim.row, before, found, again), self._let_go)

    def _let_go(self, change: Change, _is_done: bool) -> None:
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

    def _wake_in(self, seconds: float) -> None:
        self._loop.call_later(seconds, self._wake)

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
            mailing = await self._commits.ask(self._ledger.details)
            self._maker = Maker(mailing, self._terms.secret, self._terms.sign)
            await self._commits.begin()
            self._had = self._commits.counts.accepted
            await self._look_for_control()
            await self._refill()
            carrying = asyncio.create_task(self._carry())
            await self._keep_books(carrying)
            return await self._sum_up()
        finally:
            if carrying and not carrying.done():
                self._engine.abort()
                carrying.cancel()
            self._commits.end()

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
        while not carrying.done() or not self._commits.is_idle:
            await self._listen()
            self._news.clear()
            if self._commits.broken:
                raise self._commits.broken
            if not self._ended and not self._is_over and self._lineup.is_short:
                await self._refill()
            now = self._loop.time()
            if now - last_look >= CONTROL_SECONDS:
                last_look = now
                await self._look_for_control()
            if self._progress and now - last_progress >= PROGRESS_SECONDS:
                last_progress = now
                self._progress(self._commits.counts)
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
            claims = await self._commits.ask(lambda: self._ledger.page(self._cursor, PAGE))
            self._is_exhausted = len(claims) < PAGE
            self._cursor = claims[-1].row if claims else self._cursor
        elif not self._lineup.is_empty:
            return
        else:
            claims = await self._commits.ask(self._whoever_is_left)
            claims = [claim for claim in claims if claim.row not in self._held]
            if not claims:
                await self._consider_the_end()
        await self._load_frames({claim.letter for claim in claims})
        self._lineup.add(claims)
        if claims:
            self._wake()

    def _whoever_is_left(self) -> list[Claim]:
        return [*self._ledger.page(-1, PAGE), *self._ledger.due(self._terms.clock(), PAGE)]

    async def _consider_the_end(self) -> None:
        if self._terms.stay and not self._held:
            due = await self._commits.ask(self._ledger.next_due)
            if due and due <= self._terms.clock() + self._terms.stay:
                return
        elif self._terms.stay:
            return
        self._is_over = True
        self._wake()

    async def _load_frames(self, wanted: set[int]) -> None:
        if len(self._frames) + len(wanted) > FRAMES_KEPT:
            needed = wanted | self._lineup.letters
            self._frames = {letter: frame for letter, frame in self._frames.items() if letter in needed}
        for letter in wanted - self._frames.keys():
            self._frames[letter] = await self._commits.ask(lambda letter=letter: self._ledger.frame(letter))  # type: ignore[misc]

    async def _look_for_control(self) -> None:
        if not self._is_well and self._commits.counts.accepted > self._had:
            self._is_well = True  # and not before: what stopped the last run may well stop this one
            await self._commits.ask(lambda: self._ledger.tell(""))
        wanted = await self._commits.ask(self._ledger.control)
        if wanted != "run":
            self._end(wanted)

    async def _sum_up(self) -> Summary:
        ended, due = self._ended, None
        now = self._terms.clock()
        if not ended:
            finished = await self._commits.ask(lambda: self._ledger.finish(now))
            ended = "finished" if finished else "waiting"
            due = None if finished else await self._commits.ask(self._ledger.next_due)
        await self._commits.ask(lambda: self._ledger.tell(self._problem))
        counts = await self._commits.ask(self._ledger.counts)
        if self._progress:
            self._progress(counts)
        return Summary(ended, counts, self._problem, due)


def send(ledger: Ledger, engine: Engine, terms: Terms, *, progress: Callable[[Counts], None] | None = None) -> Summary:
    """Sends what is left of the ledger's mailing. SIGTERM and SIGINT end it cleanly.

    Raises LedgerError or ledger.SessionLostError when what happens can no longer be written down; whatever was under way
    is then in doubt at the next start.
    """
    with asyncio.Runner(loop_factory=event_loop) as runner:
        return runner.run(_send(ledger, engine, terms, progress))


def event_loop() -> asyncio.AbstractEventLoop:
    """libuv's where it can be installed: a tenth faster than the standard one, and the same to everybody who uses it."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


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
