"""Who works at the desk: staff, their sign-in links and sessions, what they said about items, and who did what when."""

from __future__ import annotations

from sqlalchemy import DDL, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, event

from db.schema.base import BigId, Moment, Plain, metadata

ROLES = ("writer", "editor", "sender", "administrator")

# Nobody is taken away: what they did stays under their name. Who has left is disabled.
staff = Table(
    "staff",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("address", Text, nullable=False),
    Column("address_key", Plain, nullable=False, unique=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column(
        "calendar", Integer, nullable=False, server_default="0"
    ),  # how often their calendar's address was made; 0: never
    Column("subject", Text, unique=True),  # who they are for the council's own sign-in, from the first time on
    CheckConstraint(" OR ".join(f"role = '{role}'" for role in ROLES), name="role"),
    sqlite_autoincrement=True,
)

# A link that signs somebody in once. Only its hash is here: the link itself is in their mailbox.
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", BigId, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("wanted", Text, nullable=False, server_default=""),  # the page they asked for
    Column("expires_at", Moment, nullable=False, index=True),
)

staff_session = Table(
    "staff_session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", BigId, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False, index=True),
)

# `bulletin`/`edition`/`item` as in content/; an empty item: about the edition.
remark = Table(
    "remark",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("bulletin", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("item", Text, nullable=False, server_default=""),
    Column("staff_id", BigId, ForeignKey("staff.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("words", Text, nullable=False),
    Column("settled_at", Moment),
    Column("settled_by", BigId, ForeignKey("staff.id")),
    sqlite_autoincrement=True,
)
Index("ix_remark_edition", remark.c.bulletin, remark.c.edition)

# Who did what, when. It names readers by their number only, so that who is erased is erased here too.
act = Table(
    "act",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("actor", Text, nullable=False),  # staff:address, or console:user
    Column("what", Text, nullable=False),
    Column("about", Text, nullable=False, server_default=""),
    Column("details", Text, nullable=False, server_default=""),  # JSON, or nothing
    sqlite_autoincrement=True,
)

_SQLITE_GUARDS = tuple(
    f"""CREATE TRIGGER act_kept_from_{verb} BEFORE {verb.upper()} ON act
BEGIN SELECT RAISE(ABORT, 'what was done stays written'); END"""
    for verb in ("update", "delete")
)
_POSTGRESQL_GUARDS = (
    """CREATE FUNCTION keep_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what was done stays written'; END $$""",
    """CREATE TRIGGER act_kept BEFORE UPDATE OR DELETE ON act
FOR EACH ROW EXECUTE FUNCTION keep_act()""",
)
for _guard in _SQLITE_GUARDS:
    event.listen(act, "after_create", DDL(_guard).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
for _guard in _POSTGRESQL_GUARDS:
    event.listen(act, "after_create", DDL(_guard).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]

# --- The edition's life, and what somebody has open -------------------------------------------------------------------

# Sent for review, or taken back. Approvals are in `approval`: they are of a fingerprint, and an edit voids them.
edition_step = Table(
    "edition_step",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("bulletin", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("staff_id", BigId, ForeignKey("staff.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    CheckConstraint("step = 'review' OR step = 'draft'", name="step"),
    sqlite_autoincrement=True,
)
Index("ix_edition_step_edition", edition_step.c.bulletin, edition_step.c.edition)

# An item that somebody has open, and what they typed and did not save: a closed tab loses nothing.
open_item = Table(
    "open_item",
    metadata,
    Column("bulletin", Text, primary_key=True),
    Column("edition", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("staff_id", BigId, ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("seen_at", Moment, nullable=False),
    Column("mark", Text, nullable=False),  # of the file that the form was made from
    Column("form", Text, nullable=False, server_default=""),  # JSON, what was typed; empty: only looked at
)
