"""What the loop asks of whoever carries letters, and what it offers them: the seam between `run` and the engines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from delivery.letter.message import Message
from delivery.model import Outcome


@dataclass(slots=True, eq=False)
class Parcel:
    """A letter made for one reader, on its way."""

    row: int  # the recipient's place in the ledger
    name: str  # the token that names this letter, safe as a file name
    sender: str  # return path
    address: str
    message: Message
    is_attempted: bool = False  # "attempting" is durable in the ledger
    returned: int = 0  # how often a connection was lost before a word was said about it


class Work(Protocol):
    """The run, as an engine sees it. Nothing here blocks."""

    def take(self, taker: Callable[[], None]) -> Parcel | None:
        """The next letter. None: nothing now; `taker` is called once when it is worth asking again."""

    def attempt(self, parcel: Parcel, go: Callable[[bool], None]) -> None:
        """Calls go(True) once "attempting" is durable; go(False): withdrawn, it must not leave."""

    def settle(self, parcel: Parcel, outcome: Outcome) -> None:
        """What became of it."""

    def put_back(self, parcel: Parcel) -> None:
        """Not tried at all: somebody else's turn."""

    def breathe(self, seconds: float, why: str) -> None:
        """The server is short of something (421, 452): take nothing for a while."""

    @property
    def is_over(self) -> bool:
        """No letter will be given out any more."""


class Engine(Protocol):
    """Carries letters until the work is over."""

    async def carry(self, work: Work) -> None:
        """Returns when the work is over. Raises EngineError when it cannot go on; what it held is settled or put back."""

    def hurry(self) -> None:
        """Finish what has begun, begin nothing."""

    def abort(self) -> None:
        """Let go at once."""
