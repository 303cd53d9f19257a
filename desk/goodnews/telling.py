"""What schools are told of their stories, in the transaction of what is done to them."""

from __future__ import annotations

from sqlalchemy import Connection

from builder.dates import say, say_clock
from desk.goodnews.newsroom import Newsroom
from goodnews.model import Held


def keep(room: Newsroom, connection: Connection, held: Held, letter: str, words: str = "") -> None:
    """In the transaction of what it is about: it leaves if and only if that was done. Whoever left no address gets none."""
    if letter and held.contact.address:
        room.writer.story(connection, letter, held.contact.address, values_of(room, held) | {"words": words})


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
