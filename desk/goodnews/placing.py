"""An accepted story ↔ its files in content/: the item, and its photos beside it. Doing either twice does no harm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from builder.press import Press
from desk.editing import files
from desk.editing.signing import Signed
from desk.starting import begin
from goodnews.clean import line, literal
from goodnews.model import Held, Photo
from goodnews.photos import Shelf
from goodnews.rules import item_values, photo_consent, shown_photos, slug

FOLDER = "good-news"
ALT = 250


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo as the item's file names it."""

    file: str
    alt: str
    consent: str


@dataclass(frozen=True, slots=True)
class Place:
    bulletin: str
    day: date
    slug: str

    @property
    def folder(self) -> Path:
        """Relative to the house."""
        return Path("content") / self.bulletin / str(self.day) / FOLDER

    @property
    def file(self) -> Path:
        return self.folder / f"{self.slug}.md"


def place_of(held: Held, bulletin: str, day: date) -> Place:
    """A story keeps the name that it got first: it is its address on the web."""
    return Place(bulletin, day, held.slug or slug(held.story))


def item_text(press: Press, held: Held, place: Place, *, checked: str = "") -> str:
    """The item's file."""
    first, others = shown_photos(held.photos)
    values: dict[str, Any] = {
        **item_values(held.story),
        "photo": _shown(first, place, 1) if first else None,
        "photos": [_shown(photo, place, number) for number, photo in enumerate(others, 2)],
        "checked": checked,
    }
    return press.renderer.environment.get_template("desk/new/accepted-story.txt").render(**values)


def _shown(photo: Photo, place: Place, number: int) -> Shown:
    alt = line(photo.alt, ALT)
    return Shown(f"images/{image_of(place, photo)}", alt if number == 1 else literal(alt), photo_consent(photo))


def image_of(place: Place, photo: Photo) -> str:
    """Its name says which story's it is, and changes with its pixels."""
    return f"{place.slug}-{photo.name[:8]}.jpg"


def write(press: Press, shelf: Shelf, held: Held, place: Place, by: Signed, *, checked: str = "") -> None:
    """Photos and the item that names them; whatever stood elsewhere goes. Raises OSError and CannotBegin."""
    root, edition = press.root, press.root / place.folder.parent / "edition.md"
    with files.alone(root):
        fresh = [] if edition.exists() else [edition]
        if fresh:
            begin(press, place.bulletin, place.day, None, "news", "")
        first, others = shown_photos(held.photos)
        wanted: dict[Path, bytes | None] = {}
        for photo in (first, *others):
            if photo:
                wanted[root / place.folder / "images" / image_of(place, photo)] = shelf.path(photo.name).read_bytes()
        wanted[root / place.file] = item_text(press, held, place, checked=checked).encode()
        spare = [file for file in files_of(root, place.slug) if file not in wanted]
        by.put({**wanted, **dict.fromkeys(spare)}, fresh)


def files_of(root: Path, name: str) -> Iterator[Path]:
    """Every file of a story in content/, in whatever edition somebody has put it, also when the item was given another name."""
    image = re.compile(re.escape(name) + r"-[0-9a-f]{8}\.jpg")
    for folder in sorted((root / "content").glob(f"*/*/{FOLDER}")):
        yield from (file for file in (folder / "images").glob("*.jpg") if image.fullmatch(file.name))
        yield from (file for file in folder.glob("*.md") if file.stem == name or _names(file, image))


def _names(file: Path, image: re.Pattern[str]) -> bool:
    try:
        return image.search(file.read_text("utf-8", errors="replace")) is not None
    except OSError:
        return False


def take_away(root: Path, name: str, by: Signed, also: Iterable[Path] = ()) -> None:
    """`also`: what of it has gone, or was changed because of it, already."""
    with files.alone(root):
        gone = dict.fromkeys(files_of(root, name))
        files.put_all(gone)
        by.keep(dict.fromkeys([*gone, *also]))
