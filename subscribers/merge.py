"""What old lists say of one person and what is already known of them in, one decision out: the strictest wins.

Order does not matter: rows are combined by the largest (`YES < UNKNOWN < NO`), choices by union, so that any sequence and
repetition of imports ends in the same place. A "no" that is known is never overruled by a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from subscribers.formats.columns import REACH
from subscribers.model import ABOUT_THE_ADDRESS, NO, UNKNOWN, YES, NoReason

Outcome = Literal["new", "existing", "joined", "suppressed", "held"]
OUTCOMES: tuple[Outcome, ...] = ("new", "existing", "joined", "suppressed", "held")


class Said(NamedTuple):
    """What one row says of a person whose address has been understood."""

    says: int
    why: str = ""
    at: str = ""
    choices: int = 0
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of this person for this bulletin."""

    open: bool = False  # has an open subscription
    own_choices: bool = False  # … and has set its choices personally
    confirmed_on: str = ""  # the day on which the reader last confirmed it personally, as 2025-01-14; empty if never
    choices: int = 0
    recorded: bool = False  # this source's yes is in their history already
    suppressed: bool = False
    held: bool = False  # waits for a person


NOTHING_KNOWN = Known()


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for the count, and what is to be written: nothing unless said here."""

    outcome: Outcome
    choices: int = 0
    at_once: bool = False
    suppress: NoReason | None = None
    end: bool = False
    hold: str | None = None  # why
    record: bool = False  # the yes of this source, in the history of somebody who is here

    @property
    def everywhere(self) -> bool:
        """Whether the "no" is about the address and so holds for every bulletin."""
        return self.suppress in ABOUT_THE_ADDRESS


def decide(rows: Sequence[Said], known: Known = NOTHING_KNOWN) -> Decision:
    """What becomes of one person. `rows`: one or more, in any order."""
    says = max(row.says for row in rows)
    if says == NO:
        return _refused(rows, known)
    if known.suppressed:
        return Decision("suppressed")
    if says == UNKNOWN or known.held:
        return _held(rows, known)
    return _wanted(rows, known)


def _refused(rows: Sequence[Said], known: Known) -> Decision:
    """A "no" ends whatever there is, unless the reader is known to have said yes personally on a later day."""
    noes = [row for row in rows if row.says == NO]
    if known.open and known.confirmed_on and all(row.at and row.at[:10] < known.confirmed_on for row in noes):
        return Decision("existing")
    reason = max((row.why for row in noes), key=lambda why: REACH.get(why, 0))
    return Decision("suppressed", suppress=_as_reason(reason), end=known.open)


def _as_reason(why: str) -> NoReason:
    reasons: dict[str, NoReason] = {
        "bounced": "bounced",
        "complained": "complained",
        "erased": "erased",
        "staff": "staff",
    }
    return reasons.get(why, "unsubscribed")


def _held(rows: Sequence[Said], known: Known) -> Decision:
    """Nobody becomes a reader by an unknown status; who is one already stays so, because it says nothing certain."""
    if known.open:
        return Decision("existing")
    if known.held:
        return Decision("held")
    return Decision(
        "held", _union(rows), _at_once(rows), hold=next((row.why for row in rows if row.says == UNKNOWN), "")
    )


def _wanted(rows: Sequence[Said], known: Known) -> Decision:
    if not known.open:
        return Decision("new", _union(rows), _at_once(rows))
    if known.recorded:
        return Decision("existing")
    choices = known.choices if known.own_choices else known.choices | _union(rows)
    return Decision("joined", choices, record=True)


def _union(rows: Sequence[Said]) -> int:
    """Each list's audiences were asked for, so all of them are; a list without any adds nothing."""
    mask = 0
    for row in rows:
        mask |= row.choices if row.says != NO else 0
    return mask


def _at_once(rows: Sequence[Said]) -> bool:
    """More mail only if every row wants more."""
    return all(row.at_once for row in rows if row.says != NO)


# The decision for the one row that nearly everybody in a first import has. `imports` takes it for them in bulk.
ONE_PLAIN_YES = Said(YES)
