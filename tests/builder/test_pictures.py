"""Pictures as readers get them: upright, small, and with nothing in them but the picture."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from builder.cache import Cache
from builder.pictures import COLUMN, PictureError, Prepared, prepare


def save(folder: Path, picture: Image.Image, name: str = "a.png", **options: object) -> Path:
    file = folder / name
    picture.save(file, **options)  # type: ignore[arg-type]
    return file


def made(file: Path) -> Prepared:
    return prepare(file, file.parent / "made", Cache())


def reopened(prepared: Prepared) -> Image.Image:
    return Image.open(io.BytesIO(prepared.file.read_bytes()))


def test_a_wide_picture_is_shown_at_the_columns_width_and_kept_sharp(tmp_path: Path) -> None:
    prepared = made(save(tmp_path, Image.new("RGB", (3000, 1500), "#0b5563")))
    assert (prepared.width, prepared.height) == (COLUMN, COLUMN // 2)
    assert reopened(prepared).size == (2 * COLUMN, COLUMN)


def test_a_small_picture_keeps_its_size(tmp_path: Path) -> None:
    assert made(save(tmp_path, Image.new("RGB", (40, 30)))).width == 40


def test_location_date_and_comments_are_gone_and_the_photo_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "CANARY"
    exif.get_ifd(0x8825)[1] = "N"
    picture = Image.effect_noise((400, 200), 80).convert("RGB")
    file = save(tmp_path, picture, "a.jpg", exif=exif, comment=b"CANARY")
    prepared = made(file)
    assert (prepared.width, prepared.height) == (200, 400)
    raw = prepared.file.read_bytes()
    assert b"CANARY" in file.read_bytes() and b"CANARY" not in raw and b"Exif" not in raw
    assert not reopened(prepared).getexif()


def test_text_in_a_png_is_gone(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "CANARY")
    assert b"CANARY" not in made(save(tmp_path, Image.new("RGB", (40, 40)), pnginfo=info)).file.read_bytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colour_is_taken(tmp_path: Path, mode: str) -> None:
    name = "a.jpg" if mode == "CMYK" else "a.png"
    assert made(save(tmp_path, Image.new(mode, (60, 40)), name)).file.is_file()


def test_a_see_through_picture_stays_so(tmp_path: Path) -> None:
    prepared = made(save(tmp_path, Image.new("RGBA", (60, 40), (10, 20, 30, 0))))
    assert reopened(prepared).convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_the_name_follows_the_bytes_and_nothing_else(tmp_path: Path) -> None:
    first = made(save(tmp_path, Image.new("RGB", (60, 40), "#111111"), "one.png"))
    same = made(save(tmp_path, Image.new("RGB", (60, 40), "#111111"), "two.png"))
    other = made(save(tmp_path, Image.new("RGB", (60, 40), "#111112"), "one.png"))
    assert first.name == same.name != other.name


def test_a_picture_is_worked_on_once(tmp_path: Path) -> None:
    cache, file = Cache(), save(tmp_path, Image.new("RGB", (60, 40)))
    first = prepare(file, tmp_path / "made", cache)
    before = first.file.stat().st_mtime_ns
    assert prepare(file, tmp_path / "made", cache) == first
    assert first.file.stat().st_mtime_ns == before
    first.file.unlink()
    assert prepare(file, tmp_path / "made", cache).file.is_file()


def png_of(width: int, height: int) -> bytes:
    """The head of a picture that would be huge: the bytes are few."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_000, 10_000, 20_000, 100_000, 2_000_000_000])
def test_a_bomb_is_refused_at_once(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_of(side, side))
    began = perf_counter()
    with pytest.raises(PictureError):
        made(tmp_path / "bomb.png")
    assert perf_counter() - began < 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GIF89a" + b"\0" * 50,
        b"<svg onload=alert(1)>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\0\0\0\0WEBP",
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.png").write_bytes(raw)
    with pytest.raises(PictureError, match=r"a\.png"):
        made(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_r11_a_picture_cut_at_any_byte_is_refused_or_shown_and_never_fails_otherwise(tmp_path: Path, kind: str) -> None:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 60).convert("RGB").save(out, kind)
    whole = out.getvalue()
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "a.png").write_bytes(whole[:cut])
        with pytest.raises(PictureError):
            made(tmp_path / "a.png")


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_picture_with_a_changed_byte_never_fails_otherwise(tmp_path: Path, data: st.DataObject) -> None:
    out = io.BytesIO()
    Image.new("P", (32, 32), 3).save(out, "PNG")
    raw = bytearray(out.getvalue())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.png").write_bytes(raw)
    try:
        made(tmp_path / "a.png")
    except PictureError as error:
        assert "a.png" in str(error)
