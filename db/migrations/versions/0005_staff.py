"""Staff, their sessions, what they did, and what they said about items.

Revision ID: 0005
"""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Filled in by the change that brings its tables."""
