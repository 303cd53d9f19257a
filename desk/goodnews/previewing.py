"""A story as it would stand in its edition's letter, before anybody has accepted it. Nothing is written to content/."""

from __future__ import annotations

import base64
import re
from datetime import date

from msgspec.structs import replace

from builder.dates import say
from builder.headers import take_apart
from builder.items import read_item
from builder.model import Edition, Source, Variant
from builder.press import Press
from desk.goodnews.placing import image_of, item_text, place_of
from goodnews.model import Held, Photo
from goodnews.photos import Shelf
from goodnews.rules import shown_photos

_PICTURE = r"/images/([0-9a-f]{20}\.(jpg|png))"
_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


def letter_with(press: Press, shelf: Shelf, held: Held, bulletin: str, day: date) -> tuple[str, str]:
    """The letter that everybody would get, and the story's anchor in it. Raises BuilderError and OSError."""
    place = place_of(held, bulletin, day)
    edition = press.content.edition(bulletin, day) or _begun(bulletin, day)
    written = take_apart(item_text(press, held, place).encode(), str(place.file))
    item, _ = read_item(press.house, press.house.bulletins[bulletin], day, written)
    assert item is not None  # we wrote its header block
    for photo in _all_shown(held):
        press.lend(str(place.folder / "images" / image_of(place, photo)), shelf.path(photo.name))
    others = tuple(each for each in edition.items if each.key != item.key)
    edition = replace(edition, items=(*others, item))
    slugs = tuple(each.slug for each in press.items(edition))
    html = press.letter(edition, Variant("all", slugs)).html
    return html, press.viewer.item(item).anchor


def _all_shown(held: Held) -> tuple[Photo, ...]:
    first, others = shown_photos(held.photos)
    return (first, *others) if first else others


def _begun(bulletin: str, day: date) -> Edition:
    """An edition that nobody has begun yet."""
    source = Source(f"content/{bulletin}/{day}/edition.md")
    return Edition(bulletin=bulletin, day=day, source=source, subject=say(day), preheader="")


def with_pictures_inside(html: str, press: Press) -> str:
    """In a frame without an origin of its own no picture of the desk can be fetched: nobody is signed in there."""

    def inside(match: re.Match[str]) -> str:
        try:
            data = (press.kept / "pictures" / match[1]).read_bytes()
        except OSError:
            return match[0]
        return f"data:{_TYPES[match[2]]};base64,{base64.b64encode(data).decode()}"

    return re.sub(re.escape(press.house.publisher.url) + _PICTURE, inside, html)
