"""bulletin.toml and the environment → each room's frozen settings, and every mistake in them with its line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct, field

from builder.audience import did_you_mean, expand
from builder.dates import DAYS
from builder.kinds import KINDS
from builder.model import (
    Audiences,
    Axis,
    Break,
    Bulletin,
    Calendar,
    House,
    Publisher,
    Section,
    Tag,
    Tags,
    Term,
    Words,
)
from desk.tables import PREFIX, Mistakes, Steps, Table

FILE = "bulletin.toml"
JOURNAL = ".bulletin-restore.json"  # there while a backup is being put in place
# Tables that belong to other rooms; each room checks its own.
OTHER_ROOMS = ("subscribers", "goodnews", "delivery", "desk", "db", "publish")


class SettingsError(Exception):
    """bulletin.toml is missing or wrong. The message lists every mistake with its line."""


class Settings(Struct, frozen=True):
    """What bulletin.toml says, for every room. `rooms` holds the tables of rooms other than the builder."""

    root: Path
    house: House
    rooms: Mapping[str, Mapping[str, Any]]
    file: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    """What the environment said; it lies over the file."""

    def __repr__(self) -> str:
        """Without the environment: it may hold passwords."""
        return f"Settings(root={self.root!r}, house={self.house!r}, rooms={self.rooms!r}, file={self.file!r})"


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
    if (file.parent / JOURNAL).exists():
        raise SettingsError(
            "A restore was cut off here, and the house is half the old one. Finish it: bulletin restore"
        )
    text = _read(file)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file.name}: {error}.") from error
    except RecursionError as error:
        raise SettingsError(f"{file.name}: lists or tables are nested too deeply.") from error
    environ = os.environ if environ is None else environ
    given = _override(values, environ)
    mistakes = Mistakes(file.name, text, given)
    top = Table(values, (), mistakes)
    house = read_house(top)
    rooms = {room: top.table(room).values for room in OTHER_ROOMS}
    if mistakes.found:
        raise SettingsError("\n".join(str(finding) for finding in sorted(mistakes.found)))
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    return Settings(file.parent, house, rooms, file, ours)


def load_again(settings: Settings) -> Settings:
    """The same file as it is now, under the same environment. Raises SettingsError."""
    return load(settings.root, settings.file, settings.environ)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"There is no file {file}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file.name}: the file is not UTF-8 text. Save it again as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{file.name}: the file cannot be read: {error.strerror}.") from error


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> dict[Steps, str]:
    """BULLETIN__DELIVERY__PASSWORD_FILE=x sets [delivery] password-file. What was set, as it was written."""
    given: dict[Steps, str] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        *tables, key = name.removeprefix(PREFIX).lower().replace("_", "-").split("--")
        inner = values
        for table in tables:
            inner = inner.setdefault(table, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"{name}: {table} is a value in {FILE}, not a table. Take the variable away.")
        inner[key] = _plain(text)
        given[*tables, key] = text
    return given


def _plain(text: str) -> str | int | bool | date | time:
    """Numbers, true and false, dates and times are understood; everything else is a text."""
    if text in {"true", "false"}:
        return text == "true"
    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    for kind in (date, datetime, time):
        try:
            return kind.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d|\d\d:\d\d", text) else text
        except ValueError:
            continue
    return text


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
    holidays = table.get("bank-holidays", str, "ENG")
    if holidays not in SUBDIVISIONS:
        table.wrong("bank-holidays", f'must be one of {", ".join(SUBDIVISIONS)}, and is "{holidays}"')
    return Calendar(zone, tuple(map(_term, table.tables("terms"))), holidays)


def _term(table: Table) -> Term:
    table.only("name", "first", "last", "breaks")
    name, first, last = _span(table)
    return Term(name, first, last, tuple(_break(entry, first, last) for entry in table.tables("breaks")))


def _break(table: Table, first: date, last: date) -> Break:
    table.only("name", "first", "last")
    pause = Break(*_span(table))
    if pause.first < first or pause.last > last:
        table.wrong("first", f"is outside its term: {pause.first} to {pause.last}, in {first} to {last}")
    return pause


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
    table.only("known-acronyms")
    return Words(frozenset(table.texts("known-acronyms")))


MOST_DAYS_BEFORE = 60
SUBDIVISIONS = ("ENG", "WLS", "SCT", "NIR")
BULLETIN_KEYS = (
    ["name", "strapline", "sender", "sections", "weekday", "at", "cut-off", "first", "last", "succeeds", "numbered", "why", "asks", "main"]
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
        cut_off_days=_days_before(cut_off),
        cut_off_at=cut_off.get("at", time, time(12)),
        first=_optional(table, "first"),
        last=_optional(table, "last"),
        succeeds=table.texts("succeeds"),
        numbered=table.get("numbered", bool, True),
        why=table.get("why", str, ""),
        asks=table.get("asks", bool, True),
        main=table.get("main", bool, main),
    )


# Names that the archive's own folders and the public pages have.
RESERVED_NAMES = frozenset(
    """
    editions items documents images audiences good-news privacy accessibility
    for sections actions consultations events feeds calendars cards search sitemaps
    subscribe confirm preferences unsubscribe desk useful read send-good-news
    """.split()
)


def _optional(table: Table, key: str) -> date | None:
    return table.need(key, date, date.min) if key in table.values else None


def _days_before(table: Table) -> int:
    days = table.get("days-before", int, 5)
    if 0 <= days <= MOST_DAYS_BEFORE:
        return days
    table.wrong("days-before", f"must be 0 to {MOST_DAYS_BEFORE}, and is {days}")
    return 5


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
    sections = tuple(map(_section, entries))
    for section, entry in zip(sections, entries, strict=True):
        if [s.id for s in sections].count(section.id) > 1:
            entry.wrong("id", f'"{section.id}" is given to more than one section')
    return sections


def _section(table: Table) -> Section:
    table.only("id", "title", "kinds", "intro")
    kinds = table.texts("kinds")
    for kind in set(kinds) - KINDS.keys():
        table.wrong("kinds", f'names "{kind}", which is not a kind.{did_you_mean(kind, KINDS)}')
    return Section(
        table.need("id", str, "news"), table.need("title", str, ""), frozenset(kinds), table.get("intro", str, "")
    )
