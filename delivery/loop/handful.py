"""A few letters for an engine to carry, all known beforehand: `engine.Work` for whatever is no mailing."""

import asyncio
from collections import deque
from collections.abc import Callable

from delivery.engine import Parcel
from delivery.model import Outcome


class Handful:
    """Implements engine.Work, in memory. Whoever needs more than the outcomes at the end overrides `may_leave`, `settled`."""

    def __init__(self) -> None:
        self.outcomes: dict[int, Outcome] = {}
        self._parcels: deque[Parcel] = deque()
        self._takers: list[Callable[[], None]] = []
        self._open = 0
        self._is_stopped = False

    def add(self, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self._open += 1

    def may_leave(self, _parcel: Parcel) -> bool:
        """Asked once, between a letter's body and its final dot."""
        return True

    def settled(self, _parcel: Parcel, _found: Outcome) -> None:
        """Told once, as soon as it is known what became of a letter."""

    def stop(self) -> None:
        """Give out no more; what is on its way ends properly."""
        self._is_stopped = True
        self._wake()

    @property
    def is_over(self) -> bool:
        return self._open == 0 or self._is_stopped

    def take(self, taker: Callable[[], None]) -> Parcel | None:
        if self._parcels and not self._is_stopped:
            return self._parcels.popleft()
        self._takers.append(taker)
        return None

    def attempt(self, parcel: Parcel, go: Callable[[bool], None]) -> None:
        asyncio.get_running_loop().call_soon(self._answer, parcel, go)

    def _answer(self, parcel: Parcel, go: Callable[[bool], None]) -> None:
        granted = self.may_leave(parcel)
        if not granted:
            self._close()
        go(granted)

    def settle(self, parcel: Parcel, found: Outcome) -> None:
        self.outcomes[parcel.row] = found
        self.settled(parcel, found)
        self._close()

    def put_back(self, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self._wake()

    def breathe(self, seconds: float, why: str) -> None:
        """A handful is no load."""

    def _close(self) -> None:
        self._open -= 1
        if self.is_over:
            self._wake()

    def _wake(self) -> None:
        takers, self._takers = self._takers, []
        for taker in takers:
            taker()
