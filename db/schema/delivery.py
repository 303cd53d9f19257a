"""The delivery room: what is sent to whom, and what is known of each letter."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db.schema.base import BigId, Moment, metadata

STATES = ("queued", "attempting", "accepted", "failed", "deferred", "in_doubt", "suppressed", "withdrawn")


def one_of(column: str, *values: str) -> CheckConstraint:
    """Written with OR: SQLite would fill a table with an IN list for each row it checks, a third of a letter's update."""
    return CheckConstraint(" OR ".join(f"{column} = '{value}'" for value in values), name=column)


def _state(value: str) -> ColumnElement[bool]:
    return text(f"state = '{value}'")  # type: ignore[return-value]


mailing = Table(
    "mailing",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # weekly-2025-01-14: sent twice is refused here
    Column("bulletin", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON: sender, list headers, shared values
    Column("fingerprint", Text, nullable=False, server_default=""),  # of the edition as it was approved
    Column("control", Text, nullable=False, server_default="run"),
    Column("frozen_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("problem", Text, nullable=False, server_default=""),  # what stopped the last run of it, for a person to read
    one_of("control", "run", "paused", "cancelled"),
    sqlite_autoincrement=True,
)

letter = Table(
    "letter",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("mailing_id", BigId, ForeignKey("mailing.id", ondelete="CASCADE"), nullable=False),
    Column("variant", Text, nullable=False),
    Column("frame", LargeBinary, nullable=False),  # the message's final bytes, the reader's spots fenced by NUL
    UniqueConstraint("mailing_id", "variant"),
    sqlite_autoincrement=True,
)

# letter_id is no foreign key: checking a million of them doubles the time of a freeze, and letters are never deleted alone.
recipient = Table(
    "recipient",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("mailing_id", BigId, ForeignKey("mailing.id", ondelete="CASCADE"), nullable=False),
    Column("subscriber", Text, nullable=False),
    Column("address", Text, nullable=False),  # empty once the reader was forgotten
    Column("letter_id", BigInteger, nullable=False),
    Column("tokens", Text, nullable=False, server_default="{}"),  # JSON
    Column("state", Text, nullable=False, server_default="queued"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("since", Moment),  # of the first attempt: 72 hours are counted from here
    Column("not_before", Moment),
    Column("at", Moment),  # of the last change
    Column("code", SmallInteger, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),
    Column("stage", Text, nullable=False, server_default=""),
    UniqueConstraint("mailing_id", "subscriber"),  # one recipient per person and mailing
    one_of("state", *STATES),
    sqlite_autoincrement=True,
)
for _name, _columns, _where in (
    ("queued", ("mailing_id", "id"), "queued"),
    ("due", ("mailing_id", "not_before"), "deferred"),
    ("attempting", ("mailing_id", "id"), "attempting"),
    ("in_doubt", ("mailing_id", "id"), "in_doubt"),
):
    Index(
        f"ix_recipient_{_name}",
        *(recipient.c[column] for column in _columns),
        sqlite_where=_state(_where),
        postgresql_where=_state(_where),
    )

# Running totals, so that a million recipients are never counted. Each sender adds to a row of its own: nobody waits.
tally = Table(
    "tally",
    metadata,
    Column("mailing_id", BigId, ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True),
    Column("owner", BigInteger, primary_key=True, autoincrement=False),
    *(Column(state, BigInteger, nullable=False, server_default=text("0")) for state in STATES),
)

# Bounces and complaints, beside the state: the relay did accept the letter.
came_back = Table(
    "came_back",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("mailing_id", BigId, ForeignKey("mailing.id", ondelete="CASCADE"), nullable=False),
    Column("subscriber", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    UniqueConstraint("mailing_id", "subscriber", "kind"),  # the same report read twice counts once
    one_of("kind", "hard", "soft", "policy", "complaint"),
    sqlite_autoincrement=True,
)

# An edit changes the edition's fingerprint, so an approval voids itself.
approval = Table(
    "approval",
    metadata,
    Column("bulletin", Text, primary_key=True),
    Column("edition", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

planned = Table(
    "planned_sending",
    metadata,
    Column("bulletin", Text, primary_key=True),
    Column("edition", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("taken_at", Moment),
    Column("result", Text, nullable=False, server_default="waiting"),
    one_of("result", "waiting", "taken", "missed", "cancelled"),
)
