"""What a reader or the staff ask for, and what is known of the person, in; the changes that follow from it out. No database.

A change is written by `store.write`, in one transaction with its event. Nothing here is ever undone by forgetting: leaving
ends a subscription with its reason and keeps the "no" as a suppression; coming back begins a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from subscribers.model import (
    ABOUT_THE_ADDRESS,
    EVERY_BULLETIN,
    Basis,
    Choices,
    Ended,
    NoReason,
    Source,
    Subscriber,
    SubscribersError,
    Subscription,
)

LETTERS_A_DAY = 3  # confirmations to one address: enough for somebody who mislays them, too few to annoy a stranger
LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Begin:
    """A new subscription."""

    bulletin: str
    choices: Choices
    source: Source
    basis: Basis


@dataclass(frozen=True, slots=True)
class Alter:
    """Other choices in the same subscription."""

    subscription: Subscription
    choices: Choices


@dataclass(frozen=True, slots=True)
class Pause:
    """No letters until that day; None: letters again."""

    subscription: Subscription
    until: date | None


@dataclass(frozen=True, slots=True)
class End:
    subscription: Subscription
    reason: Ended


@dataclass(frozen=True, slots=True)
class Suppress:
    """Keep the "no" for this bulletin, or for every one."""

    bulletin: str
    reason: NoReason


@dataclass(frozen=True, slots=True)
class Lift:
    """The person said yes to this bulletin: its "no" is over. One for every bulletin goes on for the `others`."""

    bulletin: str
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Note:
    """An event that changes nothing else."""

    bulletin: str | None
    what: str
    evidence: str = ""


Change = Begin | Alter | Pause | End | Suppress | Lift | Note


def may_send_confirmation(asked_lately: int, noes: Iterable[NoReason]) -> bool:
    """Whether a confirmation may go out, given those of the last day and what the address has refused.

    Whoever complained about our mail is never written to because somebody typed their address in.
    """
    return asked_lately < LETTERS_A_DAY and "complained" not in set(noes)


def confirm(person: Subscriber | None, wanted: Mapping[str, Choices], bases: Mapping[str, Basis]) -> tuple[Change, ...]:
    """The reader has pressed the button in the confirmation: their own yes, stronger than any earlier no.

    `bases`: the lawful basis of every bulletin there is.
    """
    changes: list[Change] = []
    for bulletin, choices in wanted.items():
        changes.append(Lift(bulletin, _others(bases, wanted)))
        held = person.open_for(bulletin) if person else None
        if held is None:
            changes.append(Begin(bulletin, choices, "signed-up", bases.get(bulletin, "consent")))
        else:
            changes += [Alter(held, choices), Pause(held, None)] if held.choices != choices else [Pause(held, None)]
        changes.append(Note(bulletin, "confirmed"))
    return tuple(changes)


def _others(every: Iterable[str], wanted: Iterable[str]) -> frozenset[str]:
    return frozenset(every) - frozenset(wanted)


def change(person: Subscriber, bulletin: str, choices: Choices) -> tuple[Change, ...]:
    """Other audiences, amount or frequency; nothing when they are the same. Raises when there is no subscription."""
    held = _needed(person, bulletin)
    return () if held.choices == choices else (Alter(held, choices),)


def pause(person: Subscriber, bulletin: str | None, until: date | None, today: date) -> tuple[Change, ...]:
    """No letters until that day, at most a year; `until` None or past ends the pause."""
    if until is not None and until - today > LONGEST_PAUSE:
        raise SubscribersError("A pause can last a year at most.")
    wanted = until if until is not None and until > today else None
    return tuple(Pause(held, wanted) for held in _those(person, bulletin) if held.paused_until != wanted)


def leave(person: Subscriber, bulletin: str | None, reason: NoReason = "unsubscribed") -> tuple[Change, ...]:
    """End one bulletin, or all (`bulletin` None). Also when nothing is open: the "no" is kept all the same."""
    everywhere = bulletin is None or reason in ABOUT_THE_ADDRESS
    ended = person.open if everywhere else _those(person, bulletin)
    scope = EVERY_BULLETIN if everywhere or bulletin is None else bulletin
    return (*(End(held, reason) for held in ended), Suppress(scope, reason))


def come_back(person: Subscriber, bulletin: str | None, since: datetime, every: Iterable[str]) -> tuple[Change, ...]:
    """The "undo" after leaving: what the reader ended since then begins again with the same choices."""
    left = _left_since(person, bulletin, since)
    changes: list[Change] = []
    for old in left:
        changes += [
            Lift(old.bulletin, _others(every, [each.bulletin for each in left])),
            Begin(old.bulletin, old.choices, "changed", old.basis),
            Note(old.bulletin, "came-back"),
        ]
    return tuple(changes)


def lost_with_the_mailbox(person: Subscriber) -> dict[str, Choices]:
    """What ended only because the mailbox was gone: with another address it may begin again, if the reader says so."""
    newest = {held.bulletin: held for held in person.subscriptions}  # the oldest first
    return {name: held.choices for name, held in newest.items() if held.ended_reason == "bounced"}


def _left_since(person: Subscriber, bulletin: str | None, since: datetime) -> tuple[Subscription, ...]:
    """The newest ending of each bulletin, unless it is open again."""
    newest = {
        old.bulletin: old
        for old in person.subscriptions
        if old.ended_at is not None and old.ended_at >= since and old.ended_reason == "unsubscribed"
    }
    return tuple(
        old for old in newest.values() if bulletin in (None, old.bulletin) and person.open_for(old.bulletin) is None
    )


def add(
    person: Subscriber | None,
    bulletin: str,
    choices: Choices,
    bases: Mapping[str, Basis],
    noes: Iterable[str],
    *,
    over_a_no: bool,
) -> tuple[Change, ...]:
    """Staff add somebody. A "no" stands unless they say that the person asked to be back (`over_a_no`), and it is recorded."""
    if (said := sorted(set(noes))) and not over_a_no:
        raise SubscribersError(
            f"This address has said no ({', '.join(said)}). Add it only if the person has asked for it, and say so."
        )
    if person and person.open_for(bulletin):
        return ()
    begun = Begin(bulletin, choices, "staff", bases[bulletin])
    return (Lift(bulletin, _others(bases, [bulletin])), begun) if said else (begun,)


def _those(person: Subscriber, bulletin: str | None) -> tuple[Subscription, ...]:
    return tuple(held for held in person.open if bulletin in (None, held.bulletin))


def _needed(person: Subscriber, bulletin: str) -> Subscription:
    held = person.open_for(bulletin)
    if held is None:
        raise SubscribersError("There is no subscription to change.")
    return held
