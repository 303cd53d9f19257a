"""What staff do to an edition's files: begin an item, move it, rename it, take words from another bulletin, add a picture."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from builder import addresses
from builder.items import SLUG
from builder.model import Edition, Item, ItemKey
from builder.press import Press
from desk.editing import arranging, files, plain
from desk.editing.fields import words_of
from desk.editing.history import Change, History, make
from desk.editing.sheet import Sheet, lay_out
from desk.editing.versions import Author
from desk.starting import begin
from goodnews.photos import PhotoError, shared

LONGEST_TITLE = 200
MAX_PICTURE_BYTES = 12 * 1024 * 1024  # a phone's photo has 3 to 8 MB


class CannotDo(Exception):
    """`code`: what is in the way, for the page's words; `values`: what they name."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code, self.values = code, values


@dataclass(frozen=True, slots=True)
class Pen:
    """Whoever writes, and what they write with."""

    press: Press
    history: History
    author: Author
    now: datetime

    @property
    def root(self) -> Path:
        return self.press.root

    def write(self, changes: dict[Path, bytes | None], what: str) -> None:
        make(self.root, self.history, Change(changes, self.author, what), self.now)


# --- beginning -------------------------------------------------------------------------------------------------------


def begin_item(pen: Pen, bulletin: str, day: date, title: str, kind: str, what: str) -> ItemKey:
    """A draft of that kind, from the starter's template; its edition begins with it. Raises CannotDo and CannotBegin."""
    title = plain.one_line(title)
    if not title or len(title) > LONGEST_TITLE:
        raise CannotDo("title-missing" if not title else "title-long")
    return _begun(pen, bulletin, day, title, kind, {"title": title}, what)


def begin_excerpt(pen: Pen, bulletin: str, day: date, original: Item, what: str) -> ItemKey:
    """The words of an item of another edition, with a link to it: nothing is copied, so nothing grows old."""
    if original.kind == "excerpt":
        raise CannotDo("excerpt-of-excerpt")
    headers = {"title": None, "draft": None, "summary": None, "audience": None, "excerpt-of": str(original.key)}
    return _begun(pen, bulletin, day, original.title, "excerpt", headers, what)


def _begun(
    pen: Pen, bulletin: str, day: date, title: str, kind: str, headers: dict[str, str | None], what: str
) -> ItemKey:
    with files.alone(pen.root):
        edition = files.edition_folder(pen.root, bulletin, day) / "edition.md"
        fresh = not edition.exists()
        path = pen.root / begin(pen.press, bulletin, day, title, kind, "")
        # The template's own way with brackets is for readers; a title is kept as it was typed.
        raw = lay_out(path.read_bytes()).having(headers).raw
        files.put_all({path: raw})
        pen.history.keep([path, *([edition] if fresh else [])], pen.author, what, pen.now)
    return ItemKey(bulletin, day, path.stem)


def begin_edition(pen: Pen, bulletin: str, day: date, what: str) -> None:
    """Raises CannotBegin when it is there."""
    with files.alone(pen.root):
        path = pen.root / begin(pen.press, bulletin, day, None, "news", "")
        pen.history.keep([path], pen.author, what, pen.now)


# --- moving ----------------------------------------------------------------------------------------------------------


def move_item(pen: Pen, edition: Edition, slug: str, section: str, place: int, what: str) -> bool:
    """False when it stands there already. Raises CannotDo."""
    bulletin = pen.press.house.bulletins[edition.bulletin]
    if section not in {one.id for one in bulletin.sections}:
        raise CannotDo("no-section")
    own = [item for item in edition.items if is_at_home(item, edition)]
    item = next((one for one in own if one.slug == slug), None)
    if item is None:
        raise CannotDo("no-item")
    with files.alone(pen.root):
        moves = arranging.move(bulletin, own, item, section, place)
        changes = {pen.root / one.item.source.file: _with(pen, one.item, one.headers) for one in moves}
        if changes:
            pen.write(dict(changes), what)
    return bool(changes)


