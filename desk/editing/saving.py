"""A form's values into the file they came from, unless somebody else has written it in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from builder.headers import MAX_FILE_BYTES
from builder.model import Audiences, ItemKey
from desk.editing import files
from desk.editing.fields import LONGEST_LINE, Field, Filled, changed, fields_of, fields_of_edition, read_form, shown
from desk.editing.history import Change, History, make
from desk.editing.sheet import NotEditable, Sheet, lay_out
from desk.editing.versions import Author


class TooMuch(Exception):
    """A value is longer than any person writes. `field`: its header, or body."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it was read. `mark`: what the form carries of it."""

    key: ItemKey
    path: Path
    name: str
    raw: bytes
    sheet: Sheet
    fields: tuple[Field, ...]
    filled: Filled

    @property
    def mark(self) -> str:
        return files.mark_of(self.raw)

    @property
    def kind(self) -> str:
        return self.filled.values.get("kind", "")

    @property
    def is_edition(self) -> bool:
        return self.key.slug == files.EDITION


def open_file(root: Path, key: ItemKey, audiences: Audiences, kind: str = "") -> Opened:
    """`kind`: another one than the file's, to see that kind's fields. Raises NoSuchFile and NotEditable."""
    path = files.find(root, key)
    return opened(root, key, path, files.read(path) or b"", audiences, kind)


def opened(root: Path, key: ItemKey, path: Path, raw: bytes, audiences: Audiences, kind: str = "") -> Opened:
    sheet = lay_out(raw)
    if key.slug == files.EDITION:
        fields = fields_of_edition(sheet.headers)
        return Opened(key, path, files.name_of(root, path), raw, sheet, fields, shown(sheet, fields, audiences, ""))
    default = files.GOOD_NEWS if path.parent.name == files.GOOD_NEWS else "news"
    held = shown(sheet, (Field("kind", "kind"),), audiences, default).values["kind"]
    fields = fields_of(kind or held, sheet.headers)
    return Opened(key, path, files.name_of(root, path), raw, sheet, fields, shown(sheet, fields, audiences, default))


def filled_in(one: Opened, form: dict[str, list[str]]) -> Filled:
    """What was posted, over what the file holds. Raises TooMuch."""
    posted = read_form(form, one.fields, one.filled.values)
    long = next((name for name, value in posted.values.items() if len(value) > LONGEST_LINE), None)
    if long or len(posted.body.encode()) > MAX_FILE_BYTES - LONGEST_LINE:
        raise TooMuch(long or "body")
    body = posted.body if "body" in form else one.filled.body
    return Filled({**one.filled.values, **posted.values}, body)


def as_changed(one: Opened, filled: Filled, audiences: Audiences) -> bytes:
    """The file as it would be. Raises TooMuch: together they may be too much for one file."""
    try:
        return changed(one.sheet, one.filled, filled, one.fields, audiences).raw
    except NotEditable as error:  # the one fault that good values can lead to
        raise TooMuch("body") from error


@dataclass(frozen=True, slots=True)
class Saved:
    mark: str
    is_new: bool
    """False when nothing differed, and nothing was written."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else was faster. Both texts are here, and neither was lost. `theirs` is None when it was taken away."""

    theirs: bytes | None
    mine: bytes


def save(
    root: Path, history: History, one: Opened, seen: str, raw: bytes, author: Author, what: str, now: datetime
) -> Saved | Conflict:
    """`seen`: the mark that the form carries."""
    with files.alone(root):
        there = files.read(one.path)
        if there == raw:
            return Saved(files.mark_of(raw), is_new=False)
        if files.mark_of(there) != seen:
            return Conflict(there, raw)
        make(root, history, Change({one.path: raw}, author, what), now)
    return Saved(files.mark_of(raw), is_new=True)


# --- the difference between two texts --------------------------------------------------------------------------------

Side = Literal["same", "theirs", "mine", "left-out"]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the difference. `left-out`: `text` says how many equal lines are not shown."""

    side: Side
    text: str


def difference(theirs: bytes | None, mine: bytes, around: int = 3) -> list[Row]:
    """Line by line, with a few equal lines around each change."""
    before, after = ((raw or b"").decode("utf-8", "replace").splitlines() for raw in (theirs, mine))
    rows: list[Row] = []
    # autojunk would call frequent lines noise, and show a text as quite another.
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += _shortened(before[a:b], 0 if a == 0 else around, 0 if b == len(before) else around)
        else:
            rows += [Row("theirs", line) for line in before[a:b]]
            rows += [Row("mine", line) for line in after[c:d]]
    return rows


def _shortened(lines: list[str], head: int, tail: int) -> Iterable[Row]:
    if len(lines) <= head + tail + 1:
        return [Row("same", line) for line in lines]
    left = len(lines) - head - tail
    middle = [Row("left-out", str(left))]
    return [*(Row("same", x) for x in lines[:head]), *middle, *(Row("same", x) for x in lines[len(lines) - tail :])]
