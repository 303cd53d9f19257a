"""The web archive: content in, every page of the public site out as (path, bytes). Nothing of a hidden item is in any."""

from builder.archive.build import Outcome, archive, build

__all__ = ["Outcome", "archive", "build"]
