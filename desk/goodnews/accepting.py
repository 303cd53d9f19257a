"""Whether a story may go into an edition, and what a person has to take responsibility for first."""

from __future__ import annotations

import db
from builder.preflight.people import CHILD
from desk.goodnews import checking
from desk.goodnews.checking import Note
from desk.goodnews.newsroom import Newsroom
from goodnews import store
from goodnews.model import Held


class CannotAccept(Exception):
    """The message says what is in the way. `code`: of the note that stops."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def notes_on(room: Newsroom, held: Held) -> list[Note]:
    """What the checks found, other stories that are like it too."""
    with db.reading(room.engine) as connection:
        others = store.listed(connection, newest=True, most=2_000)
    return checking.notes(room.house, room.schools(), held, others)


def refuse_unfit(room: Newsroom, held: Held, *, names_agreed: bool) -> str:
    """The codes for the item's `checked:` header. Raises CannotAccept."""
    found = notes_on(room, held)
    for note in found:
        if note.stops:
            raise CannotAccept(
                f"{held.reference} cannot be accepted yet: {note.code}. Ask its school, or edit it.", note.code
            )
    if not checking.must_agree(found):
        return ""
    if not names_agreed:
        raise CannotAccept(
            f"{held.reference} seems to give a child's full name near a photo. Take it out, or say that the family agreed.",
            CHILD.code,
        )
    return CHILD.code
