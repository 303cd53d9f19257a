"""Long sentences and hard reading, as advice; quotations are left alone (Q4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from builder.model import Finding
from builder.preflight.checks import Check
from builder.preflight.passages import Passage
from builder.preflight.prose import WORD, sentences

LONG = Check("long-sentence", "advice", "Q4", "Sentences over 25 words lose readers; the longest ones lose most.")
HARD = Check("hard-to-read", "advice", "Q4", "Busy readers read at a level some years below their schooling.")
CHECKS = (LONG, HARD)

TOO_LONG = 40  # words; 25 is the aim, but telling each of those would bury the ones that matter
ENOUGH_WORDS = 80  # a grade over fewer is chance
HARD_GRADE = 17.0  # measured: ordinary council prose on education is at 12 to 15


def check(passage: Passage) -> Iterator[Finding]:
    if not passage.is_body:
        return
    found = [(offset, _count(text)) for offset, text in sentences(passage.prose)]
    long = [(count, offset) for offset, count in found if count > TOO_LONG]
    prose = passage.prose
    if long:
        count, offset = max(long, key=lambda entry: (entry[0], -entry[1]))
        more = f", the longest of {len(long)} long ones" if len(long) > 1 else ""
        text = f"This sentence has {count} words{more}. Make two or three of it."
        yield LONG.at(prose.file, prose.line_at(offset), text)
    if (grade := reading_grade(passage)) > HARD_GRADE:
        yield HARD.at(
            prose.file, prose.line, f"The text is hard to read (grade {grade:.0f}). Shorter sentences help most."
        )


def reading_grade(passage: Passage) -> float:
    """Flesch-Kincaid: the years of schooling that a text asks for; 0 when it is too short to tell."""
    texts = [text for _, text in sentences(passage.prose) if _count(text) > 2]
    words = [match[0] for text in texts for match in WORD.finditer(text)]
    if len(words) < ENOUGH_WORDS:
        return 0.0
    return 0.39 * len(words) / len(texts) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end: right for nine English words in ten."""
    word = re.sub(r"(?:es|ed|e)$", "", word.lower()) if len(word) > 3 else word.lower()
    return max(1, len(re.findall(r"[aeiouy]+", word)))


def _count(text: str) -> int:
    return len(WORD.findall(text))
