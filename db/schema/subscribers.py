"""The subscribers' room: people, what they asked for, the proof of it, and every "no" as a keyed hash."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    event,
    text,
)

from db.schema.base import BigId, Moment, Plain, metadata


def _one_of(column: str, *values: str) -> CheckConstraint:
    """OR, not IN: SQLite builds a table of an IN's values for every row, a third of the time of a large import."""
    listed = " OR ".join(f"{column} = '{value}'" for value in values)
    return CheckConstraint(listed, name=column)


def _still_open() -> ColumnElement[bool]:
    return text("ended_at IS NULL")  # type: ignore[return-value]


# An import is kept with its file names and counts, so that it can be audited and undone. Its row is never deleted, so the
# large tables name it without a foreign key: checking a million of them doubled an import's time on PostgreSQL.
import_run = Table(
    "import_run",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("source", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("files", Text, nullable=False),  # JSON: name, format, sha256, rows
    Column("counts", Text, nullable=False),  # JSON: new, existing, joined, suppressed, held, unreadable
    Column("undone_at", Moment),
    Column("undone_by", Text),
    sqlite_autoincrement=True,
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", BigId, primary_key=True),  # never used again: old letters' links and the ledger name it
    Column("address", Text, nullable=False),  # as it is written on the envelope
    Column("address_key", Plain, nullable=False, unique=True),  # as it is compared: two people never share one
    Column("name", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

# A person who became one with another (both addresses were theirs): links in old letters still find them.
former_subscriber = Table(
    "former_subscriber",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=False),
    Column("subscriber_id", BigId, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
)

# A reader's choices are the bits of one whole number; a tag keeps its bit for ever.
audience_tag = Table(
    "audience_tag",
    metadata,
    Column("bit", SmallInteger, primary_key=True, autoincrement=False),
    Column("tag", Text, nullable=False, unique=True),
    CheckConstraint("bit BETWEEN 0 AND 61", name="bit"),  # a signed 64-bit number with room to spare
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("subscriber_id", BigId, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("bulletin", Text, nullable=False),
    Column("choices", BigInteger, nullable=False, server_default=text("0")),
    Column("amount", Text, nullable=False),
    Column("frequency", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("paused_until", Date),
    Column("ended_at", Moment),
    Column("ended_reason", Text),
    Column("import_id", BigId),
    _one_of("amount", "selection", "everything"),
    _one_of("frequency", "weekly", "actions-at-once"),
    _one_of("source", "signed-up", "imported", "merged", "staff", "changed"),
    _one_of("basis", "consent", "public-task"),
    _one_of("ended_reason", "unsubscribed", "bounced", "complained", "erased", "merged", "staff"),
    CheckConstraint("(ended_at IS NULL) = (ended_reason IS NULL)", name="ended_with_a_reason"),
    CheckConstraint("choices >= 0", name="choices"),
    sqlite_autoincrement=True,
)
Index(
    "uq_subscription_open",
    subscription.c.subscriber_id,
    subscription.c.bulletin,
    unique=True,
    sqlite_where=_still_open(),
    postgresql_where=_still_open(),
)

consent_event = Table(
    "consent_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("subscriber_id", BigId, ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("bulletin", Text),  # none: about the person, not one bulletin
    Column("what", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("how", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("wording", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default=""),
    Column("basis", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),  # JSON, or nothing
    Column("import_id", BigId),
    sqlite_autoincrement=True,
)

# The history of a person who is here can neither be changed nor shortened; it leaves only together with the person.
_SQLITE_GUARDS = (
    """CREATE TRIGGER consent_event_kept_as_written BEFORE UPDATE ON consent_event
BEGIN SELECT RAISE(ABORT, 'consent events are never changed'); END""",
    """CREATE TRIGGER consent_event_kept_with_the_person BEFORE DELETE ON consent_event
WHEN EXISTS (SELECT 1 FROM subscriber WHERE id = OLD.subscriber_id)
BEGIN SELECT RAISE(ABORT, 'consent events leave only with the person'); END""",
)
_POSTGRESQL_GUARDS = (
    """CREATE FUNCTION keep_consent_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN RAISE EXCEPTION 'consent events are never changed'; END IF;
  IF EXISTS (SELECT 1 FROM subscriber WHERE id = OLD.subscriber_id) THEN
    RAISE EXCEPTION 'consent events leave only with the person';
  END IF;
  RETURN OLD;
END $$""",
    """CREATE TRIGGER consent_event_kept BEFORE UPDATE OR DELETE ON consent_event
FOR EACH ROW EXECUTE FUNCTION keep_consent_event()""",
)
for _guard in _SQLITE_GUARDS:
    event.listen(consent_event, "after_create", DDL(_guard).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
for _guard in _POSTGRESQL_GUARDS:
    event.listen(consent_event, "after_create", DDL(_guard).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]

# Every "no". It outlives the person: the address cannot be read from it, only recognised.
suppression = Table(
    "suppression",
    metadata,
    Column("address_hash", LargeBinary(32), primary_key=True),
    Column("bulletin", Text, primary_key=True),  # '' means every bulletin
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("actor", Text, nullable=False, server_default=""),
    Column("import_id", BigId),
    _one_of("reason", "unsubscribed", "bounced", "complained", "erased", "staff"),
)

# What somebody asked for and has not confirmed yet. Nobody is a subscriber because of it.
request = Table(
    "request",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("address_key", Plain, nullable=False, index=True),
    Column("subscriber_id", BigId, ForeignKey("subscriber.id", ondelete="CASCADE"), index=True),
    Column("wanted", Text, nullable=False, server_default=""),  # JSON: bulletins, choices, amount, frequency, name
    Column("wording", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("done_at", Moment),
    _one_of("kind", "subscribe", "change-address"),
    sqlite_autoincrement=True,
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("request_id", BigId, ForeignKey("request.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("part", Text, nullable=False),
    Column("used_at", Moment),
    _one_of("part", "address", "old", "new"),
)

# Rows of an import that a person must decide: an unknown status is never made active.
held = Table(
    "held",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("import_id", BigId, ForeignKey("import_run.id"), nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("address_key", Plain, nullable=False, index=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("bulletin", Text, nullable=False),
    Column("choices", BigInteger, nullable=False, server_default=text("0")),
    Column("why", Text, nullable=False),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("decided_at", Moment),
    Column("decided_by", Text),
    Column("decision", Text),
    _one_of("decision", "accepted", "refused", "undone"),
    sqlite_autoincrement=True,
)

retention_run = Table(
    "retention_run",
    metadata,
    Column("at", Moment, primary_key=True),
    Column("counts", Text, nullable=False),
)

# The planner's statistics are samples of the values: an erased address would live on in them.
_NO_SAMPLES = {
    "subscriber": ("address", "address_key", "name"),
    "request": ("address", "address_key", "wanted"),
    "held": ("address", "address_key", "name"),
}
for _table, _columns in _NO_SAMPLES.items():
    for _column in _columns:
        event.listen(
            metadata.tables[_table],
            "after_create",
            DDL(f"ALTER TABLE {_table} ALTER COLUMN {_column} SET STATISTICS 0").execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
        )
