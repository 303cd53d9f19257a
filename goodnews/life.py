"""A story's life: what may be done to it in which state, and what it is then. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable

from goodnews.model import Held, NotNow, Photo, State, Story

_DESK: tuple[State, ...] = ("suggested", "waiting", "asked", "accepted")
# Which act, from which states, leads where; None: the state stays.
ACTS: dict[str, tuple[tuple[State, ...], State | None]] = {
    "accepted": ((*_DESK, "declined"), "accepted"),
    "asked": (("waiting", "asked", "accepted"), "asked"),
    "answered": (("waiting", "asked", "accepted"), "waiting"),
    "amended": (("waiting", "asked", "accepted"), "waiting"),
    "edited": (_DESK, None),
    "declined": (_DESK, "declined"),
    "withdrawn": (("suggested", "waiting", "asked", "accepted", "published", "declined"), "withdrawn"),
    # An item that is in the edition goes out with it, also when its school has changed something since.
    "published": (("accepted", "waiting", "asked"), "published"),
    "consented": (("waiting", "asked", "accepted", "published"), None),
    "unpublished": (("withdrawn", "declined"), None),
    "forgotten": (("published", "declined", "withdrawn", "suggested"), None),
}
REFERENCE_LETTERS = "23456789BCDFGHJKMNPQRTVWXYZ"  # no vowels, no look-alikes: it is said on the telephone
REFERENCE = re.compile(rf"GN-?([{REFERENCE_LETTERS}]{{6}})", re.IGNORECASE)


def after(act: str, state: State) -> State:
    """Raises NotNow."""
    allowed, leads_to = ACTS[act]
    if state not in allowed:
        raise NotNow(f"The story is {state}: it cannot be {act} now.")
    return leads_to or state


def may(act: str, held: Held) -> bool:
    return held.state in ACTS[act][0] and (act != "published" or bool(held.slug))


def new_reference(pick: Callable[[str], str] = secrets.choice) -> str:
    """Six of 27 letters: 387 million. Whoever knows one can do nothing with it."""
    return "GN-" + "".join(pick(REFERENCE_LETTERS) for _ in range(6))


def read_reference(text: str) -> str:
    """`gn-7k3m9q` and the like → as it is stored; empty when there is none in the text."""
    found = REFERENCE.search(text)
    return f"GN-{found[1].upper()}" if found else ""


def missing(held: Held) -> tuple[str, ...]:
    return missing_of(held.story, held.photos)


def missing_of(story: Story, photos: Iterable[Photo]) -> tuple[str, ...]:
    """Codes of what only the school can say: its name, and of each photo the words and the consent."""
    photos = tuple(photos)
    found = [] if story.school else ["school"]
    found += [] if story.title else ["title"]
    if any(not photo.alt for photo in photos):
        found.append("alt")
    if any(photo.consent.people == "unsaid" for photo in photos):
        found.append("consent")
    return tuple(found)
