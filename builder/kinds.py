"""The kinds of item and the headers each one adds: a field's type says how it is read, no default says it is required.

`docs/headers.md` is generated from here.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from functools import cache

from builder.model import Details, Moment


@dataclass(frozen=True, slots=True)
class Lines:
    """A header whose further, indented lines count: a name, then the posts that its bearer holds."""

    first: str
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhotoConsent:
    """Where a photo may be shown, and which adult recorded that. No people in it: everywhere."""

    channels: frozenset[str]
    recorded_by: str = ""


@dataclass(frozen=True, slots=True)
class News(Details):
    pass


@dataclass(frozen=True, slots=True)
class Notice(Details):
    pass


@dataclass(frozen=True, slots=True)
class Action(Details):
    action_by: Moment
    returns_to: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Feedback(Details):
    respond: str
    closes: Moment | None = None


@dataclass(frozen=True, slots=True)
class Event(Details):
    starts: Moment
    ends: Moment | None = None
    venue: str = ""
    book: str = ""
    cost: str = ""
    cancelled: str = ""
    """`yes`, or why."""


@dataclass(frozen=True, slots=True)
class Consultation(Details):
    closes: Moment
    respond: str
    opens: Moment | None = None
    outcome: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class CaseStudy(Details):
    pass


@dataclass(frozen=True, slots=True)
class Message(Details):
    signed: Lines


@dataclass(frozen=True, slots=True)
class Appointment(Details):
    person: str
    post: str
    starts: Moment | None = None


@dataclass(frozen=True, slots=True)
class GoodNews(Details):
    school: str
    photo_consent: PhotoConsent | None = None


@dataclass(frozen=True, slots=True)
class Excerpt(Details):
    excerpt_of: str


KINDS: dict[str, type[Details]] = {
    "news": News,
    "action": Action,
    "feedback": Feedback,
    "event": Event,
    "consultation": Consultation,
    "case-study": CaseStudy,
    "message": Message,
    "appointment": Appointment,
    "good-news": GoodNews,
    "excerpt": Excerpt,
    "notice": Notice,
}


def header_name(field_name: str) -> str:
    return field_name.replace("_", "-")


@cache
def headers_of(kind: str) -> dict[str, tuple[str, bool]]:
    """Each header that a kind adds → (its type as written above, whether it is required)."""
    return {header_name(f.name): (str(f.type), f.default is MISSING) for f in fields(KINDS[kind])}


OWN_HEADERS = frozenset(name for kind in KINDS for name in headers_of(kind))
