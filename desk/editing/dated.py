"""A header that is a date ↔ its boxes in the form. A date that cannot be read is kept as it was typed, and not written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from builder.dates import say_moment
from builder.model import Moment
from desk import dateboxes
from desk.dateboxes import PARTS, Boxes, Wrong
from desk.editing import plain

if TYPE_CHECKING:
    from desk.editing.fields import Field

PREFIX = "d-"  # of the boxes' names; a header's own begin with h-
GROUP = "group"
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"[^\W\d]+(?:-[^\W\d]+)*")


def key(name: str, part: str) -> str:
    """Among the values of a form: no header has a stroke in its name."""
    return f"{name}/{part}"


def boxes(name: str, values: Mapping[str, str]) -> Boxes:
    """What the page shows: what was typed and could not be read, or the date of the file."""
    if any(key(name, part) in values for part in PARTS):
        return Boxes(**{part: values.get(key(name, part), "") for part in PARTS})
    text = values.get(name, "")
    return Boxes() if is_group(text) else dateboxes.shown(text)


def is_group(text: str) -> bool:
    """A release group's name; no date is a single word."""
    return bool(_NAME.fullmatch(text))


def group(name: str, values: Mapping[str, str]) -> str:
    if key(name, GROUP) in values:
        return values[key(name, GROUP)]
    text = values.get(name, "")
    return text if is_group(text) else ""


def read(field: Field, form: Mapping[str, Iterable[str]], held: Mapping[str, str]) -> dict[str, str]:
    """The header's value. `held`: what the file has; it stays, letter for letter, unless its boxes changed."""
    typed = dateboxes.typed(form, f"{PREFIX}{field.name}")
    if typed is None:
        return {}
    named = _group(field, form)
    text = held.get(field.name, "")
    if (typed, named) == (boxes(field.name, {field.name: text}), group(field.name, {field.name: text})):
        return {field.name: text}
    moment, _ = dateboxes.read(typed)
    if _wrongs(typed, named):
        kept = {key(field.name, part): value for part, value in typed.named.items()}
        return {field.name: text, **kept, **({key(field.name, GROUP): named} if field.shape == "release" else {})}
    return {field.name: named or written(moment, text)}


def _group(field: Field, form: Mapping[str, Iterable[str]]) -> str:
    given = list(form.get(f"{PREFIX}{field.name}-{GROUP}", ())) if field.shape == "release" else []
    return plain.one_line(given[-1]) if given else ""


def _wrongs(typed: Boxes, named: str) -> tuple[Wrong, ...]:
    if typed and named:
        return (Wrong("day", "two-answers", named),)
    return dateboxes.read(typed)[1]


def written(moment: Moment | None, before: str) -> str:
    """In words; in figures where the file had them."""
    if moment is None:
        return ""
    if _ISO.match(before):
        return f"{moment.day} {moment.at:%H:%M}" if moment.at else f"{moment.day}"
    return say_moment(moment)


def wrongs(fields: Iterable[Field], values: Mapping[str, str]) -> dict[str, tuple[Wrong, ...]]:
    """Of each date that could not be read."""
    found = {}
    for field in fields:
        if any(key(field.name, part) in values for part in PARTS):
            found[field.name] = _wrongs(boxes(field.name, values), group(field.name, values))
    return found


def understood(name: str, values: Mapping[str, str]) -> str:
    """The date in words, with its weekday, for whoever wants to check it."""
    moment, wrong = dateboxes.read(boxes(name, values))
    return say_moment(moment) if moment and not wrong else ""


def understood_boxes(name: str, values: Mapping[str, str]) -> Boxes:
    """Each part of it in its own box."""
    typed = boxes(name, values)
    moment, wrong = dateboxes.read(typed)
    return typed if wrong else dateboxes.boxes_of(moment)
