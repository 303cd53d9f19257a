"""Whose turn it is: claims in the order of the list, those of domains that must wait aside, letters that came back first."""

import math
from collections import deque
from collections.abc import Callable, Iterable

from delivery.engine import Parcel
from delivery.ledger.sending import Claim
from delivery.loop.pace import Pace

PAGE = 500
MOST_ASIDE = 20 * PAGE  # claims of slow domains in memory; then the list waits for them


class Lineup:
    """`wake_in(seconds)` is called when nobody's turn has come yet; `put_off` takes who has no turn today."""

    def __init__(self, pace: Pace, *, wake_in: Callable[[float], None], put_off: Callable[[Claim], None]) -> None:
        self._pace, self._wake_in, self._put_off = pace, wake_in, put_off
        self._is_free = pace.is_free
        self._queue: deque[Claim] = deque()
        self._slow: dict[str, deque[Claim]] = {}  # of domains that must wait
        self.returned: deque[Parcel] = deque()

    @property
    def is_short(self) -> bool:
        return len(self._queue) < PAGE // 2

    @property
    def is_empty(self) -> bool:
        return not (self._queue or self._slow or self.returned)

    @property
    def letters(self) -> set[int]:
        """That somebody in the line will need."""
        return {claim.letter for waiting in (self._queue, *self._slow.values()) for claim in waiting}

    def add(self, claims: Iterable[Claim]) -> None:
        self._queue.extend(claims)

    def next(self, now: float) -> Claim | None:
        if self._is_free:
            return self._queue.popleft() if self._queue else None
        if wait := self._pace.wait_for_all(now):
            self._wake_in(wait)
            return None
        return self._of_slow_domains(now) or self._of_the_queue(now)

    def _of_slow_domains(self, now: float) -> Claim | None:
        for domain, waiting in self._slow.items():
            if self._pace.wait_for(domain, now) == 0:
                claim = waiting.popleft()
                if not waiting:
                    del self._slow[domain]
                self._pace.take(domain, now)
                return claim
        return None

    def _of_the_queue(self, now: float) -> Claim | None:
        while self._queue and sum(map(len, self._slow.values())) < MOST_ASIDE:
            claim = self._queue.popleft()
            domain = claim.address.rpartition("@")[2].lower()
            wait = self._pace.wait_for(domain, now)
            if wait == math.inf:
                self._put_off(claim)
            elif wait or domain in self._slow:
                self._slow.setdefault(domain, deque()).append(claim)
            else:
                self._pace.take(domain, now)
                return claim
        if self._slow:
            soonest = min(self._pace.wait_for(domain, now) for domain in self._slow)
            self._wake_in(max(soonest, 0.001))
        return None
