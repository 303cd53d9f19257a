"""The nouns of this room: a subscriber, what they chose, the proof of it, and what an old list says about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

Amount = Literal["selection", "everything"]
Frequency = Literal["weekly", "actions-at-once"]
Source = Literal["signed-up", "imported", "merged", "staff", "changed"]
Ended = Literal["unsubscribed", "bounced", "complained", "erased", "merged", "staff"]
Basis = Literal["consent", "public-task"]
NoReason = Literal["unsubscribed", "bounced", "complained", "erased", "staff"]

EVERY_BULLETIN = ""  # a suppression with this bulletin holds for all of them
ABOUT_THE_ADDRESS = frozenset({"bounced", "complained", "erased"})  # reasons that hold for every bulletin


class SubscribersError(Exception):
    """Base of everything that this room refuses; the message says what to do."""


class BadAddress(SubscribersError):
    """Not an e-mail address that a letter could be sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader wants of one bulletin. No audience named on an axis means everything on that axis."""

    audiences: frozenset[str] = frozenset()
    amount: Amount = "selection"
    frequency: Frequency = "weekly"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One person's wish for one bulletin, from its start to its end."""

    id: int
    bulletin: str
    choices: Choices
    started_at: datetime
    source: Source
    basis: Basis
    paused_until: date | None = None
    ended_at: datetime | None = None
    ended_reason: Ended | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def is_paused(self, today: date) -> bool:
        return self.paused_until is not None and today < self.paused_until


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person by their address; what has ended stays in `subscriptions`, oldest first."""

    id: int
    address: str
    name: str
    created_at: datetime
    subscriptions: tuple[Subscription, ...] = ()

    def open_for(self, bulletin: str) -> Subscription | None:
        return next((each for each in self.subscriptions if each.is_open and each.bulletin == bulletin), None)

    @property
    def open(self) -> tuple[Subscription, ...]:
        return tuple(each for each in self.subscriptions if each.is_open)


@dataclass(frozen=True, slots=True)
class Proof:
    """How something came about: the part of a consent event that only the caller knows."""

    at: datetime
    how: str  # the form, the link in a letter, one-click, an import, staff …
    actor: str = "reader"
    wording: str = ""
    source: str = ""
    basis: str = ""
    evidence: str = ""  # JSON, or nothing


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One line of a person's history."""

    bulletin: str | None
    what: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Suppression:
    """A "no" of whoever has this address hash; the address itself is not kept."""

    address_hash: bytes
    bulletin: str
    reason: NoReason
    since: datetime
    source: str
    actor: str


# What a row of an old list says. In the order of strictness: the largest wins.
YES, UNKNOWN, NO = 0, 1, 2


class Row(NamedTuple):
    """One person in one row of an old list. A tuple, because there may be a million."""

    line: int
    address: str  # as it stands in the file
    name: str = ""
    says: int = YES
    why: str = ""  # NO: a reason of `NoReason`; UNKNOWN: what was found instead of a known status
    at: str = ""  # when they said so, ISO 8601, if the file knows
    choices: int = 0  # a bit mask
    at_once: bool = False
    evidence: str = ""


class Unreadable(NamedTuple):
    """A row that names nobody."""

    line: int
    why: str
