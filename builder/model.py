"""The nouns: what an item, an edition and a letter are. Frozen, plain, and free of any file or template."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, field

Severity = Literal["block", "warn", "advice"]
Tags = frozenset[str]


class Finding(Struct, frozen=True, order=True):
    """Something a person should look at, and where. `line` is 1-based; 0 when it concerns the whole file."""

    file: str
    line: int
    code: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class BuilderError(Exception):
    """The builder could not go on. `findings` says why, each with its file and line."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings

    def __reduce__(self) -> tuple[type[BuilderError], tuple[tuple[Finding, ...]]]:
        """So that it comes whole from one process to another."""
        return type(self), (self.findings,)


# --- the publication -------------------------------------------------------------------------------------------------


class Publisher(Struct, frozen=True):
    name: str
    team: str
    address: str
    """One line, as on an envelope: the law wants it in every letter."""
    url: str
    """Where the archive lives, without a closing slash."""
    email: str
    reply_to: str
    strapline: str = ""


class Tag(Struct, frozen=True):
    id: str
    name: str
    description: str = ""


class Axis(Struct, frozen=True):
    """One independent question about a reader: which phase, which role."""

    id: str
    name: str
    question: str
    tags: tuple[Tag, ...]

    @property
    def tag_ids(self) -> Tags:
        return frozenset(tag.id for tag in self.tags)


class Audiences(Struct, frozen=True, dict=True):
    axes: tuple[Axis, ...]
    groups: Mapping[str, Tags] = field(default_factory=dict)

    @cached_property
    def tags(self) -> tuple[Tag, ...]:
        return tuple(tag for axis in self.axes for tag in axis.tags)

    @cached_property
    def tag_ids(self) -> Tags:
        return frozenset(tag.id for tag in self.tags)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything an `audience:` line may say."""
        return (*(tag.id for tag in self.tags), *self.groups)


class Section(Struct, frozen=True):
    id: str
    title: str
    kinds: Tags = frozenset()
    """Items of these kinds land here when they name no section."""
    intro: str = ""


class Break(Struct, frozen=True):
    name: str
    first: date
    last: date


class Term(Struct, frozen=True):
    name: str
    first: date
    last: date
    breaks: tuple[Break, ...] = ()


class Calendar(Struct, frozen=True):
    zone: ZoneInfo
    terms: tuple[Term, ...] = ()
    subdivision: str = "ENG"
    """Whose bank holidays: ENG, SCT, WLS or NIR."""


class Bulletin(Struct, frozen=True):
    """A publication: the weekly update, the SEND bulletin."""

    id: str
    name: str
    strapline: str
    sender: str
    sections: tuple[Section, ...]
    weekday: int | None = None
    """0 is Monday. None: it comes out when it comes out."""
    at: time = time(9)
    cut_off_days: int = 5
    cut_off_at: time = time(12)
    first: date | None = None
    last: date | None = None
    succeeds: tuple[str, ...] = ()
    numbered: bool = True
    why: str = ""
    """Why a reader gets it, in the footer of every letter."""
    asks: bool = True
    """Whether readers are asked, under each item, if it was useful."""
    main: bool = False
    """The main bulletin's pages are at the site's top; every other has a folder named after it."""

    @property
    def path(self) -> str:
        return "" if self.main else f"{self.id}/"

    def section_of(self, kind: str) -> str:
        """The section that takes a kind; the first one that is not a special place when none claims it."""
        claimed = (section.id for section in self.sections if kind in section.kinds)
        return next(claimed, self.sections[0].id)


class Words(Struct, frozen=True):
    """What the proof-reader needs to know of this publisher's language."""

    known_acronyms: Tags = frozenset()


class House(Struct, frozen=True):
    """Everything that bulletin.toml tells the builder."""

    publisher: Publisher
    audiences: Audiences
    bulletins: Mapping[str, Bulletin]
    calendar: Calendar
    release_groups: Mapping[str, datetime] = field(default_factory=dict)
    personas: Mapping[str, Tags] = field(default_factory=dict)
    words: Words = field(default_factory=Words)

    def sends(self, bulletin: str, day: date) -> datetime:
        """When an edition goes out: its day, at its bulletin's time on the publisher's clock."""
        return datetime.combine(day, self.bulletins[bulletin].at, self.calendar.zone)

    @property
    def main_bulletin(self) -> Bulletin:
        return next(b for b in self.bulletins.values() if b.main)


# --- an item ---------------------------------------------------------------------------------------------------------


