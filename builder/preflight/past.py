"""Items that are over when the edition goes out, or end before they begin (Q8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from builder.dates import say_moment
from builder.kinds import Action, Consultation, Event, Feedback
from builder.model import Finding, Item, Moment
from builder.preflight.checks import Check
from builder.preflight.passages import Proof

OVER = Check("event-over", "block", "Q8", "Nobody can come to it any more.", may_stand=True)
DEADLINE = Check("deadline-past", "block", "Q8", "Nobody can do it in time any more.", may_stand=True)
CLOSED = Check("closed-already", "block", "Q8", "Nobody can respond any more.", may_stand=True)
EXPIRED = Check("expired", "warn", "Q8", "It expires before the edition goes out, so no letter will hold it.")
BACKWARDS = Check("ends-before-start", "block", "Q8", "One of the two dates is wrong.")
CHECKS = (OVER, DEADLINE, CLOSED, EXPIRED, BACKWARDS)


def check(proof: Proof) -> Iterator[Finding]:
    for item in proof.items:
        yield from _order(item, proof.house.calendar.zone)
        yield from _over(item, proof)
        if item.expired_by(proof.sends):
            text = f"The item expires before {proof.edition.key} goes out. Remove expires:, or the item."
            yield EXPIRED.on(item.source, "expires", text)


def _order(item: Item, zone: ZoneInfo) -> Iterator[Finding]:
    match item.details:
        case Event(starts, ends) if ends and _before(ends.end(zone), starts.moment(zone)):
            yield BACKWARDS.on(item.source, "ends", f"It ends ({say_moment(ends)}) before it starts.")
        case Consultation(closes, _, opens) if opens and _before(closes.end(zone), opens.moment(zone)):
            yield BACKWARDS.on(item.source, "closes", f"It closes ({say_moment(closes)}) before it opens.")


def _over(item: Item, proof: Proof) -> Iterator[Finding]:
    zone, sends = proof.house.calendar.zone, proof.sends

    def past(moment: Moment | None) -> bool:
        return moment is not None and not _before(sends, moment.end(zone))

    when = f"when {proof.edition.key} goes out"
    match item.details:
        case Event(starts, ends) if past(ends or Moment(starts.day)):
            text = f"The event is over ({say_moment(ends or starts)}) {when}."
            yield OVER.on(item.source, "ends" if ends else "starts", text)
        case Action(action_by) if past(action_by):
            text = f"The deadline has passed ({say_moment(action_by)}) {when}."
            yield DEADLINE.on(item.source, "action-by", text)
        case Consultation(closes, _, _, outcome) if past(closes) and not outcome:
            text = f"It has closed ({say_moment(closes)}) {when}. Give its outcome:, or remove it."
            yield CLOSED.on(item.source, "closes", text)
        case Feedback(_, closes) if closes and past(closes):
            yield CLOSED.on(item.source, "closes", f"It has closed ({say_moment(closes)}) {when}.")


def _before(moment: datetime, other: datetime) -> bool:
    return moment.astimezone(UTC) < other.astimezone(UTC)
