"""Staff, their sessions, what they did, and what they said about items.

Revision ID: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

SQLITE_GUARDS = (
    """CREATE TRIGGER act_kept_from_update BEFORE UPDATE ON act
BEGIN SELECT RAISE(ABORT, 'what was done stays written'); END""",
    """CREATE TRIGGER act_kept_from_delete BEFORE DELETE ON act
BEGIN SELECT RAISE(ABORT, 'what was done stays written'); END""",
)
POSTGRESQL_GUARDS = (
    """CREATE FUNCTION keep_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what was done stays written'; END $$""",
    """CREATE TRIGGER act_kept BEFORE UPDATE OR DELETE ON act
FOR EACH ROW EXECUTE FUNCTION keep_act()""",
)


def upgrade() -> None:
    _staff()
    _sign_in()
    _remarks()
    _acts()
    _editing()


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("calendar", sa.Integer(), server_default="0", nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "role = 'writer' OR role = 'editor' OR role = 'sender' OR role = 'administrator'",
            name=op.f("ck_staff_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("address_key", name=op.f("uq_staff_address_key")),
        sa.UniqueConstraint("subject", name=op.f("uq_staff_subject")),
        sqlite_autoincrement=True,
    )


def _sign_in() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("wanted", sa.Text(), server_default="", nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sign_in_link_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_link")),
    )
    op.create_index(op.f("ix_sign_in_link_staff_id"), "sign_in_link", ["staff_id"])
    op.create_index(op.f("ix_sign_in_link_expires_at"), "sign_in_link", ["expires_at"])
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_session_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_staff_id"), "staff_session", ["staff_id"])
    op.create_index(op.f("ix_staff_session_seen_at"), "staff_session", ["seen_at"])


def _remarks() -> None:
    op.create_table(
        "remark",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), server_default="", nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_remark_staff_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["staff.id"], name=op.f("fk_remark_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_remark_staff_id"), "remark", ["staff_id"])
    op.create_index("ix_remark_edition", "remark", ["bulletin", "edition"])


def _acts() -> None:
    op.create_table(
        "act",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.Column("details", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_act")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_act_at"), "act", ["at"])
    guards = POSTGRESQL_GUARDS if op.get_bind().dialect.name == "postgresql" else SQLITE_GUARDS
    for guard in guards:
        op.execute(guard)


# --- The edition's life, and what somebody has open -------------------------------------------------------------------


def _editing() -> None:
    op.create_table(
        "edition_step",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("step = 'review' OR step = 'draft'", name=op.f("ck_edition_step_step")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_edition_step_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_step")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_edition_step_staff_id"), "edition_step", ["staff_id"])
    op.create_index("ix_edition_step_edition", "edition_step", ["bulletin", "edition"])
    op.create_table(
        "open_item",
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("staff_id", BIG_ID, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_open_item_staff_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("bulletin", "edition", "item", "staff_id", name=op.f("pk_open_item")),
    )
    op.create_index(op.f("ix_open_item_staff_id"), "open_item", ["staff_id"])