class Moment(Struct, frozen=True):
    """A day, or a day and a time on the publisher's clock."""

    day: date
    at: time | None = None

    def moment(self, zone: ZoneInfo, default: time = time(0)) -> datetime:
        return datetime.combine(self.day, self.at or default, zone)

    def end(self, zone: ZoneInfo) -> datetime:
        """When it is over: a bare day lasts until its midnight."""
        if self.at is None:
            return datetime.combine(self.day + timedelta(days=1), time(0), zone)
        return self.moment(zone)


class Source(Struct, frozen=True):
    """Where something was written: its file, and the line of each header."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)
    checked: frozenset[str] = frozenset()
    """The codes in its `checked:` header: findings that a person has looked at and lets stand."""

    def line(self, name: str) -> int:
        return self.lines.get(name, 1)


class Picture(Struct, frozen=True):
    file: str
    """Relative to the house."""
    alt: str
    credit: str = ""


class ItemKey(Struct, frozen=True):
    """An item's permanent name. Its text form is `send/2024-12-09/strategy`."""

    bulletin: str
    day: date
    slug: str

    def __str__(self) -> str:
        return f"{self.bulletin}/{self.day}/{self.slug}"


class Details(Struct, frozen=True):
    """What a kind adds to an item; each kind has its own in `kinds`."""


class Item(Struct, frozen=True, kw_only=True):
    key: ItemKey
    source: Source
    kind: str
    title: str
    body: str
    details: Details
    section: str
    summary: str = ""
    audience: Tags = frozenset()
    visibility: str = "public"
    release: datetime | None = None
    release_group: str = ""
    expires: datetime | None = None
    """When it is over: a day that was given lasts until its midnight."""
    picture: Picture | None = None
    contact: str = ""
    related: tuple[str, ...] = ()
    weight: int = 50
    draft: bool = False
    also: tuple[tuple[str, date], ...] = ()
    formerly: tuple[str, ...] = ()
    """Names or addresses that its page had before."""
    corrected: tuple[tuple[date, str], ...] = ()
    """What was wrong in it and is mended now: (the day, what), the oldest first."""
    original: Item | None = None
    """For an excerpt, the item whose words it carries."""

    @property
    def slug(self) -> str:
        return self.key.slug

    @property
    def subscribers_only(self) -> bool:
        """An excerpt tells its original's words, so it is no more public than its original."""
        return self.visibility == "subscribers" or (self.original is not None and self.original.subscribers_only)

    def released_by(self, moment: datetime) -> bool:
        held = self.release is not None and self.release > moment
        return not held and (self.original is None or self.original.released_by(moment))

    def expired_by(self, moment: datetime) -> bool:
        return self.expires is not None and self.expires <= moment


class Edition(Struct, frozen=True, kw_only=True):
    """One dated issue of a bulletin, with every item that could be in it."""

    bulletin: str
    day: date
    source: Source
    subject: str
    preheader: str
    opening: str = ""
    title: str = ""
    number: int | None = None
    special: str = ""
    formerly: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.bulletin}/{self.day}"


class Document(Struct, frozen=True, kw_only=True):
    """A long document: a page with a contents list."""

    slug: str
    source: Source
    title: str
    summary: str
    body: str
    contact: str = ""
    updated: Moment | None = None
    release: datetime | None = None
    formerly: tuple[str, ...] = ()

    def released_by(self, moment: datetime) -> bool:
        return self.release is None or self.release <= moment


class Register(Struct, frozen=True):
    """Every address that was ever published. They are paths from the site's top: `items/summit/`, `feed.xml`."""

    first: Mapping[str, date] = field(default_factory=dict)
    """When each was first published."""
    moved: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    lines: Mapping[str, int] = field(default_factory=dict)


class Content(Struct, frozen=True):
    """All that was written, read once. `findings` holds what could not be read as its author meant it."""

    editions: tuple[Edition, ...]
    documents: tuple[Document, ...]
    pages: tuple[Document, ...]
    findings: tuple[Finding, ...]
    register: Register = field(default_factory=Register)

    def edition(self, bulletin: str, day: date) -> Edition | None:
        return next((e for e in self.editions if e.bulletin == bulletin and e.day == day), None)

    def of(self, bulletin: str) -> tuple[Edition, ...]:
        return tuple(e for e in self.editions if e.bulletin == bulletin)


# --- what is sent ----------------------------------------------------------------------------------------------------


class Variant(Struct, frozen=True):
    """One distinct selection of an edition's items. `readers` is the smallest set of tags that receives it."""

    id: str
    items: tuple[str, ...]
    readers: tuple[str, ...] = ()


class Letter(Struct, frozen=True):
    """A variant rendered: the same for all its readers but for the [[tokens]]."""

    variant: Variant
    subject: str
    html: str
    text: str
