"""Editions that tests build: the shipped ones, the starter's, and one that holds everything a letter can hold."""

from __future__ import annotations

from dataclasses import dataclass
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

# name → (house, bulletin, day)
EDITIONS = {
    "everything": (EVERYTHING, "weekly", DAY),
    "weekly": (ROOT, "weekly", DAY),
    "weekly-2": (ROOT, "weekly", date(2025, 1, 21)),
    "together": (ROOT, "together", date(2024, 12, 9)),
    "ecourier": (ROOT, "ecourier", date(2024, 12, 10)),
    "send": (ROOT, "send", date(2024, 12, 9)),
    "starter": (STARTER, "weekly", DAY),
}


@dataclass(frozen=True, slots=True, repr=False)
class Built:
    """An edition and its letter with every item."""

    press: Press
    edition: Edition
    view: EditionView
    letter: Letter


def open_press(root: Path, kept: Path, *, search: tuple[Path, ...] = (TEMPLATES,), now: datetime = NOW) -> Press:
    return Press(root=root, house=load(root, None, {}).house, search=search, now=now, kept=kept)


def build(name: str, kept: Path) -> Built:
    root, bulletin, day = EDITIONS[name]
    return build_edition(open_press(root, kept), bulletin, day)


def build_edition(press: Press, bulletin: str = "weekly", day: date = DAY) -> Built:
    edition = press.content.edition(bulletin, day)
    assert edition is not None, f"There is no edition {bulletin}/{day} in {press.root}."
    everything = press.variants(edition)[0]
    return Built(press, edition, press.view(edition, everything), press.letter(edition, everything))
