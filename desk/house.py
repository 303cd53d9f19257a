"""The only place where things are put together: settings in, a working press out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from builder.press import Press
from desk.settings import Settings

HERE = Path(__file__).parent


def shipped_templates() -> Path:
    """The templates that ship with the program: in the package, or beside it in a checkout."""
    packaged = HERE / "templates"
    return packaged if packaged.is_dir() else HERE.parent / "templates"


def template_folders(settings: Settings) -> tuple[Path, ...]:
    """A house's own templates first, file by file, then the shipped ones."""
    own, shipped = settings.root / "templates", shipped_templates()
    return (own, shipped) if own.is_dir() and own.resolve() != shipped.resolve() else (shipped,)


def open_press(settings: Settings, *, now: datetime | None = None, drafts: bool = False) -> Press:
    zone = settings.house.calendar.zone
    return Press(
        root=settings.root,
        house=settings.house,
        search=template_folders(settings),
        now=(now or datetime.now(zone)).astimezone(zone),
        kept=settings.root / "var" / "cache",
        drafts=drafts,
    )
