"""Pictures as editors leave them → pictures as readers get them: upright, no wider than shown, no location data."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from builder.cache import Cache, fingerprint

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION = "2"
COLUMN = 552  # px: the text column of the letter; Outlook wants the number in the width attribute
KEPT_PX = 2_000  # of an upload: enough for any screen, and a tenth of what a phone makes
SHARP = 2  # phone screens have two or three dots to a px
MAX_PIXELS = 60_000_000  # a 60-megapixel photo is real; a bomb is bigger
JPEG_QUALITY = 82


class PictureError(ValueError):
    """The file is not a picture that can be shown. The message says why."""


class Prepared(Struct, frozen=True):
    """A picture ready to publish. `name` changes with every byte of it, so it can be kept by readers for ever."""

    name: str
    width: int
    height: int
    """As shown in px, at most COLUMN wide."""
    file: Path
    """Where its bytes are until they are published."""


def prepare(source: Path, made: Path, cache: Cache) -> Prepared:
    """`made`: the folder that keeps prepared pictures. Raises PictureError, and OSError when it cannot be read."""
    raw = source.read_bytes()
    key = fingerprint("picture", VERSION, str(COLUMN), raw)
    known = cache.get(key)
    if not known or not (made / known["name"]).is_file():
        known = _make(source, raw, key, made)
        cache.put(key, known)
    return Prepared(known["name"], known["width"], known["height"], made / known["name"])


def taken_in(raw: bytes, name: str) -> tuple[bytes, str]:
    """An upload as it is kept beside its item, and its suffix: upright, without metadata, no larger than it can be used.

    `name` is for the message. Raises PictureError.
    """
    picture = _open(raw, Path(name))
    picture.thumbnail((KEPT_PX, KEPT_PX))
    return _encode(picture)


def _make(source: Path, raw: bytes, key: str, made: Path) -> dict[str, Any]:
    picture = _open(raw, source)
    width = min(picture.width, COLUMN)
    height = max(1, round(picture.height * width / picture.width))
    picture.thumbnail((COLUMN * SHARP, 10_000))
    data, suffix = _encode(picture)
    name = f"{key[:20]}{suffix}"  # says nothing of the picture: some stand in letters only
    made.mkdir(parents=True, exist_ok=True)
    partial = made / f"{name}.{os.getpid()}.partial"
    partial.write_bytes(data)
    partial.replace(made / name)
    return {"name": name, "width": width, "height": height}


def _open(raw: bytes, source: Path) -> Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():  # Pillow warns from 89 megapixels; ours is the lower limit, and it refuses
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(raw), formats=["JPEG", "PNG", "WEBP"])
        if picture.width * picture.height > MAX_PIXELS:
            raise PictureError(f"{source.name} is {picture.width} × {picture.height} px. Make it smaller.")
        return ImageOps.exif_transpose(picture)
    except UnidentifiedImageError as error:
        raise PictureError(f"{source.name} is not a JPEG, PNG or WebP picture.") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"{source.name} is damaged ({error}). Save it again.") from error


def _encode(picture: Image) -> tuple[bytes, str]:
    """Flat drawings stay PNG, photographs become JPEG: whichever is smaller. A re-encoding keeps no metadata."""
    from PIL.Image import Dither

    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        return _save(picture.convert("RGBA"), "PNG"), ".png"
    plain = picture.convert("RGB")
    photo = _save(plain, "JPEG", quality=JPEG_QUALITY, progressive=True)
    drawing = _save(plain.quantize(256, dither=Dither.NONE), "PNG")
    return (drawing, ".png") if len(drawing) < len(photo) else (photo, ".jpg")


def _save(picture: Image, kind: str, **options: object) -> bytes:
    picture.info = {}
    out = io.BytesIO()
    picture.save(out, kind, optimize=True, **options)
    return out.getvalue()
