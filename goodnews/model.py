"""What the room talks about: a story as it came through a door, and why something could not be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class GoodNewsError(Exception):
    """The message says what is the matter and what to do."""


@dataclass(frozen=True, slots=True)
class Story:
    """A school's submission, already cleaned: nothing in it can do more than be read."""

    school: str
    title: str
    text: str
    """Markdown: paragraphs, lists, quotations, links. May be empty."""
    link: str
    """The story's page on the school's own site; empty when it has none."""
    published: datetime | None
    """Aware, in UTC; None when the school does not say."""
    source: str
    """What tells the story from the school's others, and stays when its words change."""
    summary: str = ""
    """One sentence without Markdown."""


@dataclass(frozen=True, slots=True)
class Problem:
    message: str
    stops: bool
    """Nothing could be read. Otherwise the message is worth knowing, and the stories are there."""
