"""The [goodnews] table of bulletin.toml → frozen settings, or every mistake in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from goodnews.clean import NAME, line
from goodnews.fetch import FetchError, split
from goodnews.model import GoodNewsError
from goodnews.retention import Keep

KEYS = (
    "feeds", "oldest-days", "mailbox", "mailbox-password-file", "contact-days", "declined-days", "photo-days", "arrival-days",
)  # fmt: skip
DAYS = ("oldest-days", "contact-days", "declined-days", "photo-days", "arrival-days")
FEED_KEYS = ("school", "url")
OLDEST_DAYS = 60  # a feed that is read for the first time reaches back for years


@dataclass(frozen=True, slots=True)
class Source:
    """A school's feed."""

    school: str
    url: str


@dataclass(frozen=True, slots=True)
class Settings:
    feeds: tuple[Source, ...] = ()
    oldest_days: int = OLDEST_DAYS
    """Stories older than this stay where they are."""
    mailbox: str = ""
    """Where schools' mail waits: imaps://user@host/INBOX, or a Maildir. Empty: stories do not come by mail."""
    password_file: str = ""
    keep: Keep = field(default_factory=Keep)


def read_settings(table: Mapping[str, Any]) -> Settings:
    """Raises GoodNewsError with every mistake, a line each."""
    mistakes = [f"[goodnews] {mistake}" for mistake in _mistakes(table)]
    if mistakes:
        raise GoodNewsError("\n".join(mistakes))
    keep = Keep()
    return Settings(
        feeds=tuple(Source(line(feed["school"], NAME), feed["url"]) for feed in table.get("feeds", ())),
        oldest_days=table.get("oldest-days", OLDEST_DAYS),
        mailbox=table.get("mailbox", ""),
        password_file=table.get("mailbox-password-file", ""),
        keep=Keep(
            table.get("contact-days", keep.contact_days),
            table.get("declined-days", keep.declined_days),
            table.get("photo-days", keep.photo_days),
            table.get("arrival-days", keep.arrival_days),
        ),
    )


def _mistakes(table: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(table, KEYS)
    for key in DAYS:
        days = table.get(key, OLDEST_DAYS)
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            yield f"{key} must be a whole number of days, 1 or more, and is {days!r}."
    for key in ("mailbox", "mailbox-password-file"):
        if not isinstance(table.get(key, ""), str):
            yield f"{key} must be a text in quotes, and is {table[key]!r}."
    feeds = table.get("feeds", [])
    if not isinstance(feeds, list):
        yield 'feeds must be a list like [{ school = "Example Primary School", url = "https://…/feed" }].'
        return
    for number, feed in enumerate(feeds, 1):
        yield from (f"feeds, entry {number}: {mistake}" for mistake in _feed_mistakes(feed))
    urls = [feed.get("url") for feed in feeds if isinstance(feed, dict)]
    yield from (f'feeds: "{url}" is listed twice.' for url in dict.fromkeys(urls) if url and urls.count(url) > 1)


def _unknown(table: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for key in sorted(table.keys() - set(known)):
        yield f'"{key}" is not a setting. Known here: {", ".join(known)}.'


def _feed_mistakes(feed: object) -> Iterator[str]:
    if not isinstance(feed, dict):
        yield f'must be like {{ school = "Example Primary School", url = "https://…/feed" }}, and is {feed!r}.'
        return
    yield from _unknown(feed, FEED_KEYS)
    for key in FEED_KEYS:
        if not isinstance(feed.get(key), str) or not line(feed[key], NAME):
            yield f"{key} is missing, or is not a text in quotes."
            return
    try:
        split(feed["url"])
    except FetchError as error:
        yield f'"{feed["url"]}" {error}.'
