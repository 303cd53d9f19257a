"""What lists, feeds, calendars and search tell of an item and of an edition: plain values, kept from build to build."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from builder.archive.later import packed


class Row(NamedTuple):
    """An item, as its own page tells it. It is made anew whenever something of it may change."""

    path: str
    """`items/summit/`."""
    title: str
    kind: str
    """An excerpt has its original's."""
    label: str
    description: str
    bulletin: str
    section: str
    edition: str
    """The edition that it stands in here: `weekly/2025-01-14`."""
    slug: str
    key: str
    """Its permanent name: `weekly/2025-01-14/summit`."""
    audience: tuple[str, ...]
    day: str
    """When everyone could first read it: `2025-01-14`."""
    published: str
    """The same in UTC, to the second."""
    updated: str
    school: str = ""
    picture: tuple[str, int, int, str] | None = None
    """(file name, width, height, alt), only when it may be on the web."""
    home: bool = True
    """Whether it stands in the edition that it is at home in; a guest has another row there."""
    own: bool = True
    """An excerpt carries another item's words."""
    first: float = 0.0
    """When an event begins, or when something closes; 0 when it has no day."""
    end: float = 0.0
    """When it is over; 0 when never."""
    when: str = ""
    """The same day, as spoken."""
    leaf: tuple[str, str, str] = ("", "", "")
    """The same day, as the leaf of a calendar: weekday, day, month."""
    iso: str = ""
    opens: float = 0.0
    outcome: str = ""
    """Safe HTML."""
    note: str = ""
    """Why it is out of date; empty while it is not."""
    calendar: str = ""
    """Its component of a calendar, folded lines; empty when it has no day."""
    mark: bytes = b""
    """A hash of all else, so that lists need not be hashed row by row."""

    def marked(self) -> Row:
        return self._replace(mark=blake2b(packed(self[:-1]), digest_size=16).digest())


class CardRow(NamedTuple):
    """An edition in a list."""

    path: str
    day: str
    iso: str
    number: str
    special: str
    standfirst: str
    bulletin: str
    name: str
    key: str
    at: float


class FeedEntry(NamedTuple):
    """What a feed tells of an item beyond its row."""

    id: str
    content: str
