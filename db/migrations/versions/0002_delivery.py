"""Delivery: mailings, letters, recipients, running totals, what came back, approvals, planned sendings.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("bulletin", "edition", "fingerprint", name=op.f("pk_approval")),
    )
    op.create_table(
        "mailing",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("control", sa.Text(), server_default="run", nullable=False),
        sa.Column("frozen_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "control = 'run' OR control = 'paused' OR control = 'cancelled'", name=op.f("ck_mailing_control")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sa.UniqueConstraint("name", name=op.f("uq_mailing_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "planned_sending",
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("result", sa.Text(), server_default="waiting", nullable=False),
        sa.CheckConstraint(
            "result = 'waiting' OR result = 'taken' OR result = 'missed' OR result = 'cancelled'",
            name=op.f("ck_planned_sending_result"),
        ),
        sa.PrimaryKeyConstraint("bulletin", "edition", name=op.f("pk_planned_sending")),
    )
    op.create_table(
        "came_back",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind = 'hard' OR kind = 'soft' OR kind = 'policy' OR kind = 'complaint'", name=op.f("ck_came_back_kind")
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_came_back_mailing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_came_back")),
        sa.UniqueConstraint("mailing_id", "subscriber", "kind", name=op.f("uq_came_back_mailing_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_came_back_subscriber"), "came_back", ["subscriber"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("frame", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_letter_mailing_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("mailing_id", "variant", name=op.f("uq_letter_mailing_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "recipient",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.Text(), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("since", MOMENT, nullable=True),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("at", MOMENT, nullable=True),
        sa.Column("code", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state = 'queued' OR state = 'attempting' OR state = 'accepted' OR state = 'failed' "
            "OR state = 'deferred' OR state = 'in_doubt' OR state = 'suppressed' OR state = 'withdrawn'",
            name=op.f("ck_recipient_state"),
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_recipient_mailing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
        sa.UniqueConstraint("mailing_id", "subscriber", name=op.f("uq_recipient_mailing_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_recipient_attempting",
        "recipient",
        ["mailing_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'attempting'"),
        postgresql_where=sa.text("state = 'attempting'"),
    )
    op.create_index(
        "ix_recipient_due",
        "recipient",
        ["mailing_id", "not_before"],
        unique=False,
        sqlite_where=sa.text("state = 'deferred'"),
        postgresql_where=sa.text("state = 'deferred'"),
    )
    op.create_index(
        "ix_recipient_in_doubt",
        "recipient",
        ["mailing_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'in_doubt'"),
        postgresql_where=sa.text("state = 'in_doubt'"),
    )
    op.create_index(
        "ix_recipient_queued",
        "recipient",
        ["mailing_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "tally",
        sa.Column("mailing_id", BIG_ID, nullable=False),
        sa.Column("owner", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queued", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempting", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("accepted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deferred", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("in_doubt", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("suppressed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_tally_mailing_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mailing_id", "owner", name=op.f("pk_tally")),
    )
