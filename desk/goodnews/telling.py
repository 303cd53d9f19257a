"""What schools are told, and when: every letter waits in the story's history until it has been handed over to be sent."""

from __future__ import annotations

import logging
from collections.abc import Collection

import db
from builder.dates import say, say_clock
from desk.goodnews.newsroom import Newsroom
from goodnews import store
from goodnews.model import Event, Held

log = logging.getLogger("bulletin.goodnews")
LETTERS = ("received", "needed", "asked", "accepted", "published", "declined", "withdrawn")
"""Each is content/letters/story-<name>.md."""


def tell(room: Newsroom, *stories: int) -> int:
    """Hands over what waits, of these stories or of all; how many letters. What cannot be handed over waits for next time.

    A letter that was handed over twice, because the machine stopped in between, has the same Message-ID both times.
    """
    handed = 0
    for held, event in _waiting(room, stories):
        try:
            _hand_over(room, held, event)
        except OSError as error:
            log.error("A letter to a school could not be kept: %s", error.strerror)
            break
        with db.writing(room.engine) as connection:
            store.told(connection, event.id, room.now)
        handed += 1
    return handed


def _waiting(room: Newsroom, stories: Collection[int]) -> list[tuple[Held, Event]]:
    with db.reading(room.engine) as connection:
        return store.to_tell(connection, only=stories)


def _hand_over(room: Newsroom, held: Held, event: Event) -> None:
    if not held.contact.address:
        return
    values = values_of(room, held) | {"words": event.words}
    name = f"{held.reference.lower()}-{event.id}"
    room.writer.story(f"story-{event.letter}", held.contact.address, values, name)


def values_of(room: Newsroom, held: Held) -> dict[str, str]:
    """What may stand in any letter about a story."""
    return {
        "reference": held.reference,
        "title": held.story.title,
        "school": held.story.school,
        "status": room.link(held),
        "edition": say(held.edition) if held.edition else "",
        "cut-off": spoken_cut_off(room, held),
        "permalink": permalink(room, held),
    }


def spoken_cut_off(room: Newsroom, held: Held) -> str:
    """ "Thursday 16 January 2025, noon", for the edition it stands in, or else the next one that is open."""
    closes = room.cut_off(held.bulletin, held.edition) if held.slug and held.edition else None
    if closes is None:
        slot = room.next_edition()
        closes = slot.cut_off if slot else None
    if closes is None:
        return ""
    there = closes.astimezone(room.house.calendar.zone)
    return f"{say(there.date())}, {say_clock(there.time())}"


def permalink(room: Newsroom, held: Held) -> str:
    bulletin = room.house.bulletins.get(held.bulletin)
    if not held.slug or bulletin is None:
        return ""
    top = "" if bulletin.main else f"{bulletin.id}/"
    return f"{room.house.publisher.url}/{top}items/{held.slug}/"
