"""What becomes of a story: the name and the values of its item, and whether some edition has it already. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from goodnews.clean import NAME, SUMMARY, TITLE, line, literal
from goodnews.model import Photo, Story

MARK = 10  # hexadecimal digits, 40 bits: among 10,000 stories, two alike by chance once in 20,000 archives
SLUG = 60
_MARK_AT_END = re.compile(rf"-([0-9a-f]{{{MARK}}})\Z")
_LINK = re.compile(r"\]\((https?://[^\s()]+)\)")


@dataclass(frozen=True, slots=True)
class Taken:
    """What tells the stories that were taken: the marks in their files' names, and the link that each file ends with."""

    marks: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Waiting:
    story: Story
    taken: bool


def mark(story: Story) -> str:
    """The same for the same story for ever, even when the school changes its words."""
    identity = f"{story.school.casefold()}\0{story.source}"
    return hashlib.sha256(identity.encode()).hexdigest()[:MARK]


def slug(story: Story) -> str:
    """The item's file name without .md, which is its web address. No other story has it."""
    words = "-".join(re.findall(r"[a-z0-9]+", re.sub("['’]", "", story.title.lower())))
    shown = words if len(words) <= SLUG else words[: SLUG + 1].rpartition("-")[0] or words[:SLUG]
    return f"{shown or 'story'}-{mark(story)}"


def taken_of(items: Iterable[tuple[str, str]]) -> Taken:
    """`items`: file names without .md and the texts of all good-news items there are."""
    marks: set[str] = set()
    links: set[str] = set()
    for name, text in items:
        marks |= {found[1] for found in [_MARK_AT_END.search(name)] if found}
        links |= set(_LINK.findall(text)[-1:])  # those before it may lead to other stories
    return Taken(frozenset(marks), frozenset(links))


def waiting(stories: Iterable[Story], taken: Taken) -> tuple[Waiting, ...]:
    """Each story once, though two feeds carry it."""
    once: dict[str, Story] = {}
    for story in stories:
        once.setdefault(mark(story), story)
    links = Counter(story.link for story in once.values())
    return tuple(Waiting(s, _is_taken(s, taken, own_link=links[s.link] == 1)) for s in once.values())


def _is_taken(story: Story, taken: Taken, *, own_link: bool) -> bool:
    """An editor may rename the file; the link to the school's page is still in it. A link that several stories have, or
    that leads to a front page, tells nothing."""
    if mark(story) in taken.marks:
        return True
    return own_link and len(urlsplit(story.link).path) > 1 and story.link in taken.links


def item_values(story: Story) -> dict[str, str]:
    """What the item's template is filled with. The headers' values are one line each, whoever made the story."""
    return {
        "title": line(story.title, TITLE),
        "school": line(story.school, NAME),
        "summary": line(story.summary, SUMMARY),
        "text": story.text.strip(),
        "link": story.link,
        "school_in_text": literal(line(story.school, NAME)),
    }


ROLE = 60


def photo_consent(photo: Photo) -> str:
    """The item's photo-consent header: `no people`, or `email, web (Headteacher, 8 January 2025)`. Empty without consent."""
    consent = photo.consent
    if consent.people == "nobody":
        return "no people"
    if not consent.given or consent.on is None:
        return ""
    by = re.sub(r"[()]", " ", line(consent.by, ROLE))
    return f"{', '.join(sorted(consent.given))} ({' '.join(by.split())}, {consent.on.day} {consent.on:%B %Y})"


def shown_photos(photos: Iterable[Photo]) -> tuple[Photo | None, tuple[Photo, ...]]:
    """The photo that stands at the item's head, and those that may stand in its text, which goes out on every channel."""
    allowed = [photo for photo in photos if photo.alt and photo.consent.given & {"email", "web"}]
    first = next(iter(allowed), None)
    everywhere = [photo for photo in allowed[1:] if {"email", "web"} <= photo.consent.given]
    return first, tuple(everywhere)


WORDS = re.compile(r"[a-z0-9]{3,}")
ALIKE = 0.6  # of the words in both, of all the words of either


def alike(one: Story, other: Story) -> bool:
    """The same school telling the same thing again: most words of the headline, or of the text, are the same."""
    if not one.school or one.school.casefold() != other.school.casefold():
        return False
    return _share(one.title, other.title) >= ALIKE or _share(one.text, other.text) >= ALIKE


def _share(one: str, other: str) -> float:
    first, second = (frozenset(WORDS.findall(text.lower())) for text in (one, other))
    return len(first & second) / len(first | second) if first and second else 0.0
