"""What machines read: the Atom feeds (F1), the sitemap and robots.txt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from builder.archive.items import Shelf, WebItem
from builder.archive.public import Sent
from builder.model import ItemKey

MOST = 100  # entries; older ones are in the archive's pages
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # Atom wants a moment even of a feed without entries


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    shown: WebItem
    published: str


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the sitemap."""

    url: str
    changed: date | None = None


def entries(editions: Iterable[Sent], shelf: Shelf) -> tuple[Entry, ...]:
    """The items of these editions (newest first), each once, newest first."""
    found: dict[ItemKey, Entry] = {}
    for sent in editions:
        for item in sent.items:
            if item.key not in found and len(found) < MOST:
                found[item.key] = _entry(item.key, shelf)
    return tuple(sorted(found.values(), key=lambda entry: entry.published, reverse=True))


def _entry(key: ItemKey, shelf: Shelf) -> Entry:
    item = shelf.public.items[key]
    name = tag(shelf.press.house.publisher.url, key.day, f"{key.bulletin}/{key.slug}")
    return Entry(name, shelf.of(item), moment(shelf.public.published(item)))


def tag(site: str, day: date, name: str) -> str:
    """An id that no move of the site changes while its host's name stays in bulletin.toml (RFC 4151)."""
    return f"tag:{host(site)},{day.isoformat()}:{name}"


def host(site: str) -> str:
    return urlsplit(site).hostname or "localhost"


def moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def updated(found: Iterable[Entry]) -> str:
    return max((entry.published for entry in found), default=moment(NEVER))
