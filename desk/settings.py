"""bulletin.toml and the environment → each room's frozen settings, and every mistake in them with its line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from builder.audience import did_you_mean, expand
from builder.dates import DAYS
from builder.kinds import KINDS
from builder.model import (
    Audiences,
    Axis,
    Break,
    Bulletin,
    Calendar,
    Finding,
    House,
    Publisher,
    Section,
    Tag,
    Tags,
    Term,
    Words,
)

FILE = "bulletin.toml"
PREFIX = "BULLETIN__"
# Tables that belong to other rooms; each room checks its own.
OTHER_ROOMS = ("subscribers", "goodnews", "delivery", "desk", "db")
T = TypeVar("T")


class SettingsError(Exception):
    """bulletin.toml is missing or wrong. The message lists every mistake with its line."""


@dataclass(slots=True)
class Mistakes:
    file: str
    text: str
    found: list[Finding] = field(default_factory=list)

    def add(self, path: tuple[str, ...], message: str) -> None:
        self.found.append(Finding(self.file, self._line(path), "bad-config", "block", message))

    def _line(self, path: tuple[str, ...]) -> int:
        """tomllib keeps no lines: find the table's own line, then the key's under it."""
        lines = self.text.split("\n")
        start, depth = self._table(path, lines)
        rest = path[depth:]
        if not rest:
            return start
        key = re.compile(rf"""(^|[{{,\s])["']?{re.escape(rest[0])}["']?\s*=""")
        for number in range(start, len(lines)):
            if key.search(lines[number].split("#")[0]):
                return number + 1
            if number > start and lines[number].startswith("["):
                break
        return start

    def _table(self, path: tuple[str, ...], lines: list[str]) -> tuple[int, int]:
        for depth in range(len(path), 0, -1):
            name = re.escape(".".join(path[:depth]))
            header = re.compile(rf"\[\[?\s*{name}\s*\]?\]")
            for number, line in enumerate(lines, 1):
                if header.match(line.strip()):
                    return number, depth
        return 0, 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table that knows where it stands, so that each mistake is told with its line."""

    values: Mapping[str, Any]
    path: tuple[str, ...]
    mistakes: Mistakes

    def get(self, key: str, kind: type[T], default: T) -> T:
        value = self.values.get(key, default)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.wrong(key, f"must be {_KIND_NAMES[kind]}, and is {value!r}")
        return default

    def need(self, key: str, kind: type[T], stand_in: T) -> T:
        if key in self.values:
            return self.get(key, kind, stand_in)
        self.wrong(key, "is missing")
        return stand_in

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.get(key, list, [])
        if all(isinstance(entry, str) for entry in value):
            return tuple(value)
        self.wrong(key, "must be a list of texts")
        return ()

    def table(self, key: str) -> Table:
        return Table(self.get(key, dict, {}), (*self.path, key), self.mistakes)

    def tables(self, key: str) -> list[Table]:
        """A list of tables, each knowing its list's place."""
        value = self.get(key, list, [])
        return [Table(entry, (*self.path, key), self.mistakes) for entry in value if isinstance(entry, dict)]

    def only(self, *known: str) -> None:
        for key in self.values.keys() - set(known):
            hint = did_you_mean(key, known) or f" Known here: {', '.join(known)}."
            self.wrong(key, f"is not a setting.{hint}")

    def wrong(self, key: str, what: str) -> None:
        self.mistakes.add((*self.path, key), f"{'.'.join((*self.path, key))} {what.rstrip('.')}.")


_KIND_NAMES: dict[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    date: "a date like 2025-01-14",
    datetime: "a date and time like 2025-01-14T09:00:00",
    time: "a time like 09:00:00",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What bulletin.toml says, for every room. `rooms` holds the tables of rooms other than the builder."""

    root: Path
    house: House
    rooms: Mapping[str, Mapping[str, Any]]
    file: Path


def find_root(start: Path) -> Path:
    """The nearest folder, upward from `start`, that holds bulletin.toml: as git finds its repository."""
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise SettingsError(
        f'There is no {FILE} in {start} or above it. Go to your house, name it with --directory, or make one: "bulletin init my-update".'
    )


def load(start: Path, config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Raises SettingsError with every mistake, each with its line."""
    file = config.absolute() if config else find_root(start.absolute()) / FILE
    text = _read(file)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file.name}: {error}.") from error
    _override(values, os.environ if environ is None else environ)
    mistakes = Mistakes(file.name, text)
    house = read_house(Table(values, (), mistakes))
    if mistakes.found:
        raise SettingsError("\n".join(str(finding) for finding in sorted(mistakes.found)))
    return Settings(file.parent, house, {room: values.get(room, {}) for room in OTHER_ROOMS}, file)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"There is no file {file}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file.name}: the file is not UTF-8 text. Save it again as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file.name}: the file cannot be read: {error.strerror}.") from error


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """BULLETIN__DELIVERY__PASSWORD_FILE=x sets [delivery] password-file. Numbers and true/false are understood."""
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        *tables, key = name.removeprefix(PREFIX).lower().replace("_", "-").split("--")
        inner = values
        for table in tables:
            inner = inner.setdefault(table, {})
        inner[key] = _plain(text)


def _plain(text: str) -> str | int | bool:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"\d{1,9}", text) else text


def read_house(top: Table) -> House:
    top.only(
        "publisher", "calendar", "audiences", "groups", "personas", "release-groups", "bulletins", "words", *OTHER_ROOMS
    )
    calendar = _calendar(top.table("calendar"))
    audiences = _audiences(top)
    return House(
        publisher=_publisher(top.table("publisher")),
        audiences=audiences,
        bulletins=_bulletins(top.table("bulletins")),
        calendar=calendar,
        release_groups=_release_groups(top.table("release-groups"), calendar.zone),
        personas=_personas(top.table("personas"), audiences),
        words=_words(top.table("words")),
    )


def _publisher(table: Table) -> Publisher:
    table.only("name", "team", "address", "url", "email", "reply-to", "strapline")
    url = table.need("url", str, "https://example.org").rstrip("/")
    if not re.match(r"(https?|file)://", url):
        table.wrong("url", f'must begin with https://, and is "{url}"')
    return Publisher(
        name=table.need("name", str, ""),
        team=table.get("team", str, ""),
        address=table.need("address", str, ""),
        url=url,
        email=_address(table, "email", table.need("email", str, "a@example.org")),
        reply_to=_address(
            table, "reply-to", table.get("reply-to", str, "") or table.get("email", str, "a@example.org")
        ),
        strapline=table.get("strapline", str, ""),
    )


def _address(table: Table, key: str, text: str) -> str:
    if not re.fullmatch(r"[^@\s<>\"',;:]+@[^@\s<>\"',;:]+\.[^@\s<>\"',;:]+", text):
        table.wrong(key, f'must be a mail address, and is "{text}"')
    return text


def _calendar(table: Table) -> Calendar:
    table.only("zone", "terms", "bank-holidays")
    name = table.get("zone", str, "Europe/London")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.wrong("zone", f'must be a time zone like Europe/London, and is "{name}"')
        zone = ZoneInfo("Europe/London")
    return Calendar(zone, tuple(map(_term, table.tables("terms"))), table.get("bank-holidays", str, "ENG"))


def _term(table: Table) -> Term:
    table.only("name", "first", "last", "breaks")
    breaks = tuple(Break(*_span(entry)) for entry in table.tables("breaks"))
    return Term(*_span(table), breaks)


def _span(table: Table) -> tuple[str, date, date]:
    first = table.need("first", date, date.min)
    last = table.need("last", date, date.max)
    if last < first:
        table.wrong("last", f"is before first: {last} is earlier than {first}")
    return table.need("name", str, ""), first, last


def _audiences(top: Table) -> Audiences:
    table = top.table("audiences")
    axes = tuple(_axis(name, table.table(name)) for name in table.values)
    seen: dict[str, str] = {}
    for axis in axes:
        for tag in axis.tags:
            if tag.id in seen:
                table.wrong(axis.id, f'has the tag "{tag.id}", which {seen[tag.id]} has too: a tag belongs to one axis')
            seen[tag.id] = axis.id
    groups = top.table("groups")
    return Audiences(axes, {name: _members(groups, name, seen) for name in groups.values})


def _axis(name: str, table: Table) -> Axis:
    table.only("name", "question", "tags")
    tags = table.table("tags")
    return Axis(
        name,
        table.get("name", str, name),
        table.get("question", str, ""),
        tuple(_tag(tags, id_) for id_ in tags.values),
    )


def _tag(tags: Table, id_: str) -> Tag:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id_):
        tags.wrong(id_, "is not a tag: use small letters, digits and single hyphens")
    if isinstance(tags.values[id_], str):
        return Tag(id_, tags.values[id_])
    table = tags.table(id_)
    table.only("name", "description")
    return Tag(id_, table.get("name", str, id_), table.get("description", str, ""))


