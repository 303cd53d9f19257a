"""The good-news room: stories from schools, their photos, all that happened to them, and what came in without becoming one."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db.schema.base import BigId, Moment, Plain, metadata

STATES = ("suggested", "waiting", "asked", "accepted", "published", "declined", "withdrawn")
DOORS = ("form", "mail", "feed")


def _one_of(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(" OR ".join(f"{column} = '{value}'" for value in values), name=column)


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


# `state` is what the last of the story's events left it in; both are written in one transaction.
story = Table(
    "story",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("reference", Plain, nullable=False, unique=True),  # what people say on the telephone
    Column(
        "token", Plain, nullable=False, unique=True
    ),  # SHA-256 of the link's token: the link is with its school only
    Column("origin", Plain, nullable=False, unique=True),  # the same form, mail or feed entry never becomes two stories
    Column("door", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),  # counts changes: two at once are noticed
    _words("school"),
    _words("title"),
    _words("summary"),
    _words("body"),
    _words("link"),
    _words("contact_name"),
    _words("contact_role"),
    _words("contact_address"),
    _words("names_agreed"),  # by whom a child's full name beside a face was agreed; empty when it was not
    _words("bulletin"),
    Column("edition", Date),
    _words("slug"),
    Column("received_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("forgotten_at", Moment),  # when contact details went
    _one_of("door", *DOORS),
    _one_of("state", *STATES),
    CheckConstraint(
        "state NOT IN ('accepted', 'published') OR (slug <> '' AND edition IS NOT NULL)", name="accepted_somewhere"
    ),
    CheckConstraint("forgotten_at IS NULL OR contact_address = ''", name="forgotten"),
    sqlite_autoincrement=True,
)
Index("ix_story_state", story.c.state, story.c.received_at)
Index("ix_story_contact_address", story.c.contact_address)

# The pixels are files in var/photos, named by what they hold.
story_photo = Table(
    "story_photo",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("story_id", BigId, ForeignKey("story.id", ondelete="CASCADE"), nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("name", Plain, nullable=False),
    Column("look", Plain, nullable=False),  # 64 bits in hexadecimal: pictures that look alike differ in few of them
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    _words("alt"),
    Column("people", Text, nullable=False),
    _words("channels"),
    _words("consent_by"),
    Column("consent_on", Date),
    Column("consent_told_at", Moment),
    UniqueConstraint("story_id", "name"),
    _one_of("people", "unsaid", "nobody", "people"),
    # No channel without the adult who recorded the consent, and the day (C10).
    CheckConstraint(
        "channels = '' OR people = 'nobody' OR (consent_by <> '' AND consent_on IS NOT NULL)", name="consent"
    ),
    sqlite_autoincrement=True,
)
Index("ix_story_photo_name", story_photo.c.name)

# History: lines are only added. `letter` names what the school was told: it is kept for sending in the same transaction.
story_event = Table(
    "story_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("story_id", BigId, ForeignKey("story.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("what", Text, nullable=False),
    Column("actor", Text, nullable=False),
    _words("words"),
    _words("letter"),
    sqlite_autoincrement=True,
)

# Each mail once, whatever became of it, and what was refused at a door: for staff to look at.
story_arrival = Table(
    "story_arrival",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", Plain, nullable=False, unique=True),
    Column("door", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("became", Text, nullable=False),
    _words("reason"),
    _words("sender"),
    _words("title"),
    Column("story_id", BigId, ForeignKey("story.id", ondelete="CASCADE"), index=True),
    _one_of("door", *DOORS),
    _one_of("became", "story", "answer", "set-aside"),
    sqlite_autoincrement=True,
)
Index("ix_story_arrival_sender", story_arrival.c.sender, story_arrival.c.at)
