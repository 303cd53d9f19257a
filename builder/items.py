"""One content file, taken apart → a typed item, with every problem in it found in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from builder import addresses, audience, dates
from builder.headers import Notes, Written
from builder.kinds import (
    KINDS,
    OWN_HEADERS,
    Action,
    Consultation,
    Event,
    Feedback,
    Lines,
    PhotoConsent,
    headers_of,
)
from builder.model import Bulletin, Details, House, Item, ItemKey, Moment, Picture, Tags

COMMON_HEADERS = frozenset(
    ["title", "kind", "section", "audience", "summary", "visibility", "release", "expires", "image", "alt", "credit", "contact", "related", "weight", "draft", "also", "formerly", "corrected", "checked"]
)  # fmt: skip
YES, NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0", ""}
CHANNELS = frozenset({"email", "web", "social"})
_KEY = re.compile(r"(?P<bulletin>[a-z0-9-]+)/(?P<day>\d{4}-\d{2}-\d{2})/(?P<slug>[a-z0-9-]+)")
_EDITION = re.compile(r"(?P<bulletin>[a-z0-9-]+)/(?P<day>\d{4}-\d{2}-\d{2})")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def read_key(text: str) -> ItemKey:
    """`send/2024-12-09/strategy` → its parts. Raises ValueError."""
    match = _KEY.fullmatch(text)
    if not match:
        raise ValueError(f'"{text}" does not name an item. Write bulletin/date/slug, like send/2024-12-09/strategy.')
    try:
        return ItemKey(match["bulletin"], date.fromisoformat(match["day"]), match["slug"])
    except ValueError as error:
        raise ValueError(f'"{match["day"]}" is not on the calendar: {error}.') from error


def _read_lines(text: str, _zone: ZoneInfo) -> Lines:
    first, *rest = (line.strip() for line in text.split("\n"))
    return Lines(first, tuple(line for line in rest if line))


def _read_text(text: str, _zone: ZoneInfo) -> str:
    return " ".join(text.split())


def _read_consent(text: str, _zone: ZoneInfo) -> PhotoConsent:
    if text.lower() == "no people":
        return PhotoConsent(CHANNELS)
    match = re.fullmatch(r"([^()]+)\(([^()]+)\)", text)
    channels = frozenset(part.strip().lower() for part in (match[1] if match else text).split(","))
    if unknown := channels - CHANNELS:
        raise ValueError(f'"{sorted(unknown)[0]}" is not a channel. Write email, web, social, or: no people.')
    if not match:
        raise ValueError("Say who recorded the consent and when: email, web (Headteacher, 8 January 2025).")
    return PhotoConsent(channels, match[2].strip())


# A field's type, as written in `kinds`, → how its header is read. Each reader raises ValueError with the mend.
READERS: dict[str, Callable[[str, ZoneInfo], Any]] = {
    "str": _read_text,
    "Moment": dates.read_moment,
    "Lines": _read_lines,
    "PhotoConsent": _read_consent,
}


class Reading(Struct, frozen=True):
    """What is needed to understand one file: the house's rules, where it stands, and what was found so far."""

    house: House
    bulletin: Bulletin
    day: date
    written: Written
    notes: Notes

    @property
    def headers(self) -> Mapping[str, str]:
        return self.written.headers

    def line(self, name: str) -> int:
        return self.written.source.line(name)

    def problem(self, code: str, name: str, message: str) -> None:
        self.notes.add(code, self.line(name), message)

    def moment(self, name: str) -> Moment | None:
        text = self.headers.get(name, "")
        if not text:
            return None
        try:
            return dates.read_moment(text, self.house.calendar.zone)
        except ValueError as error:
            self.problem("bad-date", name, f"{name}: {error}")
            return None

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.headers.get(name, "") or default
        if value in allowed:
            return value
        hint = audience.did_you_mean(value, allowed) or f" Choose one of: {', '.join(allowed)}."
        self.problem(f"unknown-{name}", name, f'"{value}" is not a {name}.{hint}')
        return default

    def words(self, name: str) -> tuple[str, ...]:
        text = self.headers.get(name, "")
        return tuple(word for part in re.split(r"[,\n]", text) if (word := part.strip())) if text else ()


