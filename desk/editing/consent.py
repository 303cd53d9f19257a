"""The header "photo-consent" ↔ its questions in the form: can anybody be recognised, where may it go, who recorded it, when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from builder.dates import say_short
from builder.items import CHANNELS
from desk import dateboxes
from desk.dateboxes import EMPTY, MISSING, PARTS, Boxes, Wrong
from desk.editing import plain

NAME = "photo-consent"
PREFIX = "c-"
ORDER = ("email", "web", "social")
NOBODY = "no people"
_WRITTEN = re.compile(r"([^()]+)\(([^()]+)\)")
KEPT = f"{NAME}/"  # of the values of a form, those that could not be written


@dataclass(frozen=True, slots=True)
class Answers:
    """`people`: nobody, people, or nothing. `as_text`: a header that says something else; it is shown as it is."""

    people: str = ""
    channels: frozenset[str] = frozenset()
    by: str = ""
    on: Boxes = EMPTY
    as_text: str = ""


def shown(values: Mapping[str, str]) -> Answers:
    if f"{KEPT}people" in values:
        channels = frozenset(values[f"{KEPT}channels"].split())
        on = Boxes(**{part: values.get(f"{KEPT}{part}", "") for part in PARTS})
        return Answers(values[f"{KEPT}people"], channels, values[f"{KEPT}by"], on)
    return taken_apart(values.get(NAME, ""))


def taken_apart(text: str) -> Answers:
    text = plain.one_line(text)
    if not text or text.lower() == NOBODY:
        return Answers("nobody" if text else "")
    found = _WRITTEN.fullmatch(text)
    channels = frozenset(part.strip().lower() for part in found[1].split(",")) if found else frozenset()
    if not found or not channels <= CHANNELS:
        return Answers(as_text=text)
    by, _, day = found[2].partition(",")
    on = dateboxes.shown(day)
    return Answers("people", channels, by.strip(), on) if day else Answers("people", channels, found[2].strip())


def read(form: Mapping[str, Iterable[str]], held: str) -> dict[str, str]:
    """The header's value; what is not complete is kept beside it. `held`: the file's, which stays while nothing changed."""
    if f"{PREFIX}people" not in form and f"{PREFIX}by" not in form:
        return {}
    answers = _answers(form)
    if answers == taken_apart(held):
        return {NAME: held}
    if wrongs(answers):
        kept = {f"{KEPT}{part}": value for part, value in answers.on.named.items()}
        more = {"people": answers.people, "channels": " ".join(sorted(answers.channels)), "by": answers.by}
        return {NAME: held, **kept, **{f"{KEPT}{name}": value for name, value in more.items()}}
    return {NAME: _written(answers)}


def _answers(form: Mapping[str, Iterable[str]]) -> Answers:
    people = _one(form, "people")
    if people != "people":
        return Answers("nobody" if people == "nobody" else "")
    channels = frozenset(form.get(f"{PREFIX}channels", ())) & CHANNELS
    by = re.sub(r"[()]", " ", _one(form, "by"))
    return Answers("people", channels, plain.one_line(by), dateboxes.typed(form, f"{PREFIX}on") or Boxes())


def _one(form: Mapping[str, Iterable[str]], name: str) -> str:
    return plain.one_line(next(iter(form.get(f"{PREFIX}{name}", ())), ""))


def _written(answers: Answers) -> str:
    if answers.people != "people":
        return NOBODY if answers.people else ""
    day, _ = dateboxes.read_day(answers.on)
    said = say_short(day) if day else ""
    return f"{', '.join(c for c in ORDER if c in answers.channels)} ({answers.by}, {said})"


def wrongs(answers: Answers) -> tuple[Wrong, ...]:
    """What is missing for the words of a consent. `part`: channels, by, or a box of the date, on-day."""
    if answers.people != "people":
        return ()
    found = [] if answers.channels else [Wrong("channels", "consent-channels")]
    found += [] if answers.by else [Wrong("by", "consent-by")]
    _, of_date = dateboxes.read_day(answers.on)
    if not answers.on:
        of_date = MISSING
    return (*found, *(Wrong(f"on-{wrong.part}", wrong.code, wrong.found, wrong.more) for wrong in of_date))
