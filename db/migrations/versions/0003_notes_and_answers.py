"""Notes to one reader that wait for the relay, and readers' answers to a question.

Revision ID: 0003
"""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Filled in by the change that brings its tables."""
