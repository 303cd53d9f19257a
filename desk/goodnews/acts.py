"""What is done to stories, one short act each: received, asked, changed, accepted, declined, withdrawn, published.

Files come first, then the database with the letter to the school, in one transaction: so each act can be done again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

import db
from desk.goodnews import placing, removing, telling
from desk.goodnews.newsroom import Newsroom
from desk.goodnews.signing import signed
from goodnews import arrivals, life, retention, store
from goodnews.form import Filled, changed
from goodnews.model import Arrival, GoodNewsError, Held, NotNow, Photo, Received, State, Story
from goodnews.rules import photo_consent

SCHOOL = "school"
IN_GIT = "in-git"
"""A line of a story's history: how many commits of content/ hold it still."""
Also = Callable[[Connection], None] | None
"""What else belongs into the same transaction: the record of who did what."""


@dataclass(frozen=True, slots=True)
class Gone:
    held: Held
    mailed: int
    """Letters that carried it and have left."""
    everywhere: bool
    """False: the site could not be built anew; its page and photos are gone, lists and feeds follow by themselves."""


def receive(
    room: Newsroom,
    received: Received,
    state: State,
    *,
    letter: str = "",
    words: str = "",
    arrival: Arrival | None = None,
) -> tuple[Held, bool]:
    """The story and whether it is new. `arrival`: what it came as, noted in the same transaction."""
    with db.writing(room.engine) as connection:
        reference = _free_reference(room, connection)
        held, is_new = store.receive(
            connection,
            received,
            reference=reference,
            token=room.token(reference),
            state=state,
            at=room.now,
            letter=letter,
        )
        if is_new:
            telling.keep(room, connection, held, letter, words)
        if arrival:
            arrivals.note(connection, replace(arrival, story_id=held.id))
    room.writer.sending.hurry()
    return held, is_new


def _free_reference(room: Newsroom, connection: Connection) -> str:
    while True:
        reference = life.new_reference(lambda letters: letters[room.random(1)[0] % len(letters)])
        if store.by_reference(connection, reference) is None:
            return reference


def receive_form(room: Newsroom, filled: Filled, origin: str, *, write_back: bool = True) -> Held:
    return receive(room, filled.received("form", origin), "waiting", letter="received" if write_back else "")[0]


# --- by the school ---------------------------------------------------------------------------------------------------


def amend(room: Newsroom, held: Held, filled: Filled) -> Held:
    """The school changed its story, or completed it: somebody reads it once more. Raises Changed and NotNow."""
    if not room.may_amend(held):
        raise NotNow("Copy has closed for this edition.")
    with db.writing(room.engine) as connection:
        return store.act(
            connection,
            held,
            "amended",
            SCHOOL,
            room.now,
            story=changed(held, filled),
            photos=filled.photos,
            contact=replace(held.contact, name=filled.name, role=filled.role),
            names_agreed=filled.names_agreed,
        )


def answer(room: Newsroom, held: Held, words: str) -> Held:
    """To a question of ours, in words. Raises Changed and NotNow."""
    with db.writing(room.engine) as connection:
        return store.act(connection, held, "answered", SCHOOL, room.now, words=words)


# --- by the desk -----------------------------------------------------------------------------------------------------


def edit(room: Newsroom, held: Held, story: Story, photos: tuple[Photo, ...], actor: str, *, also: Also = None) -> Held:
    return _act(room, held, "edited", actor, story=story, photos=photos, also=also)


def ask(room: Newsroom, held: Held, words: str, actor: str, *, also: Also = None) -> Held:
    return _act(room, held, "asked", actor, words=words, letter="asked", also=also)


def decline(room: Newsroom, held: Held, words: str, actor: str, *, also: Also = None) -> Held:
    """Its item goes when it had one; suggestions from feeds are declined without a letter, nobody sent them to us."""
    found = _act(room, held, "declined", actor, words=words, letter="declined", also=also)
    if found.slug:
        _take_down(room, found, actor)
    return found


def accept(
    room: Newsroom, held: Held, bulletin: str, day: date, actor: str, *, checked: str = "", also: Also = None
) -> Held:
    """Into an edition: the item's file and its photos first, under a name that stays, so that doing it again is harmless."""
    life.after("accepted", held.state)
    place = placing.place_of(held, bulletin, day)
    with room.press(drafts=True) as press:
        placing.write(press, room.shelf, held, place, signed(room, actor, "accepted", held.reference), checked=checked)
    at = (place.bulletin, place.day, place.slug)
    try:
        found = _act(room, held, "accepted", actor, place=at, letter="accepted", also=also)
    except GoodNewsError:
        if not held.slug:  # somebody else has just declined or withdrawn it
            placing.take_away(room.root, place.slug, signed(room, actor, "withdrawn", held.reference))
        raise
    return found


