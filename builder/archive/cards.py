"""The picture that other sites show beside a link (F5): drawn from an edition's own words, and kept by their hash."""

from __future__ import annotations

import io
import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from builder.cache import fingerprint

if TYPE_CHECKING:
    from PIL.Image import Image

VERSION = "2"
WIDTH, HEIGHT = 1200, 630
EDGE = 84
FOLDER = "cards"
# A palette of few colours: a shade between each two of them smooths the letters, and the file stays small.
TEAL, WHITE, PALE, YELLOW = (11, 74, 86), (255, 255, 255), (205, 228, 231), (242, 177, 52)
SHADES = 16


class Card(Struct, frozen=True, dict=True):
    """`by`: who publishes; `name`: the bulletin; `title`: the edition's day; `more`: its number; `text`: what it holds."""

    by: str
    name: str
    title: str
    more: str
    text: str

    @cached_property
    def path(self) -> str:
        """Says nothing of what is on it."""
        return f"{FOLDER}/{fingerprint('card', VERSION, self.by, self.name, self.title, self.more, self.text)[:16]}.png"


def drawn(card: Card, kept: Path) -> bytes:
    """The picture's bytes: those that were drawn before, if they are still there."""
    file = kept / card.path
    try:
        return file.read_bytes()
    except OSError:
        raw = _draw(card)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    partial.write_bytes(raw)
    partial.replace(file)
    return raw


def _draw(card: Card) -> bytes:
    picture = _ground().copy()
    if card.name != card.title:
        _line(picture, (EDGE, 76), card.by, 30, _shade(1))
        _line(picture, (EDGE, 116), card.name, 46, _shade(0))
    else:
        _line(picture, (EDGE, 126), card.by, 36, _shade(1))
    top = 250 - (20 if card.more else 0)
    _title(picture, card.title, top, 50 if card.more else 60)
    if card.more:
        _line(picture, (EDGE, top + 102), card.more, 34, _shade(2))
    for n, line in enumerate(wrapped(card.text, 34, WIDTH - 2 * EDGE)[:3]):
        _line(picture, (EDGE, 424 + 46 * n), line, 34, _shade(1))
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _title(picture: Image, title: str, top: int, smaller: int) -> None:
    """In one large line, or else in two smaller ones."""
    if _font(82).getlength(title) <= WIDTH - 2 * EDGE:
        _line(picture, (EDGE, top), title, 82, _shade(0))
        return
    first, *rest = wrapped(title, smaller, WIDTH - 2 * EDGE)
    for n, line in enumerate((first, " ".join(rest))):
        _line(picture, (EDGE, top - 12 + n * (smaller + 8)), line, smaller, _shade(0))


def _shade(colour: int) -> int:
    """The full colour's place in the palette."""
    return colour * SHADES + SHADES - 1


@lru_cache(maxsize=1)
def _ground() -> Image:
    from PIL import Image, ImageDraw

    made = Image.new("P", (WIDTH, HEIGHT), 0)
    palette: list[int] = []
    for ink in (WHITE, PALE, YELLOW):
        for n in range(SHADES):
            palette += [round(t + (i - t) * n / (SHADES - 1)) for t, i in zip(TEAL, ink, strict=True)]
    made.putpalette(palette)
    pen = ImageDraw.Draw(made)
    pen.rectangle((0, HEIGHT - 22, WIDTH, HEIGHT), fill=_shade(2))
    pen.rectangle((EDGE, 196, EDGE + 120, 206), fill=_shade(2))
    return made


def _line(picture: Image, at: tuple[int, int], text: str, size: int, ink: int) -> None:
    """Letters in shades of one ink: Pillow would draw a palette's letters with hard edges."""
    from PIL import Image, ImageDraw

    text = _fitting(text, size, WIDTH - 2 * EDGE)
    left, top, right, bottom = map(int, _font(size).getbbox(text, anchor="la"))
    mask = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(mask).text((-left, -top), text, 255, _font(size))
    shades = mask.point([ink - (SHADES - 1) + n * (SHADES - 1) // 255 for n in range(256)])
    shown = mask.point([0] * 16 + [255] * 240)
    shades = Image.frombytes("P", shades.size, shades.tobytes())
    picture.paste(shades, (at[0] + left, at[1] + top), shown)


def _fitting(text: str, size: int, width: int) -> str:
    """Cut where it would leave the card."""
    if _font(size).getlength(text) <= width:
        return text
    while text and _font(size).getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def wrapped(text: str, size: int, width: int) -> list[str]:
    """Lines of at most this width; the third ends in … when there is more."""
    lines, line = [], ""
    for word in text.split():
        if line and _font(size).getlength(f"{line} {word}") > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    if len(lines) > 3:
        lines[2] = _fitting(f"{lines[2]} …", size, width)
    return lines


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    """Pillow brings this one, so that a card is the same on every machine."""
    from PIL import ImageFont

    return ImageFont.load_default(size)
