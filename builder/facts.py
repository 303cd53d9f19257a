"""What each kind tells in facts, as spoken: "Friday 14 February 2025, 10am to 4pm"."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import Struct

from builder import dates
from builder.kinds import Action, Appointment, Consultation, Event, Feedback
from builder.model import Moment


class DateBlock(Struct, frozen=True):
    weekday: str
    day: str
    month: str


def spoken(details: Any) -> list[tuple[str, str]]:
    """(fact, as spoken) for each kind that has facts, in the order readers need them."""

    def day(moment: Moment | None) -> str:
        return dates.say_moment(moment) if moment else ""

    match details:
        case Action(action_by, returns_to, reference):
            return [("action-by", day(action_by)), ("returns-to", returns_to), ("reference", reference)]
        case Event(starts, ends, venue, book, cost):
            return [("when", dates.say_span(starts, ends)), ("venue", venue), ("cost", cost), ("book", book)]
        case Consultation(closes, respond, opens, outcome):
            return [("opens", day(opens)), ("closes", day(closes)), ("respond", respond), ("outcome", outcome)]
        case Feedback(respond, closes):
            return [("respond", respond), ("closes", day(closes))]
        case Appointment(_, post, starts):
            return [("post", post), ("starts", day(starts))]
    return []


def date_block(details: Any) -> DateBlock | None:
    if not isinstance(details, Event):
        return None
    return day_block(details.starts.day)


def day_block(day: date) -> DateBlock:
    """A day as a leaf of a calendar shows it."""
    return DateBlock(dates.DAYS[day.weekday()][:3], str(day.day), dates.MONTHS[day.month - 1][:3])
