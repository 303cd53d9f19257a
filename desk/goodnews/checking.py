"""What a person should know of a story before they accept it: missing words, people named beside faces, the same story again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from builder.headers import take_apart
from builder.items import read_item
from builder.model import Bulletin, House
from builder.preflight import people
from builder.preflight.passages import of_item
from builder.preflight.pictures import FILE_NAME, IMAGE_OF, alt_faults
from desk.goodnews.schools import School, known_as
from goodnews.form import Fault, Filled
from goodnews.life import missing
from goodnews.model import Held, Photo, Story
from goodnews.photos import alike as look_alike
from goodnews.rules import alike, photo_consent

MOST_TWINS = 3  # that are named; more tell nothing new
_ALT = {FILE_NAME.code: "alt-file-name", IMAGE_OF.code: "alt-image-of"}


@dataclass(frozen=True, slots=True)
class Note:
    """`stops`: the story cannot be accepted before this is settled. `about`: another story's reference, or nothing."""

    code: str
    stops: bool = False
    about: str = ""


def alt_problems(photos: Iterable[Photo]) -> list[Fault]:
    """File names and "image of" (Q5)."""
    return [
        Fault(f"alt-{number}", _ALT[check.code])
        for number, photo in enumerate(photos, 1)
        for check, _ in alt_faults(photo.alt, "")
        if photo.alt and check.code in _ALT
    ]


def personal(house: House, bulletin: Bulletin, story: Story, photos: Iterable[Photo]) -> frozenset[str]:
    """Codes of personal data in the story's words: telephone numbers, postcodes, a child's full name near a photo (Q9)."""
    shown = any(photo.consent.people != "nobody" for photo in photos)
    head = {"title": story.title, "summary": story.summary, "school": story.school, "kind": "good-news"}
    if shown:
        head |= {"image": "images/x.jpg", "alt": "x"}
    lines = "\n".join(f"{name}: {' '.join(value.split())}" for name, value in head.items() if value)
    written = take_apart(f"---\n{lines}\n---\n{story.text}\n".encode("utf-8", "replace"), "content/story.md")
    day = bulletin.first or house.calendar.terms[0].first if house.calendar.terms else None
    if day is None:
        return frozenset()
    item, _ = read_item(house, bulletin, day, written)
    if item is None:
        return frozenset()
    found = (finding for passage in of_item(item) for finding in people.check(passage, item, house.publisher))
    return frozenset(finding.code for finding in found)


def names_a_child(house: House, filled: Filled) -> bool:
    """A child's full name next to a face: it needs an adult's own word (Q9)."""
    story = filled.received("form", "").story
    faces = [photo for photo in filled.photos if photo.consent.people == "people"]
    return bool(faces) and people.CHILD.code in personal(house, house.main_bulletin, story, faces)


def notes(house: House, schools: tuple[School, ...], held: Held, others: Iterable[Held]) -> list[Note]:
    """All of it in one pass, what stops first."""
    found = [Note(f"{code}-needed", stops=code in ("school", "title")) for code in missing(held)]
    found += [Note(code) for code in sorted(_of_words(house, held))]
    if schools and held.story.school and known_as(schools, held.story.school) not in {s.name for s in schools}:
        found.append(Note("school-not-listed"))
    found += [Note("photo-not-shown") for photo in held.photos if not photo_consent(photo)][:1]
    found += islice(_twins(held, others), MOST_TWINS)
    return sorted(found, key=lambda note: not note.stops)


def _of_words(house: House, held: Held) -> Iterator[str]:
    for code in personal(house, house.main_bulletin, held.story, held.photos):
        if code == people.CHILD.code and held.names_agreed:
            yield "childs-name-agreed"
        else:
            yield code


def _twins(held: Held, others: Iterable[Held]) -> Iterator[Note]:
    for other in others:
        if other.id == held.id:
            continue
        if alike(held.story, other.story):
            yield Note("same-story", about=other.reference)
        elif any(look_alike(mine.look, theirs.look) for mine in held.photos for theirs in other.photos):
            yield Note("same-photo", about=other.reference)


def must_agree(found: Iterable[Note]) -> bool:
    """Whether accepting needs a person's own word that a child's full name may stand beside a face."""
    return any(note.code in (people.CHILD.code, "childs-name-agreed") for note in found)
