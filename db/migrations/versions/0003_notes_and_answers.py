"""Notes to one reader that wait for the relay, readers' answers to a question, and what stopped a mailing.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("mailing", sa.Column("problem", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "note",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("at", MOMENT, nullable=True),
        sa.Column("code", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state = 'queued' OR state = 'attempting' OR state = 'accepted' OR state = 'failed' "
            "OR state = 'deferred' OR state = 'in_doubt'",
            name=op.f("ck_note_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("state IN ('queued', 'attempting', 'deferred', 'in_doubt')")
    op.create_index("ix_note_waiting", "note", ["state", "id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "answer",
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("answer = 'yes' OR answer = 'no'", name=op.f("ck_answer_answer")),
        sa.PrimaryKeyConstraint("bulletin", "edition", "item", "answer", name=op.f("pk_answer")),
    )
    op.create_table(
        "farewell",
        sa.Column("mailing_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"], ["mailing.id"], name=op.f("fk_farewell_mailing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mailing_id", name=op.f("pk_farewell")),
    )
