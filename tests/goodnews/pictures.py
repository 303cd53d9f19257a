"""Pictures for the tests: drawn, not photographed, with whatever may come along with a real one."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from PIL import Image, ImageDraw


@cache
def drawn(width: int = 800, height: int = 600, colour: str = "teal") -> Image.Image:
    """A red corner at the top left, so that a turn can be seen."""
    picture = Image.new("RGB", (width, height), colour)
    draw = ImageDraw.Draw(picture)
    for step in range(0, width, 40):
        draw.line((step, 0, width - step, height), fill="white" if step % 80 else "black", width=3)
    draw.rectangle((0, 0, width // 4, height // 4), fill="red")
    return picture


def saved(picture: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def jpeg(width: int = 800, height: int = 600, colour: str = "teal", **more: Any) -> bytes:
    return saved(drawn(width, height, colour), **more)


def telling() -> bytes:
    """A photo that says where it was taken, by whom, with a thumbnail, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    exif[0x010F] = "CanaryMaker"
    exif[0x013B] = "Canary Photographer"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 37.0, 40.0), 3: "E", 4: (1.0, 18.0, 12.0)})
    raw = jpeg(exif=exif, comment=b"canary comment", xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>canary</x:xmpmeta>")
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x10\x1c\x02\x50\x00\x0bcanary-iptc"
    return raw[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + raw[2:]


def corners(raw: bytes) -> dict[str, str]:
    """Where the red corner is."""
    picture = Image.open(io.BytesIO(raw)).convert("RGB")
    places = {"top left": (9, 9), "top right": (picture.width - 9, 9), "bottom left": (9, picture.height - 9)}
    seen = {name: picture.getpixel(at) for name, at in places.items()}
    return {name: "red" for name, value in seen.items() if isinstance(value, tuple) and value[0] > 180 > value[1] + 80}
