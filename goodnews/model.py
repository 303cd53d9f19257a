"""What the room talks about: stories as they come through a door, as they are held, and why something could not be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

State = Literal["suggested", "waiting", "asked", "accepted", "published", "declined", "withdrawn"]
Door = Literal["form", "mail", "feed"]
People = Literal["unsaid", "nobody", "people"]
CHANNELS = ("email", "web", "social")
OPEN: tuple[State, ...] = ("suggested", "waiting", "asked")
"""States in which somebody at the desk, or at the school, has something to do."""


class GoodNewsError(Exception):
    """The message says what is the matter and what to do."""


class Changed(GoodNewsError):
    """Somebody else changed the story in the meantime."""


class NotNow(GoodNewsError):
    """What was asked cannot be done to a story in this state."""


@dataclass(frozen=True, slots=True)
class Story:
    """A school's submission, already cleaned: nothing in it can do more than be read."""

    school: str
    title: str
    text: str
    """Markdown: paragraphs, lists, quotations, links. May be empty."""
    link: str
    """The story's page on the school's own site; empty when it has none."""
    published: datetime | None
    """Aware, in UTC; None when the school does not say."""
    source: str
    """What tells the story from the school's others, and stays when its words change."""
    summary: str = ""
    """One sentence without Markdown."""


@dataclass(frozen=True, slots=True)
class Problem:
    message: str
    stops: bool
    """Nothing could be read. Otherwise the message is worth knowing, and the stories are there."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Where a photo of people may be shown: which adult recorded that, by role, and on which day (C10)."""

    people: People = "unsaid"
    channels: frozenset[str] = frozenset()
    by: str = ""
    on: date | None = None

    @property
    def given(self) -> frozenset[str]:
        """The channels in which the photo may be shown now."""
        if self.people == "nobody":
            return frozenset(CHANNELS)
        return self.channels if self.people == "people" and self.by and self.on else frozenset()


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was made anew from its pixels. Its files are named by what they hold."""

    name: str
    look: str
    """64 bits in hexadecimal: of pictures that look alike, few of them differ."""
    width: int
    height: int
    alt: str = ""
    consent: Consent = Consent()


@dataclass(frozen=True, slots=True)
class Contact:
    """Who sent a story. This never leaves the database but on the desk and on the envelope of our letters."""

    name: str = ""
    role: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """What a door hands over."""

    door: Door
    story: Story
    contact: Contact = Contact()
    photos: tuple[Photo, ...] = ()
    names_agreed: str = ""
    """The role of the adult who says that a child's full name may stand beside a face; empty when nobody does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A story as the desk has it."""

    id: int
    reference: str
    door: Door
    state: State
    version: int
    story: Story
    contact: Contact
    photos: tuple[Photo, ...] = field(default=())
    names_agreed: str
    bulletin: str
    edition: date | None
    slug: str
    """The item's file name; empty until it was accepted for the first time."""
    received_at: datetime
    changed_at: datetime

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_placed(self) -> bool:
        """An item of it stands in an edition."""
        return bool(self.slug) and self.state not in ("declined", "withdrawn")


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a story's history."""

    id: int
    at: datetime
    what: str
    actor: str
    words: str
    letter: str
    """Which letter told the school; empty when none did."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came to a door: it became a story, an answer, or was set aside for a reason."""

    key: str
    door: Door
    at: datetime
    became: Literal["story", "answer", "set-aside"]
    reason: str = ""
    sender: str = ""
    title: str = ""
    story_id: int | None = None
