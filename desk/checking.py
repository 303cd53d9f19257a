"""Proof-reading for the command line and the preview: what was written, and the letters that it becomes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from builder import preflight
from builder.model import BuilderError, Edition, Finding, Letter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.press import Press

GRAVITY = {"block": 0, "warn": 1, "advice": 2}


def check_house(press: Press, bulletin: str | None, day: date | None, *, links: bool = False) -> tuple[Finding, ...]:
    """Everything, or what concerns one bulletin or one edition."""
    editions = [e for e in press.content.editions if bulletin in (None, e.bulletin) and day in (None, e.day)]
    found = set(_findings(press, editions, everything=bulletin is None))
    if links:
        from desk.links import check_links

        found |= set(check_links(press.root, editions))
    return tuple(sorted(found))


def check_edition(press: Press, edition: Edition) -> tuple[Finding, ...]:
    """What a writer who looks at this edition should see, the gravest first."""
    return tuple(sorted(_findings(press, [edition], everything=False), key=lambda f: (GRAVITY[f.severity], f)))


def _findings(press: Press, editions: Iterable[Edition], *, everything: bool) -> tuple[Finding, ...]:
    editions = tuple(editions)
    faults: list[Finding] = []
    letters = {edition.key: _letters(press, edition, faults) for edition in editions}
    only = None if everything else [edition.key for edition in editions]
    found = preflight.check(press.content, press.house, now=press.now, root=press.root, letters=letters, only=only)
    return (*found, *faults)


def _letters(press: Press, edition: Edition, faults: list[Finding]) -> tuple[Letter, ...]:
    """A template's fault is a finding like any other."""
    try:
        return tuple(press.letter(edition, variant) for variant in press.variants(edition))
    except BuilderError as error:
        faults += error.findings
        return ()
