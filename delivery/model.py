"""The room's nouns: a mailing, its letters, its recipients, what became of each, and which change may follow which."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

# The subscriber's id stands in the return path and the Message-ID, and mail systems fold case there.
SUBSCRIBER_FORM = re.compile(r"[a-z0-9]{1,32}")
NAME_FORM = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class DeliveryError(Exception):
    """Whatever stops this room; the message tells a person what to do."""


class State(StrEnum):
    QUEUED = "queued"
    ATTEMPTING = "attempting"
    ACCEPTED = "accepted"
    FAILED = "failed"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"

    __hash__ = str.__hash__  # Enum's own is made in Python, and would name a different place than the equal string

    @property
    def is_waiting(self) -> bool:
        return self in (State.QUEUED, State.DEFERRED)

    @property
    def is_settled(self) -> bool:
        return not self.is_waiting and self is not State.ATTEMPTING


WAITING = (State.QUEUED, State.DEFERRED)

# From the key, only to these. In doubt leaves by evidence (a late reply, the relay's log, a bounce) or a person's word;
# withdrawn, by a reader who takes back their leaving while the mailing runs, and only when it was never attempted.
NEXT: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset(
        {State.ATTEMPTING, State.DEFERRED, State.FAILED, State.IN_DOUBT, State.SUPPRESSED, State.WITHDRAWN}
    ),
    State.DEFERRED: frozenset(
        {State.ATTEMPTING, State.DEFERRED, State.FAILED, State.QUEUED, State.SUPPRESSED, State.WITHDRAWN}
    ),
    State.ATTEMPTING: frozenset({State.ACCEPTED, State.FAILED, State.DEFERRED, State.IN_DOUBT}),
    State.IN_DOUBT: frozenset({State.ACCEPTED, State.FAILED, State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
    State.ACCEPTED: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.WITHDRAWN: frozenset({State.QUEUED}),
}


@dataclass(frozen=True)
class Mailing:
    """One sending of one edition. Texts may hold reader tokens; `shared` values are filled in once, for everybody.

    `shared` lets a list of a million keep one small token per reader: shared = {"unsubscribe":
    "https://example.org/unsubscribe/[[key]]"} and each recipient carries only `key`.
    """

    bulletin: str  # "weekly"
    edition: str  # "2025-01-14"
    sender_name: str
    sender: str  # From, and the domain of the Message-ID
    date: datetime  # the Date header: fixed, so that a repeat would be seen as one (Exchange drops equal pairs)
    bounces: str = ""  # "bounces@example.org"; the return path is this with "+token" before the @. Empty: the sender
    reply_to: str = ""
    list_id: str = ""  # "weekly.example.org"
    list_name: str = ""
    archive: str = ""
    help: str = ""
    unsubscribe: str = "[[unsubscribe]]"  # https address for one-click, RFC 8058
    unsubscribe_mail: str = ""  # "unsubscribe@example.org?subject=[[key]]"
    language: str = "en-GB"
    kind: str = "edition"  # or "test", "late"
    automatic: bool = False  # a letter nobody wrote to this reader by hand: Auto-Submitted
    shared: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.bulletin}-{self.edition}" + ("" if self.kind == "edition" else f"-{self.kind}")


@dataclass(frozen=True)
class Letter:
    """A variant, rendered. Reader tokens are [[like-this]] in any of the three."""

    variant: str
    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Recipient:
    subscriber: str  # lower-case letters and digits
    address: str
    variant: str
    tokens: Mapping[str, str] = field(default_factory=dict)
    suppressed: bool = False  # counted and listed, never sent
    words: str = ""  # why it is suppressed


@dataclass(frozen=True)
class Outcome:
    """What one attempt came to, with the server's own words. `stage` is the command it answered."""

    state: State
    code: int = 0
    status: str = ""  # enhanced status code, "5.1.1"
    words: str = ""
    stage: str = ""


ATTEMPTING = Outcome(State.ATTEMPTING)


@dataclass(frozen=True)
class Counts:
    """How many recipients are in each state; they always add up to the list."""

    queued: int = 0
    attempting: int = 0
    accepted: int = 0
    failed: int = 0
    deferred: int = 0
    in_doubt: int = 0
    suppressed: int = 0
    withdrawn: int = 0

    @property
    def recipients(self) -> int:
        return sum(getattr(self, state.value) for state in State)

    @property
    def waiting(self) -> int:
        return self.queued + self.deferred + self.attempting

    def as_dict(self) -> dict[str, int]:
        """The shape of `status --json`. A letter under way right now is still queued as far as anyone can know."""
        shown = {state.value: getattr(self, state.value) for state in State if state is not State.ATTEMPTING}
        shown["queued"] += self.attempting
        return {"recipients": self.recipients, **shown}
