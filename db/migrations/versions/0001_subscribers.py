"""Subscribers: people, subscriptions, consent events, suppressions, requests, imports.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

SQLITE_GUARDS = (
    """CREATE TRIGGER consent_event_kept_as_written BEFORE UPDATE ON consent_event
BEGIN SELECT RAISE(ABORT, 'consent events are never changed'); END""",
    """CREATE TRIGGER consent_event_kept_with_the_person BEFORE DELETE ON consent_event
WHEN EXISTS (SELECT 1 FROM subscriber WHERE id = OLD.subscriber_id)
BEGIN SELECT RAISE(ABORT, 'consent events leave only with the person'); END""",
)
POSTGRESQL_GUARDS = (
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
NO_SAMPLES = {
    "subscriber": ("address", "address_key", "name"),
    "request": ("address", "address_key", "wanted"),
    "held": ("address", "address_key", "name"),
}


def upgrade() -> None:
    op.create_table(
        "audience_tag",
        sa.Column("bit", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.CheckConstraint("bit BETWEEN 0 AND 61", name=op.f("ck_audience_tag_bit")),
        sa.PrimaryKeyConstraint("bit", name=op.f("pk_audience_tag")),
        sa.UniqueConstraint("tag", name=op.f("uq_audience_tag_tag")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "retention_run",
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_retention_run")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_key", name=op.f("uq_subscriber_address_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "suppression",
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("import_id", BIG_ID, nullable=True),
        sa.CheckConstraint(
            "reason = 'unsubscribed' OR reason = 'bounced' OR reason = 'complained' OR reason = 'erased' OR reason = 'staff'",
            name=op.f("ck_suppression_reason"),
        ),
        sa.PrimaryKeyConstraint("address_hash", "bulletin", name=op.f("pk_suppression")),
    )
    op.create_table(
        "consent_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("basis", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("import_id", BIG_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_consent_event_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_event_subscriber_id"), "consent_event", ["subscriber_id"], unique=False)
    op.create_table(
        "former_subscriber",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_former_subscriber_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_subscriber")),
    )
    op.create_index(op.f("ix_former_subscriber_subscriber_id"), "former_subscriber", ["subscriber_id"], unique=False)
    op.create_table(
        "held",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("import_id", BIG_ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", PLAIN, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("choices", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "decision = 'accepted' OR decision = 'refused' OR decision = 'undone'", name=op.f("ck_held_decision")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["import_run.id"], name=op.f("fk_held_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_held_address_key"), "held", ["address_key"], unique=False)
    op.create_index(op.f("ix_held_import_id"), "held", ["import_id"], unique=False)
    op.create_table(
        "request",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", PLAIN, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=True),
        sa.Column("wanted", sa.Text(), server_default="", nullable=False),
        sa.Column("wording", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind = 'subscribe' OR kind = 'change-address'", name=op.f("ck_request_kind")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_request_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_request_address_key"), "request", ["address_key"], unique=False)
    op.create_index(op.f("ix_request_expires_at"), "request", ["expires_at"], unique=False)
    op.create_index(op.f("ix_request_subscriber_id"), "request", ["subscriber_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subscriber_id", BIG_ID, nullable=False),
        sa.Column("bulletin", sa.Text(), nullable=False),
        sa.Column("choices", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.Column("import_id", BIG_ID, nullable=True),
        sa.CheckConstraint("amount = 'selection' OR amount = 'everything'", name=op.f("ck_subscription_amount")),
        sa.CheckConstraint("basis = 'consent' OR basis = 'public-task'", name=op.f("ck_subscription_basis")),
        sa.CheckConstraint(
            "ended_reason = 'unsubscribed' OR ended_reason = 'bounced' OR ended_reason = 'complained' OR ended_reason = 'erased' OR ended_reason = 'merged' OR ended_reason = 'staff'",
            name=op.f("ck_subscription_ended_reason"),
        ),
        sa.CheckConstraint(
            "frequency = 'weekly' OR frequency = 'actions-at-once'", name=op.f("ck_subscription_frequency")
        ),
        sa.CheckConstraint(
            "source = 'signed-up' OR source = 'imported' OR source = 'merged' OR source = 'staff' OR source = 'changed'",
            name=op.f("ck_subscription_source"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_reason IS NULL)", name=op.f("ck_subscription_ended_with_a_reason")
        ),
        sa.CheckConstraint("choices >= 0", name=op.f("ck_subscription_choices")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subscription_subscriber_id"), "subscription", ["subscriber_id"], unique=False)
    op.create_index(
        "uq_subscription_open",
        "subscription",
        ["subscriber_id", "bulletin"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "confirmation",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.CheckConstraint("part = 'address' OR part = 'old' OR part = 'new'", name=op.f("ck_confirmation_part")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_confirmation_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_confirmation")),
    )
    op.create_index(op.f("ix_confirmation_request_id"), "confirmation", ["request_id"], unique=False)
    for guard in SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_GUARDS:
        op.execute(guard)
    if op.get_bind().dialect.name == "postgresql":
        for table, columns in NO_SAMPLES.items():
            for column in columns:
                op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
