"""One door of the room: what was filled in on the page → a story, or everything in it that must be mended. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from goodnews import typed
from goodnews.clean import NAME, line, seen
from goodnews.model import CHANNELS, Consent, Contact, Door, Held, People, Photo, Received, Story

HEADLINE, SUMMARY, TEXT = 60, 100, 6_000  # characters; six to eight sentences are asked for
ROLE, ALT, ADDRESS = 60, 250, 254
SHOWN = 2  # times as much as allowed is shown back, so that nobody loses what they have to shorten
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to mend. `field`: the id of its input; `said`: words of its own, if it has any."""

    field: str
    code: str
    said: str = ""


ReadDay = Callable[[str], tuple[date | None, Sequence[Fault]]]


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was filled in; shown again, nothing is lost."""

    school: str = ""
    title: str = ""
    summary: str = ""
    text: str = ""
    """As it was typed, not Markdown."""
    name: str = ""
    role: str = ""
    address: str = ""
    photos: tuple[Photo, ...] = ()
    names_agreed: str = ""
    faults: tuple[Fault, ...] = ()
    photo_faults: tuple[Fault, ...] = ()

    def received(self, door: Door, origin: str) -> Received:
        text = typed.to_markdown(self.text, TEXT)
        story = Story(self.school, self.title, text, "", None, origin, self.summary)
        return Received(door, story, Contact(self.name, self.role, self.address), self.photos, self.names_agreed)


def of_held(held: Held) -> Filled:
    """The form of a story that is there already, for its school to change."""
    story, contact = held.story, held.contact
    return Filled(
        story.school,
        story.title,
        story.summary,
        typed.from_markdown(story.text),
        contact.name,
        contact.role,
        contact.address,
        held.photos,
        held.names_agreed,
    )


def changed(held: Held, filled: Filled) -> Story:
    """The story's new words. A text that was left as it was shown stays as it is: it may hold more than can be typed."""
    shown = typed.from_markdown(held.story.text)
    same = " ".join(filled.text.split()) == " ".join(shown.split())
    text = held.story.text if same else typed.to_markdown(filled.text, TEXT)
    return replace(held.story, school=filled.school, title=filled.title, summary=filled.summary, text=text)


def read(fields: Fields, photos: Sequence[Photo], today: date, read_day: ReadDay) -> Filled:
    """`photos`: those that were kept, in order; their words are in the fields alt-1, people-1 and so on.

    `read_day`: the name of a date's fields → the day, or what is wrong with it; both nothing when nothing was typed.
    """
    filled = Filled(
        school=_line(fields, "school", NAME),
        title=_line(fields, "title", HEADLINE),
        summary=_line(fields, "summary", SUMMARY),
        text=_text(fields),
        name=_line(fields, "name", NAME),
        role=_line(fields, "role", ROLE),
        address=_line(fields, "address", ADDRESS),
        names_agreed=_line(fields, "agreed-by", ROLE) if _one(fields, "agreed") else "",
    )
    read_photos, faults = [], list[Fault]()
    for number, photo in enumerate(photos, 1):
        words, wrong = _photo(fields, number, photo, today, read_day)
        read_photos.append(words)
        faults += wrong
    return replace(filled, photos=tuple(read_photos), faults=tuple(_word_faults(filled)), photo_faults=tuple(faults))


def _one(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")


def _line(fields: Fields, name: str, most: int) -> str:
    return line(_one(fields, name), most * SHOWN)


def _text(fields: Fields) -> str:
    """With its line ends, which become paragraphs."""
    text = seen(_one(fields, "text")[: TEXT * SHOWN * 2]).replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()[: TEXT * SHOWN]


def _word_faults(filled: Filled) -> list[Fault]:
    found = []
    for field, most in (("school", NAME), ("title", HEADLINE), ("summary", SUMMARY), ("text", TEXT), ("name", NAME)):
        value = getattr(filled, field)
        if not value:
            found.append(Fault(field, f"{field}-missing"))
        elif len(value) > most:
            found.append(Fault(field, f"{field}-long"))
    found += [] if filled.role else [Fault("role", "role-missing")]
    found += [Fault("role", "role-long")] if len(filled.role) > ROLE else []
    return found


def _photo(fields: Fields, number: int, photo: Photo, today: date, read_day: ReadDay) -> tuple[Photo, list[Fault]]:
    faults = []
    alt = _line(fields, f"alt-{number}", ALT)
    if not alt:
        faults.append(Fault(f"alt-{number}", "alt-missing"))
    elif len(alt) > ALT:
        faults.append(Fault(f"alt-{number}", "alt-long"))
    consent, wrong = _consent(fields, number, today, read_day)
    return replace(photo, alt=alt, consent=consent), [*faults, *wrong]


def _consent(fields: Fields, number: int, today: date, read_day: ReadDay) -> tuple[Consent, list[Fault]]:
    answer = _one(fields, f"people-{number}")
    people: People = "nobody" if answer == "nobody" else "people" if answer == "people" else "unsaid"
    if people == "unsaid":
        return Consent(), [Fault(f"people-{number}", "people-missing")]
    if people == "nobody":
        return Consent("nobody"), []
    channels = frozenset(fields.get(f"channels-{number}", ())) & frozenset(CHANNELS)
    by = _line(fields, f"by-{number}", ROLE)[:ROLE]
    on, wrong = _day(number, today, read_day)
    faults = [] if channels else [Fault(f"channels-{number}", "channels-missing")]
    faults += [] if by else [Fault(f"by-{number}", "by-missing")]
    return Consent("people", channels, by, on), [*faults, *wrong]


def _day(number: int, today: date, read_day: ReadDay) -> tuple[date | None, list[Fault]]:
    day, wrong = read_day(f"on-{number}")
    if wrong:
        return None, list(wrong)
    if day is None:
        return None, [Fault(f"on-{number}-day", "on-missing")]
    return (day, []) if day <= today else (None, [Fault(f"on-{number}-day", "on-future")])
