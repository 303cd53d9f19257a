"""Schools' news feeds → suggestions that wait for somebody at the desk. Nobody is written to: nobody sent them to us."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import db
from desk import stories
from desk.goodnews import acts
from desk.goodnews.newsroom import Newsroom
from desk.stories import Fetch, Gathered
from goodnews import arrivals, store
from goodnews.model import Arrival, Received, Story
from goodnews.rules import mark


def take_feeds(
    room: Newsroom, school: str = "", place: str = "", fetch: Fetch | None = None
) -> tuple[Counter[str], Gathered]:
    """New entries become suggestions, each once. A feed that cannot be read is set aside for staff, and stops no other.

    Raises CannotTake and GoodNewsError.
    """
    with room.press() as press:
        gathered = stories.look(press, room.settings.rooms["goodnews"], school, place, fetch)
    taken = Counter[str]()
    for waiting in gathered.stories:
        taken["known" if waiting.taken else _suggest(room, waiting.story)] += 1
    for trouble in gathered.troubles:
        _note(room, str(trouble), trouble.source.url)
    return taken, gathered


def _suggest(room: Newsroom, story: Story) -> str:
    origin = f"feed:{mark(story)}"
    with db.reading(room.engine) as connection:
        if store.by_origin(connection, origin):
            return "known"
    found = Received("feed", replace(story, source=origin))
    arrival = Arrival(origin, "feed", room.now, "story", title=story.title)
    _, is_new = acts.receive(room, found, "suggested", arrival=arrival)
    return "new" if is_new else "known"


def _note(room: Newsroom, said: str, url: str) -> None:
    """Once a day for each feed."""
    key = f"feed:{room.today}:{url}"
    with db.writing(room.engine) as connection:
        arrivals.note(connection, Arrival(key, "feed", room.now, "set-aside", "feed-trouble", url, said))
