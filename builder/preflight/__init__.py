"""The proof-reader: what was written and rendered in; everything that a person should look at out, in one pass."""

from builder.preflight.checks import Check
from builder.preflight.run import CHECKS, blocks, check

__all__ = ["CHECKS", "Check", "blocks", "check"]
