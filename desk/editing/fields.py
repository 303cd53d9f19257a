"""An item's headers ↔ the fields of a form. A field that comes back as it was shown changes nothing in the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from builder.audience import expand, in_order
from builder.items import NO, YES
from builder.kinds import KINDS, OWN_HEADERS, headers_of
from builder.model import Audiences, Tags
from desk.editing import consent, dated, plain
from desk.editing.sheet import Sheet

Shape = Literal[
    "line", "lines", "long", "moment", "release", "consent", "kind", "section", "audience", "visibility", "yes", "image"
]

COMMON: dict[str, Shape] = {
    "title": "line",
    "kind": "kind",
    "section": "section",
    "audience": "audience",
    "summary": "long",
    "visibility": "visibility",
    "release": "release",
    "expires": "moment",
    "image": "image",
    "alt": "long",
    "credit": "line",
    "contact": "line",
    "related": "line",
    "also": "line",
    "weight": "line",
    "draft": "yes",
}
EDITION: dict[str, Shape] = {
    "subject": "long",
    "preheader": "long",
    "title": "line",
    "special": "line",
    "number": "line",
}
_BY_TYPE: dict[str, Shape] = {"str": "line", "Moment": "moment", "Lines": "lines", "PhotoConsent": "consent"}
DATES = ("moment", "release")  # shapes of a date in boxes
PUBLIC = "public"
LONGEST_LINE = 4_000  # characters; the longest honest header is a message's signature of 200


@dataclass(frozen=True, slots=True)
class Field:
    """`own`: the kind has it. `spare`: it stands in the file, and nothing here knows it."""

    name: str
    shape: Shape
    required: bool = False
    own: bool = False
    spare: bool = False


def fields_of(kind: str, held: Iterable[str]) -> tuple[Field, ...]:
    """The fields of a kind's form; then whatever else the file holds, so that nothing in it is out of reach."""
    own = headers_of(kind) if kind in KINDS else {}
    fields = [Field("title", "line", required=kind != "excerpt")]
    fields += [Field(n, _BY_TYPE[t.removesuffix(" | None")], required, own=True) for n, (t, required) in own.items()]
    fields += [Field(name, shape) for name, shape in COMMON.items() if name != "title"]
    known = {field.name for field in fields}
    return (*fields, *(Field(n, _spare_shape(n), spare=True) for n in held if n not in known))


def fields_of_edition(held: Iterable[str]) -> tuple[Field, ...]:
    fields = [Field(name, shape, required=name == "subject") for name, shape in EDITION.items()]
    return (*fields, *(Field(name, "line", spare=True) for name in held if name not in EDITION))


def _spare_shape(name: str) -> Shape:
    """Another kind's header keeps its shape: a signature's lines stay lines."""
    types = [headers_of(kind)[name][0] for kind in KINDS if name in headers_of(kind)] if name in OWN_HEADERS else []
    return "lines" if "Lines" in types else "moment" if any(t.startswith("Moment") for t in types) else "line"


@dataclass(frozen=True, slots=True)
class Filled:
    """A form's values by header, and the text. What is not in `values` was not on the form.

    The boxes of a date that cannot be read are kept among them (`dated.key`); its header's value is then the file's.
    """

    values: Mapping[str, str]
    body: str


def shown(sheet: Sheet, fields: Iterable[Field], audiences: Audiences, default_kind: str) -> Filled:
    """What the form shows of a file."""
    values = {field.name: _show(field, sheet.headers.get(field.name, ""), audiences) for field in fields}
    if "kind" in values and not values["kind"]:
        values["kind"] = "excerpt" if "excerpt-of" in sheet.headers else default_kind
    return Filled(values, sheet.body)


def _show(field: Field, value: str, audiences: Audiences) -> str:
    match field.shape:
        case "lines":
            return plain.some_lines(value)
        case "audience":
            return ", ".join(_names(value, audiences))
        case "visibility":
            return plain.one_line(value) or PUBLIC
        case "yes":
            return _show_yes(plain.one_line(value))
    return plain.one_line(value)


def _show_yes(value: str) -> str:
    return "yes" if value.lower() in YES else "" if value.lower() in NO else value


def _names(value: str, audiences: Audiences) -> tuple[str, ...]:
    """Tags in their order, then what nobody knows, as it is written."""
    words = words_of(value)
    tags, unknown = expand((word.lower() for word in words), audiences)
    strange = {word.lower(): word for word in words}
    return (*in_order(tags, audiences), *(strange[name] for name in dict.fromkeys(unknown)))


def words_of(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in re.split(r"[,\n]", value) if (word := " ".join(part.split()))))


def changed(sheet: Sheet, before: Filled, after: Filled, fields: Iterable[Field], audiences: Audiences) -> Sheet:
    """The file with what the person changed, and with nothing else changed."""
    changes: dict[str, str | None] = {}
    for field in fields:
        was, now = before.values.get(field.name, ""), after.values.get(field.name)
        if now is not None and now != was:
            changes[field.name] = _written(field, now, sheet.headers.get(field.name, ""), audiences)
    if changes:
        sheet = sheet.having(changes)
    return sheet.saying(after.body) if after.body != before.body else sheet


def _written(field: Field, value: str, before: str, audiences: Audiences) -> str | None:
    if not value or (field.shape == "visibility" and value == PUBLIC):
        return None
    if field.shape == "audience":
        return _compact(value, before, audiences)
    return value


def _compact(value: str, before: str, audiences: Audiences) -> str:
    """Groups that the author had written stay groups while all of their tags are still chosen."""
    names = set(words_of(value))
    tags: Tags = frozenset(names)
    kept = [w for w in words_of(before) if (group := audiences.groups.get(w.lower())) and group <= tags]
    covered = {tag for word in kept for tag in audiences.groups[word.lower()]}
    rest = in_order(tags - covered, audiences)
    known = {tag.id for tag in audiences.tags}
    return ", ".join([*kept, *rest, *(name for name in words_of(value) if name not in known)])


def read_form(form: Mapping[str, Iterable[str]], fields: Iterable[Field], held: Mapping[str, str]) -> Filled:
    """`form`: each name → its values, as posted: `h-title`, `h-audience` many times, `body`. `held`: the file's values."""
    values: dict[str, str] = {}
    for field in fields:
        if field.shape in DATES:
            values |= dated.read(field, form, held)
            continue
        if field.shape == "consent" and f"h-{field.name}" not in form:
            values |= consent.read(form, held.get(field.name, ""))
            continue
        given = list(form.get(f"h-{field.name}", ()))
        if not given and f"h-{field.name}" not in form:
            continue
        values[field.name] = _read(field, given)
    return Filled(values, plain.body("".join(list(form.get("body", ()))[:1])))


def _read(field: Field, given: list[str]) -> str:
    match field.shape:
        case "audience":
            return ", ".join(word for text in given for word in words_of(plain.clean(text)))
        case "lines":
            return plain.some_lines("\n".join(given))
        case "yes":
            return plain.one_line(given[-1]) if given else ""
    return plain.one_line(given[-1] if given else "")
