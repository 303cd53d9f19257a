"""Houses that tests build from: the shipped one, the starter, and any that a test writes itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from builder.model import Edition, Letter
from builder.press import Press
from builder.view import EditionView
from desk.settings import load

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "desk" / "starter"
EVERYTHING = ROOT / "tests" / "houses" / "everything"
TEMPLATES = ROOT / "templates"
NOW = datetime(2025, 1, 22, 9, tzinfo=UTC)
DAY = date(2025, 1, 14)


def open_press(root: Path, kept: Path, *, search: tuple[Path, ...] = (TEMPLATES,), now: datetime = NOW) -> Press:
    return Press(root=root, house=load(root, None, {}).house, search=search, now=now, kept=kept)


def edition_of(press: Press, bulletin: str = "weekly", day: date = DAY) -> Edition:
    edition = press.content.edition(bulletin, day)
    assert edition is not None, f"There is no edition {bulletin}/{day} in {press.root}."
    return edition


def whole_view(press: Press, edition: Edition) -> EditionView:
    """The view of the variant that holds every item."""
    return press.view(edition, press.variants(edition)[0])


def whole_letter(press: Press, edition: Edition) -> Letter:
    return press.letter(edition, press.variants(edition)[0])
