"""An edition as a whole: its day, its number, and whether there is anything in it."""

from __future__ import annotations

from collections.abc import Iterator

from builder.calendar import Note, slots
from builder.dates import DAYS, say
from builder.model import Edition, Finding
from builder.preflight.checks import Check
from builder.preflight.passages import Proof
from builder.select import in_letters

NO_ITEMS = Check("no-items", "block", "", "There would be nothing to send.")
NO_EDITION_DAY = Check("not-an-edition-day", "warn", "", "Readers expect the bulletin on its day, in term.")
NUMBER_JUMPS = Check("number-jumps", "warn", "", "Readers ask for the issue that is missing.")
NUMBER_AGAIN = Check("number-again", "warn", "", "Two editions with one number cannot be told apart.")
END_OF_TERM = Check("end-of-term", "advice", "", "The last edition of a term is often a special one.")
CHECKS = (NO_ITEMS, NO_EDITION_DAY, NUMBER_JUMPS, NUMBER_AGAIN, END_OF_TERM)


def check(proof: Proof) -> Iterator[Finding]:
    source = proof.edition.source
    if not in_letters(proof.edition, now=proof.sends, sends=proof.sends):
        why = "all its items are drafts, expired or held back" if proof.edition.items else "it has no items"
        yield NO_ITEMS.at(source.file, 0, f"The edition is empty: {why}.")
    yield from _day(proof)
    yield from _number(proof)


def _day(proof: Proof) -> Iterator[Finding]:
    edition, bulletin = proof.edition, proof.bulletin
    if bulletin.weekday is None or not proof.house.calendar.terms:
        return
    slot = next(iter(slots(bulletin, proof.house.calendar, edition.day, edition.day)), None)
    if slot is None:
        text = f"{say(edition.day)} is not a day on which {bulletin.name} comes out: that is {DAYS[bulletin.weekday]} in term."
        yield NO_EDITION_DAY.at(edition.source.file, 0, text)
    elif Note.LAST_OF_TERM in slot.notes and not edition.special:
        text = f'This is the last edition of {slot.term}. If it is a special one, add a line "special: …".'
        yield END_OF_TERM.at(edition.source.file, 1, text)


def _number(proof: Proof) -> Iterator[Finding]:
    edition = proof.edition
    before = _number_before(proof)
    if edition.number is None or before is None:
        return
    if edition.number <= before:
        text = (
            f"Number {edition.number} does not go on from {before}, the edition before. Leave number: out to count on."
        )
        yield NUMBER_AGAIN.on(edition.source, "number", text)
    elif edition.number > before + 1:
        text = f"The number jumps from {before} to {edition.number}. Leave number: out to count on."
        yield NUMBER_JUMPS.on(edition.source, "number", text)


def _number_before(proof: Proof) -> int | None:
    ours = (proof.bulletin.id, *proof.bulletin.succeeds)
    earlier: list[Edition] = [e for e in proof.content.editions if e.bulletin in ours and e.day < proof.edition.day]
    return max((e.number for e in earlier if e.number is not None), default=None)
