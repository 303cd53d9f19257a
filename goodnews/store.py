"""Stories, photos, histories and arrivals ↔ the database. The caller's connection, the caller's transaction."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, get_args

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import goodnews as tables
from goodnews import life
from goodnews.model import Changed, Consent, Contact, Event, Held, Photo, Received, State, Story

_STORY, _PHOTO, _EVENT = tables.story, tables.story_photo, tables.story_event
PLACE = ("bulletin", "edition", "slug")
TABLES_WITH_PEOPLE = ("story", "story_photo", "story_event", "story_arrival")


def token_hash(token: str) -> str:
    """How a school's link is stored: who has the database has no link."""
    return hashlib.sha256(token[:200].encode(errors="surrogatepass")).hexdigest()


# --- reading ---------------------------------------------------------------------------------------------------------


def by_reference(connection: Connection, reference: str) -> Held | None:
    return _one(connection, select(_STORY).where(_STORY.c.reference == reference))


def by_token(connection: Connection, token: str) -> Held | None:
    return _one(connection, select(_STORY).where(_STORY.c.token == token_hash(token)))


def by_origin(connection: Connection, origin: str) -> Held | None:
    return _one(connection, select(_STORY).where(_STORY.c.origin == origin))


def by_id(connection: Connection, number: int) -> Held | None:
    return _one(connection, select(_STORY).where(_STORY.c.id == number))


def listed(connection: Connection, *states: State, newest: bool = False, most: int = 500) -> list[Held]:
    """Stories in these states, all when none is named; the one that waits longest first."""
    order = _STORY.c.received_at.desc() if newest else _STORY.c.received_at
    wanted = select(_STORY).where(_STORY.c.state.in_(states or get_args(State)))
    return _all(connection, wanted.order_by(order, _STORY.c.id).limit(most))


def counts(connection: Connection) -> dict[str, int]:
    """State → stories."""
    rows = connection.execute(select(_STORY.c.state, func.count()).group_by(_STORY.c.state))
    return {row.state: row[1] for row in rows}


def placed(connection: Connection, bulletin: str, day: date) -> list[Held]:
    wanted = select(_STORY).where(_STORY.c.bulletin == bulletin, _STORY.c.edition == day, _STORY.c.slug != "")
    return [held for held in _all(connection, wanted.order_by(_STORY.c.id)) if held.is_placed]


def to_publish(connection: Connection, until: date) -> list[Held]:
    """Stories in an edition of that day or before, of which nobody has said yet that it is out."""
    states = ("accepted", "waiting", "asked")
    wanted = select(_STORY).where(_STORY.c.slug != "", _STORY.c.edition <= until, _STORY.c.state.in_(states))
    return _all(connection, wanted.order_by(_STORY.c.id))


def to_unpublish(connection: Connection) -> list[Held]:
    """Withdrawn or declined, and nobody has said yet that the item is gone."""
    states = ("withdrawn", "declined")
    wanted = select(_STORY).where(_STORY.c.slug != "", _STORY.c.state.in_(states))
    return _all(connection, wanted.order_by(_STORY.c.id))


def history(connection: Connection, number: int) -> list[Event]:
    rows = connection.execute(select(_EVENT).where(_EVENT.c.story_id == number).order_by(_EVENT.c.id))
    return [_event(row) for row in rows]


def photo_names(connection: Connection) -> set[str]:
    """Every photo that some story has: all other files may go."""
    return set(connection.execute(select(_PHOTO.c.name)).scalars())


def _one(connection: Connection, wanted: Select[Any]) -> Held | None:
    return next(iter(_all(connection, wanted)), None)


def _all(connection: Connection, wanted: Select[Any]) -> list[Held]:
    rows = connection.execute(wanted).all()
    photos: defaultdict[int, list[Photo]] = defaultdict(list)
    if rows:
        chosen = select(_PHOTO).where(_PHOTO.c.story_id.in_([row.id for row in rows]))
        for row in connection.execute(chosen.order_by(_PHOTO.c.place)):
            photos[row.story_id].append(_photo(row))
    return [_held(row, tuple(photos[row.id])) for row in rows]


def _held(row: Row[Any], photos: tuple[Photo, ...]) -> Held:
    return Held(
        id=row.id,
        reference=row.reference,
        door=row.door,
        state=row.state,
        version=row.version,
        story=Story(row.school, row.title, row.body, row.link, None, row.origin, row.summary),
        contact=Contact(row.contact_name, row.contact_role, row.contact_address),
        photos=photos,
        names_agreed=row.names_agreed,
        bulletin=row.bulletin,
        edition=row.edition,
        slug=row.slug,
        received_at=row.received_at,
        changed_at=row.changed_at,
    )


