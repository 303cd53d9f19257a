"""Schools, their stories and photos, from arrival to yes or no.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "story",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("reference", PLAIN, nullable=False),
        sa.Column("token", PLAIN, nullable=False),
        sa.Column("origin", PLAIN, nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("school", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_name", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_role", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_address", sa.Text(), server_default="", nullable=False),
        sa.Column("names_agreed", sa.Text(), server_default="", nullable=False),
        sa.Column("bulletin", sa.Text(), server_default="", nullable=False),
        sa.Column("edition", sa.Date(), nullable=True),
        sa.Column("slug", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("forgotten_at", MOMENT, nullable=True),
        sa.CheckConstraint("door = 'form' OR door = 'mail' OR door = 'feed'", name=op.f("ck_story_door")),
        sa.CheckConstraint("forgotten_at IS NULL OR contact_address = ''", name=op.f("ck_story_forgotten")),
        sa.CheckConstraint(
            "state = 'suggested' OR state = 'waiting' OR state = 'asked' OR state = 'accepted' OR state = 'published' OR state = 'declined' OR state = 'withdrawn'",
            name=op.f("ck_story_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('accepted', 'published') OR (slug <> '' AND edition IS NOT NULL)",
            name=op.f("ck_story_accepted_somewhere"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sa.UniqueConstraint("origin", name=op.f("uq_story_origin")),
        sa.UniqueConstraint("reference", name=op.f("uq_story_reference")),
        sa.UniqueConstraint("token", name=op.f("uq_story_token")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_story_contact_address", "story", ["contact_address"], unique=False)
    op.create_index("ix_story_state", "story", ["state", "received_at"], unique=False)
    op.create_table(
        "story_photo",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("story_id", BIG_ID, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("look", PLAIN, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("alt", sa.Text(), server_default="", nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), server_default="", nullable=False),
        sa.Column("consent_by", sa.Text(), server_default="", nullable=False),
        sa.Column("consent_on", sa.Date(), nullable=True),
        sa.Column("consent_told_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "channels = '' OR people = 'nobody' OR (consent_by <> '' AND consent_on IS NOT NULL)",
            name=op.f("ck_story_photo_consent"),
        ),
        sa.CheckConstraint(
            "people = 'unsaid' OR people = 'nobody' OR people = 'people'", name=op.f("ck_story_photo_people")
        ),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_photo_story_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_photo")),
        sa.UniqueConstraint("story_id", "name", name=op.f("uq_story_photo_story_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_story_photo_name", "story_photo", ["name"], unique=False)
    op.create_table(
        "story_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("story_id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("letter", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_event_story_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_event")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_story_event_story_id"), "story_event", ["story_id"], unique=False)
    op.create_table(
        "story_arrival",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("key", PLAIN, nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("became", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("story_id", BIG_ID, nullable=True),
        sa.CheckConstraint(
            "became = 'story' OR became = 'answer' OR became = 'set-aside'", name=op.f("ck_story_arrival_became")
        ),
        sa.CheckConstraint("door = 'form' OR door = 'mail' OR door = 'feed'", name=op.f("ck_story_arrival_door")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_arrival_story_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story_arrival")),
        sa.UniqueConstraint("key", name=op.f("uq_story_arrival_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_story_arrival_sender", "story_arrival", ["sender", "at"], unique=False)
    op.create_index(op.f("ix_story_arrival_story_id"), "story_arrival", ["story_id"], unique=False)
