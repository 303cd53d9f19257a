"""An accepted story ↔ its files in content/: the item, and its photos beside it. Doing either twice does no harm."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from builder.press import Press
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


def item_text(press: Press, held: Held, place: Place, *, checked: str = "", relative: bool = True) -> str:
    """The item's file. `relative`: photos are named as they stand beside it."""
    first, others = shown_photos(held.photos)
    images = "images" if relative else ""
    values: dict[str, Any] = {
        **item_values(held.story),
        "photo": _shown(first, place, 1, images) if first else None,
        "photos": [_shown(photo, place, number, images) for number, photo in enumerate(others, 2)],
        "checked": checked,
    }
    return press.renderer.environment.get_template("desk/new/accepted-story.txt").render(**values)


def _shown(photo: Photo, place: Place, number: int, images: str) -> Shown:
    alt = line(photo.alt, ALT)
    return Shown(f"{images}/{_image(place, photo)}", alt if number == 1 else literal(alt), photo_consent(photo))


def _image(place: Place, photo: Photo) -> str:
    """Its name says which story's it is, and changes with its pixels."""
    return f"{place.slug}-{photo.name[:8]}.jpg"


def write(press: Press, shelf: Shelf, held: Held, place: Place, *, checked: str = "") -> None:
    """Photos first, then the item that names them, then whatever stood elsewhere goes. Raises OSError and CannotBegin."""
    root = press.root
    if not (root / place.folder.parent / "edition.md").exists():
        begin(press, place.bulletin, place.day, None, "news", "")
    first, others = shown_photos(held.photos)
    wanted = [photo for photo in (first, *others) if photo]
    for photo in wanted:
        put(root / place.folder / "images" / _image(place, photo), shelf.path(photo.name).read_bytes())
    put(root / place.file, item_text(press, held, place, checked=checked).encode())
    keep = {place.file, *(place.folder / "images" / _image(place, photo) for photo in wanted)}
    for file in files_of(root, place.slug):
        if file.relative_to(root) not in keep:
            file.unlink(missing_ok=True)


def put(file: Path, data: bytes) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.read_bytes() == data:
        return
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with partial.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


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


def take_away(root: Path, name: str) -> tuple[Path, ...]:
    """The files that went, relative to the house."""
    gone = tuple(files_of(root, name))
    for file in gone:
        file.unlink(missing_ok=True)
    return tuple(file.relative_to(root) for file in gone)


def prepared(kept: Path, names: Iterable[str]) -> None:
    """Pictures that the builder made for site and letters, by the names that it gave them: gone from its cache."""
    for name in names:
        (kept / "pictures" / name).unlink(missing_ok=True)