def _photo(row: Row[Any]) -> Photo:
    channels = frozenset(row.channels.split(",")) - {""}
    consent = Consent(row.people, channels, row.consent_by, row.consent_on)
    return Photo(row.name, row.look, row.width, row.height, row.alt, consent)


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.at, row.what, row.actor, row.words, row.letter)


# --- writing ---------------------------------------------------------------------------------------------------------


def receive(
    connection: Connection,
    received: Received,
    *,
    reference: str,
    token: str,
    state: State,
    at: datetime,
    letter: str = "",
) -> tuple[Held, bool]:
    """The story, and whether it is new: what came before from the same origin stays as it is, and says nothing again."""
    story = received.story
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {
        "reference": reference,
        "token": token_hash(token),
        "origin": story.source,
        "door": received.door,
        "state": state,
        **_words(story),
        **_person(received.contact),
        "names_agreed": received.names_agreed,
        "received_at": at,
        "changed_at": at,
    }
    made = dialect.insert(_STORY).values(values).on_conflict_do_nothing(index_elements=["origin"])
    is_new = connection.execute(made.returning(_STORY.c.id)).first() is not None
    held = by_origin(connection, story.source)
    assert held is not None
    if is_new:
        _write_photos(connection, held.id, received.photos, at)
        note(connection, held.id, "received", received.door, at, letter=letter)
        held = replace(held, photos=received.photos)
    return held, is_new


def act(
    connection: Connection,
    held: Held,
    what: str,
    actor: str,
    at: datetime,
    *,
    words: str = "",
    letter: str = "",
    story: Story | None = None,
    photos: tuple[Photo, ...] | None = None,
    contact: Contact | None = None,
    names_agreed: str | None = None,
    place: tuple[str, date, str] | None = None,
) -> Held:
    """One change and its line of history. Raises NotNow, and Changed when the story is no longer the one that was read."""
    changes: dict[str, Any] = {"state": life.after(what, held.state), "version": held.version + 1, "changed_at": at}
    changes |= _words(story) if story else {}
    changes |= _person(contact) if contact else {}
    changes |= dict(zip(PLACE, place, strict=True)) if place else {}
    changes |= {} if names_agreed is None else {"names_agreed": names_agreed}
    same = (_STORY.c.id == held.id, _STORY.c.version == held.version)
    if connection.execute(update(_STORY).where(*same).values(changes)).rowcount != 1:
        raise Changed("Somebody else changed this story in the meantime. Look at it again.")
    if photos is not None:
        connection.execute(delete(_PHOTO).where(_PHOTO.c.story_id == held.id))
        _write_photos(connection, held.id, photos, at)
    note(connection, held.id, what, actor, at, words=words, letter=letter)
    found = by_id(connection, held.id)
    assert found is not None
    return found


def note(
    connection: Connection,
    number: int,
    what: str,
    actor: str,
    at: datetime,
    *,
    words: str = "",
    letter: str = "",
) -> None:
    values = {"story_id": number, "at": at, "what": what, "actor": actor, "words": words, "letter": letter}
    connection.execute(insert(_EVENT).values(values))


def unplaced(connection: Connection, held: Held, actor: str, at: datetime) -> None:
    """The item is gone: from here on nothing has to be taken away again."""
    note(connection, held.id, "unpublished", actor, at, words=f"{held.bulletin}/{held.edition}/{held.slug}")
    connection.execute(update(_STORY).where(_STORY.c.id == held.id).values(slug=""))


def _words(story: Story) -> dict[str, str]:
    return {
        "school": story.school,
        "title": story.title,
        "summary": story.summary,
        "body": story.text,
        "link": story.link,
    }


def _person(contact: Contact) -> dict[str, str]:
    return {"contact_name": contact.name, "contact_role": contact.role, "contact_address": contact.address}


def _write_photos(connection: Connection, number: int, photos: Iterable[Photo], at: datetime) -> None:
    rows = [_row(number, place, photo, at) for place, photo in enumerate(photos)]
    if rows:
        connection.execute(insert(_PHOTO), rows)


def _row(number: int, place: int, photo: Photo, at: datetime) -> dict[str, Any]:
    consent = photo.consent
    return {
        "story_id": number,
        "place": place,
        "name": photo.name,
        "look": photo.look,
        "width": photo.width,
        "height": photo.height,
        "alt": photo.alt,
        "people": consent.people,
        "channels": ",".join(sorted(consent.given)) if consent.people == "people" else "",
        "consent_by": consent.by,
        "consent_on": consent.on,
        "consent_told_at": at if consent.people != "unsaid" else None,
    }