def withdraw(room: Newsroom, held: Held, actor: str, *, also: Also = None) -> Gone:
    """Gone from content, site, feeds, caches and future mail; what has been mailed is counted, to be said plainly."""
    before = removing.mailed(room.engine, held)
    bare = replace(held.story, text="", summary="", link="")  # what is left says only which story it was
    found = _act(
        room, held, "withdrawn", actor, words=_of(before), letter="withdrawn", story=bare, photos=(), also=also
    )
    gone = _take_down(room, found, actor) if found.slug else True
    _drop_photos(room, held.photos)
    return Gone(found, before, gone)


def take_photos_down(room: Newsroom, held: Held, actor: str, *, also: Also = None) -> Gone:
    """The words stay, every photo goes, everywhere."""
    before = removing.mailed(room.engine, held)
    found = _act(room, held, "consented", actor, words=_of(before), photos=(), also=also)
    everywhere = True
    if found.is_placed and found.edition:
        removing.hold_mailings(room.engine, found)
        with room.press(drafts=True) as press:
            removing.drop_pictures(press, held)
            place = placing.place_of(found, found.bulletin, found.edition)
            placing.write(press, room.shelf, found, place, signed(room, actor, "consented", held.reference))
            everywhere = removing.publish_again(press)
    _drop_photos(room, held.photos)
    return Gone(found, before, everywhere)


def _of(mailed: int) -> str:
    return f"{mailed} letters" if mailed else ""


def _act(
    room: Newsroom,
    held: Held,
    what: str,
    actor: str,
    *,
    words: str = "",
    letter: str = "",
    also: Also = None,
    **more: Any,
) -> Held:
    """One transaction: the change, its line of history, the letter about it, the record of who did it."""
    letter = letter if held.contact.address else ""
    with db.writing(room.engine) as connection:
        found = store.act(connection, held, what, actor, room.now, words=words, letter=letter, **more)
        if more.get("photos") == ():
            _note_consent(room, connection, held, actor)
        telling.keep(room, connection, found, letter, words)
        if also:
            also(connection)
    room.writer.sending.hurry()
    return found


def _note_consent(room: Newsroom, connection: Connection, held: Held, actor: str) -> None:
    """What had been agreed to is still known when the photo is gone."""
    for consent in filter(None, map(photo_consent, held.photos)):
        store.note(connection, held.id, retention.CONSENT, actor, room.now, words=consent)


def _take_down(room: Newsroom, held: Held, actor: str) -> bool:
    removing.hold_mailings(room.engine, held)
    with room.press(drafts=True) as press:
        by = signed(room, actor, "withdrawn", held.reference)
        gone = removing.remove(room.settings, press, held, actor, by)
    if gone.everywhere:
        with db.writing(room.engine) as connection:
            store.unplaced(connection, held, actor, room.now)
            if gone.in_git:
                store.note(connection, held.id, IN_GIT, actor, room.now, words=str(gone.in_git))
    return gone.everywhere


def _drop_photos(room: Newsroom, photos: tuple[Photo, ...]) -> None:
    """Their files go at once, but for those that another story has too."""
    with db.reading(room.engine) as connection:
        used = store.photo_names(connection)
    for photo in photos:
        if photo.name not in used:
            room.shelf.drop(photo.name)


# --- by the clock ----------------------------------------------------------------------------------------------------


def look_after(room: Newsroom) -> int:
    """What the clock brings: stories that are out, and what could not be taken down. How many."""
    return publish(room) + _finish_withdrawals(room)


def publish(room: Newsroom) -> int:
    """Stories whose edition has gone out and whose page is there: their schools get its address."""
    with db.reading(room.engine) as connection:
        waiting = store.to_publish(connection, room.today)
    done = 0
    for held in waiting:
        if _is_out(room, held):
            _act(room, held, "published", "clock", letter="published")
            done += 1
    return done


def _is_out(room: Newsroom, held: Held) -> bool:
    bulletin = room.house.bulletins.get(held.bulletin)
    if bulletin is None or held.edition is None or room.house.sends(held.bulletin, held.edition) > room.now:
        return False
    return (room.root / "site" / bulletin.path / "items" / held.slug / "index.html").is_file()


def _finish_withdrawals(room: Newsroom) -> int:
    """Those that a crash, or a fault in the content, left half done."""
    with db.reading(room.engine) as connection:
        left = store.to_unpublish(connection)
    return sum(_take_down(room, held, "clock") for held in left)
