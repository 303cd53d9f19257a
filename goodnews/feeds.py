"""One door of the room: a school's news feed (RSS, Atom, RDF) as bytes in, stories and problems out. Never raises."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from goodnews.clean import IDENTITY, NAME, SUMMARY, TITLE, first_sentence, line, words
from goodnews.feedtext import Unreadable, first_entries, look_over, to_text
from goodnews.links import safe_link
from goodnews.markdown import to_markdown
from goodnews.model import Problem, Story

MOST_BYTES = 2_000_000  # a feed of ten long stories has some 200,000
MOST_ENTRIES = 50  # feeds list the newest first, most of them ten


@dataclass(frozen=True, slots=True)
class Feed:
    title: str = ""
    """What the feed calls itself."""
    stories: tuple[Story, ...] = ()
    """In the feed's order."""
    problems: tuple[Problem, ...] = ()


def read_feed(raw: bytes, *, school: str = "", url: str = "", charset: str = "") -> Feed:
    """`school`: whose stories they are; else the feed's own title is taken. `charset`: what the server said."""
    if len(raw) > MOST_BYTES:
        return _nothing(f"is {len(raw) // 1_000:,} kB large; at most {MOST_BYTES // 1_000:,} kB are read.")
    text, more = first_entries(to_text(raw, charset), MOST_ENTRIES)
    if not text:
        return _nothing("is empty.")
    try:
        damage, parsed = parse(text, url)
    except Unreadable as error:
        return _nothing(str(error))
    if not parsed.get("version") and not parsed["entries"]:
        return _nothing("is not one: the address leads to something else, perhaps to a web page. Look for its feed.")
    feed = _read(parsed, school)
    notes = [f"is damaged ({damage}); what could be read of it is here."] if damage else []
    notes += [f"has more than {MOST_ENTRIES} stories; the first {MOST_ENTRIES} were read."] if more else []
    return replace(feed, problems=(*(Problem(f"The feed {note}", False) for note in notes), *feed.problems))


def _nothing(what: str) -> Feed:
    return Feed(problems=(Problem(f"The feed {what}", stops=True),))


def parse(text: str, url: str = "") -> tuple[str, dict[str, Any]]:
    """(what is wrong with it as XML, what feedparser made of it). Raises Unreadable.

    Its own sanitizer is off, because 200 kB of unclosed comments keep it busy for 7 s: every value that is used goes
    through nh3 instead, which reads HTML as browsers do.
    """
    import feedparser  # 0.2 s to import

    damage = look_over(text)
    headers = {"content-type": "application/xml; charset=utf-8", **({"content-location": url} if url else {})}
    try:
        parsed: dict[str, Any] = feedparser.parse(
            io.BytesIO(text.encode()), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # it has no base class for what damaged feeds make it raise, AssertionError among them
        raise Unreadable(f"is damaged beyond reading ({type(error).__name__}).") from error
    return damage, parsed


def _read(parsed: Mapping[str, Any], school: str) -> Feed:
    title = words(_text(parsed["feed"], "title"), NAME)
    named = line(school, NAME) or title
    if not named:
        return _nothing("does not say whose it is. Name the school.")
    stories: dict[str, Story] = {}
    nameless = 0
    for entry in parsed["entries"]:
        story = _story(entry, named)
        if story:
            stories.setdefault(story.source, story)
        else:
            nameless += 1
    left_out = Problem(
        f"Left out, because there is neither a title nor a text: {nameless} of the feed's stories.", False
    )
    return Feed(title, tuple(stories.values()), (left_out,) if nameless else ())


def _story(entry: Mapping[str, Any], school: str) -> Story | None:
    link = safe_link(_text(entry, "link"))
    html = _html(entry)
    told = words(_text(entry, "summary") or html, 1_000)
    title = words(_text(entry, "title"), TITLE) or first_sentence(told, TITLE)
    if not title:
        return None
    published = _published(entry)
    return Story(
        school=school,
        title=title,
        text=to_markdown(html, link),
        link=link if link.startswith("http") else "",
        published=published,
        source=line(_text(entry, "id"), IDENTITY) or link or f"{title} {published or ''}".strip(),
        summary=first_sentence(told, SUMMARY),
    )


def _html(entry: Mapping[str, Any]) -> str:
    """The longest of what the feed gives: content:encoded has all of it, the description is often an excerpt."""
    contents = entry.get("content")
    texts = [_text(one, "value") for one in contents] if isinstance(contents, list) else []
    return max([*texts, _text(entry, "summary")], key=len)


def _text(values: Any, name: str) -> str:
    found = values.get(name) if isinstance(values, Mapping) else None
    return found if isinstance(found, str) else ""


def _published(entry: Mapping[str, Any]) -> datetime | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        moment = dict.get(entry, name) if isinstance(entry, dict) else None  # its own get() warns
        with suppress(TypeError, ValueError, OverflowError):
            year, month, day, hour, minute, second = moment[:6]  # type: ignore[index]
            return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    return None