def _members(groups: Table, name: str, known: Iterable[str]) -> Tags:
    members = groups.texts(name)
    for tag in set(members) - set(known):
        groups.wrong(name, f'names "{tag}", which is not a tag.{did_you_mean(tag, known)}')
    return frozenset(members)


def _personas(table: Table, audiences: Audiences) -> dict[str, Tags]:
    personas = {}
    for name in table.values:
        tags, unknown = expand(table.texts(name), audiences)
        for tag in unknown:
            table.wrong(name, f'names "{tag}", which is not a tag.{did_you_mean(tag, audiences.names)}')
        personas[name] = tags
    return personas


def _release_groups(table: Table, zone: ZoneInfo) -> dict[str, datetime]:
    moments = {name: table.need(name, datetime, datetime.min) for name in table.values}  # noqa: DTZ901 replaced below
    return {name: moment if moment.tzinfo else moment.replace(tzinfo=zone) for name, moment in moments.items()}


def _words(table: Table) -> Words:
    table.only("known-acronyms", "spellings")
    return Words(frozenset(table.texts("known-acronyms")), frozenset(table.texts("spellings")))


BULLETIN_KEYS = (
    ["name", "strapline", "sender", "sections", "weekday", "at", "cut-off", "first", "last", "succeeds", "numbered", "why", "main"]
)  # fmt: skip


