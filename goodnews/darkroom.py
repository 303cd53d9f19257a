"""A program of its own, where strangers' pictures are opened: bytes in, clean pixels out, and nothing else gets back.

It waits with its libraries loaded. For each picture it forks a child that may use little memory and little time, may write
no file, and ends with its picture. Whatever a picture does to a decoder happens there. Run by `goodnews.photos`; it imports
nothing of ours.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import struct
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    Make = Callable[[bytes], tuple[dict[str, Any], bytes, bytes]]

# A JPEG can be read at half its size, but not one that is made to appear in steps.
MOST_PIXELS = {"JPEG": 50_000_000, "PNG": 16_000_000, "WEBP": 10_000_000}
MOST_PROGRESSIVE = 32_000_000
LEAST_SIDE = 200  # px; smaller is a logo, or too coarse for a letter
KEPT = 2000  # px of an editor's picture: enough for any screen, and a tenth of what a phone makes
WEB, EMAIL = 1200, 600  # px, the longer side; the letter's column is 552 px wide, phones show it at twice that
QUALITY = 85
MEMORY = 165_000_000  # bytes more than the empty program has: with it a picture stays under 200 MB
CPU_SECONDS = 1.6
KEEPING_SECONDS = 4.0  # of an editor's, which is made larger, and twice
PHOTO, KEEP = b".", b"k"  # what is asked for: a school's photo in two sizes, or an editor's picture
NICE = 3  # whoever only reads a page hardly waits for others' pictures
_HEIC = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif")


class Refused(Exception):
    """Its text is the code of the reason."""


def develop(raw: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """What is known of the picture, and its JPEG files for web and email. Raises Refused."""
    picture = _opened(raw)
    if min(picture.size) < LEAST_SIDE:
        raise Refused("photo-small")
    web = _upright(picture)
    email = web.copy()
    email.thumbnail((EMAIL, EMAIL))
    known = {"width": web.width, "height": web.height, "look": _look(email)}
    return known, _jpeg(web), _jpeg(email)


def keep(raw: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """An editor's picture as it is kept beside its item: a drawing stays one, what is clear stays clear. Raises Refused.

    Of an animation the first picture is kept: letters and pages are read in peace.
    """
    from PIL import Image, ImageOps

    picture = _opened(raw)
    if picture.mode == "P" or "transparency" in picture.info:
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    picture.thumbnail((KEPT, KEPT), Image.Resampling.BICUBIC, reducing_gap=2.0)
    made, suffix = _drawn_or_photographed(_in_srgb(ImageOps.exif_transpose(picture)))
    return {"suffix": suffix}, made, b""


def _drawn_or_photographed(picture: Image) -> tuple[bytes, str]:
    """Whichever is smaller, unless something of it is clear: only PNG can show that."""
    from PIL import Image

    if "A" in picture.getbands() and picture.getchannel("A").getextrema() != (255, 255):
        return _png(picture.convert("RGBA")), ".png"
    plain = _plain(picture)
    photo = _jpeg(plain, progressive=True)
    drawing = _png(plain.quantize(256, dither=Image.Dither.NONE))
    return (drawing, ".png") if len(drawing) < len(photo) else (photo, ".jpg")


def _opened(raw: bytes) -> Image:
    from PIL import Image, UnidentifiedImageError

    if raw[4:8] == b"ftyp" and raw[8:12] in _HEIC:
        raise Refused("photo-heic")
    try:
        picture = Image.open(io.BytesIO(raw), formats=tuple(MOST_PIXELS))
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise Refused("photo-kind" if isinstance(error, UnidentifiedImageError) else "photo-pixels") from error
    most = MOST_PROGRESSIVE if picture.info.get("progressive") else MOST_PIXELS[str(picture.format)]
    if picture.width * picture.height > most:
        raise Refused("photo-pixels")
    return picture


def _upright(picture: Image) -> Image:
    """Made small first: a picture is turned in memory."""
    from PIL import Image, ImageOps

    picture.thumbnail((WEB, WEB), Image.Resampling.BICUBIC, reducing_gap=2.0)
    turned = ImageOps.exif_transpose(picture)
    return _plain(_in_srgb(turned))


def _in_srgb(picture: Image) -> Image:
    """Phones of one maker give colours in a profile of their own, which goes with all the rest of what is not pixels."""
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK"):
        return picture
    try:
        known = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        turned = ImageCms.profileToProfile(picture, known, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return turned or picture


def _plain(picture: Image) -> Image:
    """Three bytes a pixel, on white where it was clear, and without anything that is not a pixel."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        picture = Image.new("RGB", clear.size, "white")
        picture.paste(clear, mask=clear.getchannel("A"))
    found = picture.convert("RGB")
    bare = Image.new("RGB", found.size)
    bare.paste(found)
    return bare


def _look(picture: Image) -> str:
    """Whether each of 8 × 8 places is brighter than its right neighbour: the same for a picture saved again or made smaller."""
    grey = list(picture.convert("L").resize((9, 8)).tobytes())
    bits = [grey[row * 9 + column] > grey[row * 9 + column + 1] for row in range(8) for column in range(8)]
    return f"{sum(bit << place for place, bit in enumerate(bits)):016x}"


def _jpeg(picture: Image, *, progressive: bool = False) -> bytes:
    """In steps takes twice as long."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=progressive)
    return out.getvalue()


def _png(picture: Image) -> bytes:
    """Pixels and nothing else: a new picture has no place where anything could be written."""
    from PIL import Image

    bare = Image.new(picture.mode, picture.size)
    if picture.mode == "P":
        bare.putpalette(picture.getpalette() or [])
    bare.paste(picture)
    out = io.BytesIO()
    bare.save(out, "PNG", optimize=picture.mode == "P")  # of four bytes a pixel that would take seconds
    return out.getvalue()


# --- the program -----------------------------------------------------------------------------------------------------


def main() -> None:
    """Each message on standard input brings a socket: a picture comes in on it, and the answer goes back."""
    from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401 loaded once

    warnings.simplefilter("ignore")  # Pillow warns of large pictures; ours is the lower limit, and it refuses
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are forgotten when they end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes our input
    control = socket.socket(fileno=0)
    while True:
        message, handles, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _child(socket.socket(fileno=handles[0]), message == KEEP)
        os.close(handles[0])


def _child(asked: socket.socket, is_kept: bool) -> None:
    try:
        _limit(KEEPING_SECONDS if is_kept else CPU_SECONDS)
        answer = _answered(_all_of(asked), keep if is_kept else develop)
        asked.sendall(answer)
    finally:
        os._exit(0)


def _limit(seconds: float = CPU_SECONDS) -> None:
    import resource

    os.nice(NICE)
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 no more is loaded here than is needed
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends the process, wherever it is


def _all_of(asked: socket.socket) -> bytes:
    (size,) = struct.unpack("!I", asked.recv(4, socket.MSG_WAITALL))
    raw = bytearray(size)
    asked.recv_into(raw, size, socket.MSG_WAITALL)
    return bytes(raw)


def _answered(raw: bytes, make: Make = develop) -> bytes:
    try:
        known, web, email = make(raw)
    except Refused as refused:
        known, web, email = {"code": str(refused)}, b"", b""
    except MemoryError:
        known, web, email = {"code": "photo-pixels"}, b"", b""
    except Exception:  # decoders raise whatever a damaged file makes them stumble over
        known, web, email = {"code": "photo-damaged"}, b"", b""
    head = json.dumps(known).encode()
    return struct.pack("!III", len(head), len(web), len(email)) + head + web + email


if __name__ == "__main__":
    main()
