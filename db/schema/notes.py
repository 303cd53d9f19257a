"""Notes: letters to one reader that wait for the relay; and what readers answered, as bare counts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text, text

from db.schema.base import BigId, Moment, metadata
from db.schema.delivery import one_of

STATES = ("queued", "attempting", "accepted", "failed", "deferred", "in_doubt")
WAITING = text("state IN ('queued', 'attempting', 'deferred', 'in_doubt')")

# A letter about one act (confirm, welcome, goodbye), written in the transaction of that act. Address and message go as
# soon as its fate is known; the bare row stays for a while, so that people can see that letters leave.
note = Table(
    "note",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("message", LargeBinary, nullable=False),  # as it goes over the wire, before it is signed
    Column("made_at", Moment, nullable=False),  # 72 hours are counted from here
    Column("state", Text, nullable=False, server_default="queued"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("not_before", Moment),
    Column("at", Moment),  # of the last change
    Column("code", SmallInteger, nullable=False, server_default=text("0")),
    Column("status", Text, nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),
    one_of("state", *STATES),
    sqlite_autoincrement=True,
)
Index("ix_note_waiting", note.c.state, note.c.id, sqlite_where=WAITING, postgresql_where=WAITING)

# "Was this useful?": how many said which, and nobody who.
answer = Table(
    "answer",
    metadata,
    Column("bulletin", Text, primary_key=True),
    Column("edition", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("answer", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    one_of("answer", "yes", "no"),
)

# How many left while a mailing was the newest of its bulletin. A count of its own: who left is forgotten one day.
farewell = Table(
    "farewell",
    metadata,
    Column("mailing_id", BigId, ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