def is_at_home(item: Item, edition: Edition) -> bool:
    """Not a guest, whose file stands in another edition."""
    return (item.key.bulletin, item.key.day) == (edition.bulletin, edition.day)


def _with(pen: Pen, item: Item, headers: dict[str, str | None]) -> bytes:
    return lay_out((pen.root / item.source.file).read_bytes()).having(headers).raw


# --- renaming --------------------------------------------------------------------------------------------------------


def rename(pen: Pen, key: ItemKey, name: str, what: str) -> ItemKey:
    """Another address. One that was public leads on to it; items that name it name the new one. Raises CannotDo."""
    slug = plain.one_line(name).lower()
    if not SLUG.fullmatch(slug) or len(slug) > 80 or slug == files.EDITION:
        raise CannotDo("slug-wrong")
    new = ItemKey(key.bulletin, key.day, slug)
    with files.alone(pen.root):
        path = files.find(pen.root, key)
        if slug == key.slug and path.stem == slug:
            return key
        if _is_taken(pen, key, slug):
            raise CannotDo("slug-taken", slug=slug)
        sheet = lay_out(path.read_bytes())
        changes: dict[Path, bytes | None] = {path: None, path.with_name(f"{slug}.md"): _led_on(pen, key, sheet).raw}
        changes |= {other: raw for other, raw in _naming(pen, key, new) if other != path}
        pen.write(changes, what)
    return new


def _is_taken(pen: Pen, key: ItemKey, slug: str) -> bool:
    """An address is given once in a bulletin, also by an item of last year and by one that was renamed since."""
    register, house = pen.press.content.register, pen.press.house
    held = {item.slug for edition in pen.press.content.of(key.bulletin) for item in edition.items}
    return slug in held or addresses.of_item(house, key.bulletin, slug) in register.first


def _led_on(pen: Pen, key: ItemKey, sheet: Sheet) -> Sheet:
    if addresses.of_item(pen.press.house, key.bulletin, key.slug) not in pen.press.content.register.first:
        return sheet
    before = words_of(sheet.headers.get("formerly", ""))
    return sheet.having({"formerly": ", ".join(dict.fromkeys([*before, key.slug]))})


def _naming(pen: Pen, old: ItemKey, new: ItemKey) -> Iterable[tuple[Path, bytes]]:
    """Each file that names the old one, with the new name in it."""
    link = re.compile(rf"(\]\(\s*<?(?:[\w./-]*/)?){re.escape(old.slug)}\.md(?=[\s>)#])")
    for item in (item for edition in pen.press.content.editions for item in edition.items):
        headers: dict[str, str | None] = {}
        if item.key.bulletin == old.bulletin and {old.slug, str(old)} & set(item.related):
            names = {old.slug: new.slug, str(old): str(new)}
            headers["related"] = ", ".join(names.get(word, word) for word in item.related)
        if getattr(item.details, "excerpt_of", "") == str(old):
            headers["excerpt-of"] = str(new)
        near = (item.key.bulletin, item.key.day) == (old.bulletin, old.day) or f"{old.day}/{old.slug}.md" in item.body
        body = link.sub(rf"\g<1>{new.slug}.md", item.body) if near else item.body
        if headers or body != item.body:
            path = pen.root / item.source.file
            sheet = lay_out(path.read_bytes())
            yield path, (sheet.having(headers) if headers else sheet).saying(body).raw


# --- pictures --------------------------------------------------------------------------------------------------------


def add_picture(pen: Pen, item: Path, raw: bytes, what: str) -> str:
    """An upload, opened where strangers' photos are, and put beside the item. What `image:` says. Raises CannotDo."""
    if len(raw) > MAX_PICTURE_BYTES:
        raise CannotDo("picture-bytes")
    try:
        made, suffix = shared().keep(raw)
    except PhotoError as error:
        raise CannotDo(str(error).replace("photo-", "picture-")) from error
    path = item.parent / "images" / f"{item.stem[:60]}-{sha256(made).hexdigest()[:8]}{suffix}"
    with files.alone(pen.root):
        if not path.exists():
            pen.write({path: made}, what)
    return f"images/{path.name}"
