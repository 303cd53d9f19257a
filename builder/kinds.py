"""The kinds of item and the headers each one adds: a field's type says how it is read, no default says it is required.

`docs/headers.md` is generated from here.
"""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from builder.model import Details, Moment


class Lines(Struct, frozen=True):
    """A header whose further, indented lines count: a name, then the posts that its bearer holds."""

    first: str
    rest: tuple[str, ...] = ()


class PhotoConsent(Struct, frozen=True):
    """Where a photo may be shown, and which adult recorded that. No people in it: everywhere."""

    channels: frozenset[str]
    recorded_by: str = ""


class News(Details, frozen=True):
    pass


class Notice(Details, frozen=True):
    pass


class Action(Details, frozen=True):
    action_by: Moment
    returns_to: str = ""
    reference: str = ""


class Feedback(Details, frozen=True):
    respond: str
    closes: Moment | None = None


class Event(Details, frozen=True):
    starts: Moment
    ends: Moment | None = None
    venue: str = ""
    book: str = ""
    cost: str = ""
    cancelled: str = ""
    """`yes`, or why."""


class Consultation(Details, frozen=True):
    closes: Moment
    respond: str
    opens: Moment | None = None
    outcome: str = ""
    document: str = ""


class CaseStudy(Details, frozen=True):
    pass


class Message(Details, frozen=True):
    signed: Lines


class Appointment(Details, frozen=True):
    person: str
    post: str
    starts: Moment | None = None


class GoodNews(Details, frozen=True):
    school: str
    photo_consent: PhotoConsent | None = None


class Excerpt(Details, frozen=True):
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
    details = KINDS[kind]
    required = len(details.__struct_fields__) - len(details.__struct_defaults__)
    return {
        header_name(name): (details.__annotations__[name], place < required)
        for place, name in enumerate(details.__struct_fields__)
    }


OWN_HEADERS = frozenset(name for kind in KINDS for name in headers_of(kind))
