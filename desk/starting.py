"""Beginning things: a house, an edition, an item."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from builder.audience import did_you_mean
from builder.dates import say
from builder.kinds import KINDS, headers_of

if TYPE_CHECKING:
    from builder.press import Press

STARTER = Path(__file__).parent / "starter"
LETTERS = Path(__file__).parent.parent / "content" / "letters"  # where a checkout has what the wheel puts into STARTER
STARTER_DAY = date(2025, 1, 14)
_ISO = re.compile(r"\b2025-\d\d-\d\d\b")
_SPOKEN = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day (\d{1,2} (?:January|February|March) 2025)"
)  # fmt: skip


class NotEmpty(Exception):
    """The folder already holds something."""


class CannotBegin(Exception):
    """The message says what is in the way."""


def make_house(folder: Path, today: date | None = None) -> date:
    """Copies the starter house, its example edition dated last Tuesday, so that the archive has a page at once."""
    if folder.exists() and any(folder.iterdir()):
        raise NotEmpty(f"{folder} is not empty. Name a new folder.")
    day = _last_tuesday(today or date.today())  # noqa: DTZ011 the writer's own day is meant
    shutil.copytree(STARTER, folder, dirs_exist_ok=True)
    if not (folder / "content" / "letters").is_dir():
        shutil.copytree(LETTERS, folder / "content" / "letters")
    weeks = day - STARTER_DAY
    for file in (folder / "content").rglob("*.md"):
        file.write_text(_move_dates(file.read_text("utf-8"), weeks), "utf-8")
    (folder / "content" / "weekly" / str(STARTER_DAY)).rename(folder / "content" / "weekly" / str(day))
    (folder / ".gitignore").write_text("var/\nsite/\nout/\n")
    return day


def _last_tuesday(day: date) -> date:
    """Before `day`, never on it."""
    return day - timedelta(days=(day.weekday() - STARTER_DAY.weekday() - 1) % 7 + 1)


def _move_dates(text: str, by: timedelta) -> str:
    text = _ISO.sub(lambda m: str(date.fromisoformat(m[0]) + by), text)

    def moved(match: re.Match[str]) -> str:
        return say(datetime.strptime(match[1], "%d %B %Y").date() + by)  # noqa: DTZ007 a day, not a moment

    return _SPOKEN.sub(moved, text)


def begin(press: Press, bulletin: str, day: date | None, title: str | None, kind: str, audience: str) -> str:
    """Writes the file to go on from, and returns it relative to the house. Never overwrites one."""
    if bulletin not in press.house.bulletins:
        raise CannotBegin(f'There is no bulletin "{bulletin}".{did_you_mean(bulletin, press.house.bulletins)}')
    if kind not in KINDS:
        raise CannotBegin(f'"{kind}" is not a kind.{did_you_mean(kind, KINDS)} Kinds: {", ".join(KINDS)}.')
    folder = press.root / "content" / bulletin / str(day or _next_day(press, bulletin))
    file = folder / "edition.md"
    if title:
        begin(press, bulletin, date.fromisoformat(folder.name), None, kind, "") if not file.exists() else None
        file = _item_file(press, bulletin, folder, title, kind)
        text = _filled(press, "item", title=title, kind=kind, audience=audience, headers=_required(kind))
    else:
        text = _filled(press, "edition", day=say(date.fromisoformat(folder.name)))
    if file.exists():
        raise CannotBegin(f"{file.relative_to(press.root)} is there already.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file.relative_to(press.root).as_posix()


def _next_day(press: Press, bulletin: str) -> date:
    from builder.calendar import next_open_slot

    slot = next_open_slot(press.house.bulletins[bulletin], press.house.calendar, press.now)
    if slot is None:
        raise CannotBegin(f"The calendar has no coming edition of {bulletin}. Give a DATE, or add the next terms.")
    return slot.day


def _item_file(press: Press, bulletin: str, folder: Path, title: str, kind: str) -> Path:
    """A name nobody has in this bulletin: it is the item's address for good."""
    words = re.findall(r"[a-z0-9]+", title.lower().replace("'", "").replace("’", ""))
    slug = "-".join(words)[:60].strip("-") or "item"
    taken = {item.slug for edition in press.content.of(bulletin) for item in edition.items}
    names = [slug, *(f"{slug}-{n}" for n in range(2, len(taken) + 3))]
    free = next(name for name in names if name not in taken)
    return (folder / "good-news" if kind == "good-news" else folder) / f"{free}.md"


def _required(kind: str) -> Iterable[str]:
    return [name for name, (_, required) in headers_of(kind).items() if required]


def _filled(press: Press, name: str, **values: object) -> str:
    return press.renderer.environment.get_template(f"desk/new/{name}.txt").render(**values)
