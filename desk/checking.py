"""Proof-reading for the command line and the preview: what was written, and the letters that it becomes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from builder.model import Edition, Finding

if TYPE_CHECKING:
    from builder.press import Press


def check_house(press: Press, bulletin: str | None, day: date | None, *, links: bool = False) -> tuple[Finding, ...]:
    """Everything, or what concerns one bulletin or one edition."""
    editions = [e for e in press.content.editions if bulletin in (None, e.bulletin) and day in (None, e.day)]
    found = set(_findings(press, editions))
    if links:
        from desk.links import check_links

        found |= set(check_links(press, editions))
    if bulletin is None:
        return tuple(sorted(found))
    under = f"content/{bulletin}/{day}/" if day else f"content/{bulletin}/"
    return tuple(sorted(f for f in found if f.file.startswith(under) or not f.file.startswith("content/")))


def check_edition(press: Press, edition: Edition) -> tuple[Finding, ...]:
    """What a writer who looks at this edition should see, the gravest first."""
    under = f"content/{edition.bulletin}/{edition.day}/"
    found = (f for f in set(_findings(press, [edition])) if f.file.startswith(under))
    gravity = {"block": 0, "warn": 1, "advice": 2}
    return tuple(sorted(found, key=lambda f: (gravity[f.severity], f)))


def _findings(press: Press, editions: Iterable[Edition]) -> tuple[Finding, ...]:
    raise NotImplementedError