def read_item(house: House, bulletin: Bulletin, day: date, written: Written) -> tuple[Item | None, Notes]:
    """The item, or None when a file has no readable header block; and what is wrong with it."""
    notes = Notes(written.source.file, list(written.findings))
    if not written.headers:
        return None, notes
    reading = Reading(house, bulletin, day, written, notes)
    path = PurePosixPath(written.source.file)
    default_kind = "good-news" if path.parent.name == "good-news" else "news"
    if "excerpt-of" in written.headers:
        default_kind = "excerpt"
    kind = reading.one_of("kind", tuple(KINDS), default_kind)
    _check_names(reading, kind)
    release, group = read_release(reading.headers, house, notes, reading.line("release"))
    item = Item(
        key=ItemKey(bulletin.id, day, slug_of(path, notes)),
        source=written.source,
        kind=kind,
        title=_title(reading, kind),
        body=written.body,
        details=_details(reading, kind),
        section=reading.one_of("section", tuple(s.id for s in bulletin.sections), bulletin.section_of(kind)),
        summary=_read_text(reading.headers.get("summary", ""), house.calendar.zone),
        audience=_audience(reading),
        visibility=reading.one_of("visibility", ("public", "subscribers"), "public"),
        release=release,
        release_group=group,
        expires=expires.end(house.calendar.zone) if (expires := reading.moment("expires")) else None,
        picture=_picture(reading, path.parent),
        contact=reading.headers.get("contact", ""),
        related=reading.words("related"),
        weight=_weight(reading),
        draft=_yes_no(reading, "draft"),
        also=_also(reading),
        formerly=formerly(written, notes),
        corrected=tuple(_corrected(reading)),
    )
    return item, notes


def _corrected(reading: Reading) -> Iterator[tuple[date, str]]:
    """One correction a line: `20 January 2025: The venue has changed.`"""
    found = []
    for line in reading.headers.get("corrected", "").split("\n"):
        if not line.strip():
            continue
        day, _, what = line.partition(":")
        try:
            found.append((dates.read_moment(day.strip(), reading.house.calendar.zone).day, " ".join(what.split())))
        except ValueError as error:
            reading.problem("bad-date", "corrected", f"corrected: {error} Write it like 20 January 2025: The venue.")
    yield from sorted(found)


def formerly(written: Written, notes: Notes) -> tuple[str, ...]:
    """The names or addresses that its page had before."""
    if not (text := written.headers.get("formerly", "")):
        return ()
    names = tuple(filter(None, re.split(r"[,\s]+", text)))
    for name in names:
        try:
            addresses.as_address(name)
        except ValueError as error:
            notes.add("bad-value", written.source.line("formerly"), f"formerly: {error}")
    return names


class Originals(Protocol):
    """Items by their keys."""

    def get(self, key: ItemKey, /) -> Item | None: ...

    def __iter__(self) -> Iterator[ItemKey]: ...


def with_original(item: Item, originals: Originals, notes: Notes) -> Item:
    """An excerpt joined to the item whose words it carries."""
    wanted = getattr(item.details, "excerpt_of", "")
    if not wanted:
        return item
    try:
        key = read_key(wanted)
    except ValueError as error:
        notes.add("bad-excerpt", item.source.line("excerpt-of"), f"excerpt-of: {error}")
        return item
    original = originals.get(key)
    if original is None or original.kind == "excerpt":
        hint = audience.did_you_mean(wanted, map(str, _alike(key, originals)))
        what = "is itself an excerpt" if original else "is not there"
        notes.add("excerpt-of-nothing", item.source.line("excerpt-of"), f'excerpt-of: "{wanted}" {what}.{hint}')
        return item
    return replace(item, original=original, title=item.title or original.title)


def _alike(wanted: ItemKey, keys: Iterable[ItemKey]) -> list[ItemKey]:
    """Same edition or same slug: comparing with every item ever written takes seconds when many excerpts are wrong."""
    edition = (wanted.bulletin, wanted.day)
    return [key for key in keys if key.slug == wanted.slug or (key.bulletin, key.day) == edition]


def _check_names(reading: Reading, kind: str) -> None:
    own = headers_of(kind)
    known = COMMON_HEADERS | own.keys()
    for name in reading.headers.keys() - known:
        if name in OWN_HEADERS:
            owners = ", ".join(k for k in KINDS if name in headers_of(k))
            reading.problem("header-of-other-kind", name, f'"{name}" belongs to the kind {owners}, and this is {kind}.')
        else:
            hint = audience.did_you_mean(name, sorted(known)) or f" Known here: {', '.join(sorted(known))}."
            reading.problem("unknown-header", name, f'"{name}" is not a header.{hint}')


def _details(reading: Reading, kind: str) -> Details:
    values: dict[str, Any] = {}
    for name, (type_name, required) in headers_of(kind).items():
        values[name.replace("-", "_")] = _detail(reading, kind, name, type_name, required)
    return KINDS[kind](**{name: value for name, value in values.items() if value is not None})


