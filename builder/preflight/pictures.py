"""Pictures: their words (Q5), their files, and the consent of those in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from posixpath import dirname, join, normpath

from builder.kinds import GoodNews
from builder.model import Finding, Item
from builder.pictures import MAX_PIXELS
from builder.preflight.checks import Check
from builder.preflight.passages import Passage

NO_ALT = Check("missing-alt", "block", "Q5", "Who cannot see the picture is told nothing.")
FILE_NAME = Check("alt-is-file-name", "block", "Q5", "A file name says nothing of what the picture shows.")
IMAGE_OF = Check("alt-says-image", "warn", "Q5", "Screen readers already say that it is an image.")
LONG_ALT = Check("alt-too-long", "advice", "Q5", "It is heard in one breath; longer descriptions belong in the text.")
ALT_REPEATS = Check("alt-repeats-title", "advice", "Q5", "The title is heard twice and the picture not at all.")
MISSING = Check("missing-image", "block", "R11", "The picture's file is not there.")
OUTSIDE = Check("image-outside", "block", "W11", "Only files in content/ are published.")
DAMAGED = Check("bad-image", "block", "R11", "The file is no picture that every mail programme shows, or is cut off.")
NO_CONSENT = Check("photo-without-consent", "block", "C10", "A child's photo goes out only with recorded consent.")
NOT_FOR_EMAIL = Check("photo-not-for-email", "warn", "C10", "Letters will show this story without its photo.")
CHECKS = (
    NO_ALT, FILE_NAME, IMAGE_OF, LONG_ALT, ALT_REPEATS, MISSING, OUTSIDE, DAMAGED, NO_CONSENT, NOT_FOR_EMAIL,
)  # fmt: skip

MOST_ALT = 250
MOST = 50  # pictures in one text
_FILE_NAME = re.compile(r".*\.(?:jpe?g|png|gif|webp|heic|bmp|tiff?|svg)|(?:img|dsc|dscn|pxl|image|photo|picture|screenshot)[\s_-]*[\d_-]*", re.IGNORECASE)  # fmt: skip
_IMAGE_OF = re.compile(r"(?:an?\s+|the\s+)?(?:image|picture|photo|photograph|graphic|icon|screenshot)\s+(?:of|showing)\b", re.IGNORECASE)  # fmt: skip
_IN_BODY = re.compile(r"!\[(?P<alt>[^\[\]]{0,300})\]\(\s{0,5}<?(?P<file>[^()<>\s]{0,500})")


def check(item: Item, root: Path) -> Iterator[Finding]:
    if item.picture is None:
        return
    source, alt = item.source, item.picture.alt
    for kind, text in alt_faults(alt, item.title):
        yield kind.on(source, "alt" if "alt" in source.lines else "image", text)
    for kind, text in file_faults(root, item.picture.file):
        yield kind.on(source, "image", text)
    yield from _consent(item)


def check_body(passage: Passage, root: Path) -> Iterator[Finding]:
    prose = passage.prose
    if not passage.is_body or "![" not in prose.text:
        return
    for match in islice(_IN_BODY.finditer(prose.text), MOST):
        file = normpath(join(dirname(prose.file), match["file"]))
        for kind, text in (*alt_faults(match["alt"].strip(), ""), *file_faults(root, file)):
            yield kind.at(prose.file, prose.line_at(match.start()), text)


def alt_faults(alt: str, title: str) -> Iterator[tuple[Check, str]]:
    if not alt:
        yield NO_ALT, "The picture has no alt text. Say in one sentence what it shows."
    elif _FILE_NAME.fullmatch(alt):
        yield FILE_NAME, f'alt: "{alt}" is a file name. Say what the picture shows.'
    elif match := _IMAGE_OF.match(alt):
        yield IMAGE_OF, f'alt: leave out "{match[0]}" and begin with what is seen.'
    elif alt.casefold() == title.casefold():
        yield ALT_REPEATS, "alt: repeats the title. Say what the picture shows."
    elif len(alt) > MOST_ALT:
        yield LONG_ALT, f"alt: has {len(alt)} characters. Shorten it to {MOST_ALT} or fewer."


def file_faults(root: Path, file: str) -> Iterator[tuple[Check, str]]:
    """`file`: relative to the house, perhaps with `..` in it."""
    if (
        re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", file.removeprefix(dirname(file) + "/"))
        or "://" in file
        or ":/" in file
    ):
        yield OUTSIDE, f'"{file}" is on another site. Save the picture beside the item and name that file.'
        return
    try:
        yield from _path_faults(root, file)
    except OSError as error:
        yield MISSING, f'"{file[-80:]}" cannot be opened: {error.strerror}.'


def _path_faults(root: Path, file: str) -> Iterator[tuple[Check, str]]:
    """Raises OSError for a name that no disk takes."""
    path = (root / file).resolve()
    if not path.is_relative_to((root / "content").resolve()):
        yield OUTSIDE, f'"{file}" is outside the content folder. Copy the picture beside the item.'
    elif not path.is_file():
        yield MISSING, f'There is no picture "{normpath(file)}".'
    elif fault := _damage(path, path.stat().st_mtime_ns, path.stat().st_size):
        yield DAMAGED, f'"{normpath(file)}" {fault}'


@lru_cache(maxsize=1024)
def _damage(path: Path, changed: int, size: int) -> str:  # noqa: ARG001 both make a new key when the file is saved
    """What is wrong with a picture's file. A PNG holds check sums; the others are read, a JPEG at an eighth of its size."""
    from PIL import Image, UnidentifiedImageError  # 50 ms to import

    try:
        with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return f"is {picture.width} × {picture.height} pixels. Make it smaller."
            if picture.format == "PNG":
                picture.verify()
            else:
                picture.draft("RGB", (picture.width // 8, picture.height // 8))
                picture.load()
    except UnidentifiedImageError:
        return "is not a JPEG, PNG or WebP picture. Save it as one of these."
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them stumble over
        return f"is damaged ({error}). Save it again."
    return ""


def _consent(item: Item) -> Iterator[Finding]:
    if not isinstance(item.details, GoodNews):
        return
    consent = item.details.photo_consent
    if consent is None:
        if "photo-consent" not in item.source.lines:
            text = 'The photo has no consent. Add "photo-consent: no people", or the channels and who recorded it.'
            yield NO_CONSENT.on(item.source, "image", text)
    elif "email" not in consent.channels:
        channels = ", ".join(sorted(consent.channels))
        text = f"photo-consent: is for {channels} only, so letters leave the photo out."
        yield NOT_FOR_EMAIL.on(item.source, "photo-consent", text)