def _bulletins(table: Table) -> dict[str, Bulletin]:
    if not table.values:
        table.mistakes.add((), "There is no bulletin. Add a table [bulletins.weekly] with a name.")
        return {}
    bulletins = {name: _bulletin(name, table.table(name), main=len(table.values) == 1) for name in table.values}
    mains = [b.id for b in bulletins.values() if b.main]
    if len(mains) != 1:
        table.mistakes.add(("bulletins",), f"Exactly one bulletin must have main = true; {len(mains)} have it.")
    for bulletin in bulletins.values():
        for other in bulletin.succeeds:
            if other not in bulletins:
                table.table(bulletin.id).wrong("succeeds", f'names "{other}", which is not a bulletin')
    return bulletins


def _bulletin(id_: str, table: Table, *, main: bool) -> Bulletin:
    table.only(*BULLETIN_KEYS)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id_) or id_ in RESERVED_NAMES:
        table.mistakes.add(table.path, f'"{id_}" cannot be a bulletin\'s name: it is part of its web address.')
    cut_off = table.table("cut-off")
    cut_off.only("days-before", "at")
    return Bulletin(
        id=id_,
        name=table.need("name", str, id_),
        strapline=table.get("strapline", str, ""),
        sender=table.get("sender", str, ""),
        sections=_sections(table),
        weekday=_weekday(table),
        at=table.get("at", time, time(9)),
        cut_off_days=cut_off.get("days-before", int, 5),
        cut_off_at=cut_off.get("at", time, time(12)),
        first=_optional(table, "first"),
        last=_optional(table, "last"),
        succeeds=table.texts("succeeds"),
        numbered=table.get("numbered", bool, True),
        why=table.get("why", str, ""),
        main=table.get("main", bool, main),
    )


# Names that the archive's own folders have.
RESERVED_NAMES = frozenset(
    ["editions", "items", "documents", "images", "audiences", "subscribe", "preferences", "unsubscribe", "good-news"]
)


def _optional(table: Table, key: str) -> date | None:
    return table.need(key, date, date.min) if key in table.values else None


def _weekday(table: Table) -> int | None:
    name = table.get("weekday", str, "")
    if name and name.capitalize() not in DAYS:
        table.wrong("weekday", f'must be a day like Tuesday, and is "{name}"')
        return None
    return DAYS.index(name.capitalize()) if name else None


def _sections(table: Table) -> tuple[Section, ...]:
    entries = table.tables("sections")
    if not entries:
        table.wrong("sections", 'is missing: list them like { id = "news", title = "News", kinds = ["news"] }')
        return (Section("news", ""),)
    return tuple(map(_section, entries))


def _section(table: Table) -> Section:
    table.only("id", "title", "kinds", "intro")
    kinds = table.texts("kinds")
    for kind in set(kinds) - KINDS.keys():
        table.wrong("kinds", f'names "{kind}", which is not a kind.{did_you_mean(kind, KINDS)}')
    return Section(
        table.need("id", str, "news"), table.need("title", str, ""), frozenset(kinds), table.get("intro", str, "")
    )