def _detail(reading: Reading, kind: str, name: str, type_name: str, required: bool) -> Any:
    text = reading.headers.get(name, "")
    base = type_name.removesuffix(" | None")
    if text:
        try:
            return READERS[base](text, reading.house.calendar.zone)
        except ValueError as error:
            reading.problem("bad-date" if base == "Moment" else "bad-value", name, f"{name}: {error}")
    elif required:
        reading.problem("missing-header", "kind", f'An item of the kind {kind} needs "{name}:".')
    return _stand_in(reading, base) if required else None


def _stand_in(reading: Reading, base: str) -> Any:
    """Lets the rest of a faulty file be read, so that all its problems are told at once."""
    return {"Moment": Moment(reading.day), "Lines": Lines("")}.get(base, "")


def _title(reading: Reading, kind: str) -> str:
    title = _read_text(reading.headers.get("title", ""), reading.house.calendar.zone)
    if not title and kind != "excerpt":
        reading.problem("missing-title", "title", 'There is no title. Add a line "title: …".')
    return title


def slug_of(path: PurePosixPath, notes: Notes) -> str:
    slug = path.stem
    if not SLUG.fullmatch(slug) or len(slug) > 100:
        better = "-".join(re.findall(r"[a-z0-9]+", slug.lower()))[:80] or "item"
        notes.add("bad-file-name", 0, f'A file\'s name is its web address. Rename it, for example to "{better}.md".')
        return better
    return slug


def _audience(reading: Reading) -> Tags:
    audiences, words = reading.house.audiences, reading.words("audience")
    tags, unknown = audience.expand((w.lower() for w in words), audiences)
    as_written = {word.lower(): word for word in reversed(words)} if unknown else {}
    for name in dict.fromkeys(unknown):
        hint = audience.did_you_mean(name, audiences.names) or f" Known: {', '.join(audiences.names)}."
        reading.problem("unknown-audience", "audience", f'"{as_written[name]}" is not an audience.{hint}')
    return tags


def read_release(headers: Mapping[str, str], house: House, notes: Notes, line: int) -> tuple[datetime | None, str]:
    """(the moment, the group's name): a release is either a date or the name of a group."""
    text, groups, zone = headers.get("release", ""), house.release_groups, house.calendar.zone
    if not text or text in groups:
        return groups.get(text), text
    try:
        return dates.read_moment(text, zone).moment(zone), ""
    except ValueError:
        hint = audience.did_you_mean(text, groups)
        notes.add("bad-release", line, f'release: "{text}" is neither a date nor a release group.{hint}')
        return None, ""


def _picture(reading: Reading, folder: PurePosixPath) -> Picture | None:
    name = reading.headers.get("image", "")
    if not name:
        return None
    zone = reading.house.calendar.zone
    return Picture(
        str(folder / name),
        _read_text(reading.headers.get("alt", ""), zone),
        _read_text(reading.headers.get("credit", ""), zone),
    )


def _weight(reading: Reading) -> int:
    text = reading.headers.get("weight", "") or "50"
    if re.fullmatch(r"-?\d{1,4}", text):
        return int(text)
    reading.problem("bad-value", "weight", f'weight: "{text}" is not a whole number. Smaller numbers come first.')
    return 50


def _yes_no(reading: Reading, name: str) -> bool:
    value = reading.headers.get(name, "").lower()
    if value not in YES | NO:
        reading.problem("bad-value", name, f'{name}: "{value}" is neither yes nor no.')
    return value in YES


def _also(reading: Reading) -> tuple[tuple[str, date], ...]:
    found = []
    for word in reading.words("also"):
        match = _EDITION.fullmatch(word)
        if not match or match["bulletin"] not in reading.house.bulletins:
            reading.problem("bad-value", "also", f'also: "{word}" is not an edition. Write it like weekly/2025-01-21.')
            continue
        try:
            found.append((match["bulletin"], date.fromisoformat(match["day"])))
        except ValueError:
            reading.problem("bad-date", "also", f'also: "{match["day"]}" is not on the calendar.')
    return tuple(found)


def last_moment(details: Any) -> Moment | None:
    """The last day, or moment, that an item itself names: after it, what it tells of is over."""
    match details:
        case Action(action_by):
            return action_by
        case Event(starts, ends):
            return ends or starts
        case Consultation(closes):
            return closes
        case Feedback(_, closes):
            return closes
    return None
