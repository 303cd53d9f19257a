"""Schools, their stories and photos, from arrival to yes or no.

Revision ID: 0004
"""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Filled in by the change that brings its tables."""
