"""Acronyms that an edition never explains, or explains after it has used them (Q1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct, field

from builder.model import Finding, Tags
from builder.preflight.checks import Check
from builder.preflight.passages import Passage, Proof
from builder.preflight.prose import WORD, Prose

UNEXPLAINED = Check("acronym", "warn", "Q1", "A reader who does not know an acronym loses the sentence.")
CHECKS = (UNEXPLAINED,)

SMALL_WORDS = frozenset(["and", "of", "the", "for", "in", "to", "on", "with", "at", "an", "a", "as", "or", "by"])
# Capitals that are emphasis, letters after a name, or a numeral: nothing to write out.
NO_ACRONYMS = frozenset(
    "ACTION ALL AND ANY ASAP DEADLINE DO FREE FOR IMPORTANT MUST NEW NO NOT NOTE NOW OK ONLY OR PLEASE REMINDER SAVE THE TO "
    "UPDATE URGENT YES YOU YOUR BA BED BSC CBE DBE KBE KC MA MBE MBA MED MSC OBE PHD AM PM BST GMT NB PS RSVP TBA TBC TODO".split()
)
_NUMERAL = re.compile(r"[IVX]+")
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b[A-Z]{1,2}\d{1,4}\b")
_CANDIDATE = re.compile(r"(?<![\w@/.-])[A-Za-z][A-Za-z&]+(?![\w@]|\.\w)")
MOST_LETTERS = 10  # longer words in capitals are shouted, not abbreviated
FURTHER_WORDS = 2  # "… Plans, known as EHCPs"


class Use(Struct):
    """Where an acronym stands without its meaning; the first such place counts."""

    shown: str
    passage: Passage
    offset: int


class Reader(Struct):
    """Goes through an edition once, from the top, remembering what it was told."""

    known: Tags
    told: set[str] = field(default_factory=set)
    wanted: dict[str, Use] = field(default_factory=dict)
    told_later: dict[str, str] = field(default_factory=dict)

    def read(self, passage: Passage) -> None:
        words = passage.prose.words
        for shown, offset in candidates(words):
            name = bare(shown)
            if name in self.known or name in self.told or _is_shouted(words, offset, shown):
                continue
            if explained(shown, passage.prose, offset):
                self.told.add(name)
                if name in self.wanted:
                    place = passage.prose
                    self.told_later.setdefault(name, f"{place.file}, line {place.line_at(offset)}")
            else:
                self.wanted.setdefault(name, Use(shown, passage, offset))


def check(proof: Proof) -> Iterator[Finding]:
    """A title may use what its own item explains, so each title is read after its body."""
    reader = Reader(frozenset(map(bare, proof.house.words.known_acronyms)))
    for passage in _in_reading_order(proof.passages()):
        reader.read(passage)
    yield from findings(reader)


def check_passages(passages: Iterator[Passage], known: Tags) -> Iterator[Finding]:
    reader = Reader(frozenset(map(bare, known)))
    for passage in _in_reading_order(passages):
        reader.read(passage)
    yield from findings(reader)


def findings(reader: Reader) -> Iterator[Finding]:
    for name, use in reader.wanted.items():
        prose = use.passage.prose
        line = prose.line_at(use.offset)
        if name in reader.told_later:
            where = reader.told_later[name]
            text = f'"{use.shown}" is used here and explained only later ({where}). Write it out here.'
        else:
            text = f'"{use.shown}" is not explained. Write it out once, followed by ({use.shown}), or add it to known-acronyms.'
        yield UNEXPLAINED.at(prose.file, line, text)


def _in_reading_order(passages: Iterator[Passage]) -> Iterator[Passage]:
    waiting: list[Passage] = []
    for passage in passages:
        if passage.part in {"title", "subject", "preheader"}:
            waiting.append(passage)
        elif passage.is_body:
            yield passage
            yield from waiting
            waiting = []
    yield from waiting


def bare(shown: str) -> str:
    """EHCPs → EHCP, SENCo → SENCO: one name for all its forms."""
    return (shown[:-1] if shown.endswith("s") else shown).upper()


def candidates(words: str) -> Iterator[tuple[str, int]]:
    text = _POSTCODE.sub(lambda m: " " * len(m[0]), words)
    for match in _CANDIDATE.finditer(text):
        if _looks_like_one(match[0]):
            yield match[0], match.start()


def _looks_like_one(word: str) -> bool:
    """Two capitals or more, and more of them than small letters: SEND, DfE, EHCPs; not WiFi, not McArthur."""
    letters = word.removesuffix("s").replace("&", "")
    capitals = sum(map(str.isupper, letters))
    name = bare(word)
    return (
        word[0].isupper()
        and capitals >= 2
        and capitals * 2 > len(letters)
        and len(letters) <= MOST_LETTERS
        and name not in NO_ACRONYMS
        and not _NUMERAL.fullmatch(name)
    )


def _is_shouted(words: str, offset: int, shown: str) -> bool:
    """One of several words in capitals in a row (PLEASE RETURN BY NOON), or a word that stands in small letters too."""
    if len(shown) > 4 and re.search(rf"\b(?:{shown.lower()}|{shown.capitalize()})\b", words):
        return True
    before = re.search(r"(\w+)[ \t]*$", words[max(0, offset - 40) : offset])
    after = re.match(r"[ \t]*(\w+)", words[offset + len(shown) : offset + len(shown) + 40])
    return any(word and len(word[1]) > 1 and word[1].isupper() and word[1].isalpha() for word in (before, after))


def explained(shown: str, prose: Prose, offset: int) -> bool:
    """Whether its meaning stands right before it, or in brackets right after it."""
    text = prose.words
    letters = bare(shown).replace("&", "").lower()
    before = _parts(text[max(0, offset - 40 - 25 * len(letters)) : offset])
    after = re.match(r"[\s,]*\(([^()]{3,200})\)", text[offset + len(shown) : offset + 250])
    return _ends_with_meaning(letters, before, _in_brackets(text, offset, shown)) or bool(
        after and _spells(letters, _parts(after[1]))
    )


def _in_brackets(text: str, offset: int, shown: str) -> bool:
    return text[:offset].rstrip(" '\"“‘").endswith("(") and text[offset + len(shown) :][:3].lstrip("'\"”’ ")[:1] in ")"


def _parts(text: str) -> list[str]:
    return [part for match in WORD.finditer(text.lower()) for part in re.split(r"[-&]", match[0]) if part]


def _ends_with_meaning(letters: str, before: Sequence[str], in_brackets: bool) -> bool:
    if in_brackets and any(word[0] == letters[0] for word in before[-len(letters) - 4 :]):
        return len(before) > 1
    for start in range(max(0, len(before) - 2 * len(letters) - 4), len(before)):
        used = _spells(letters, before[start:])
        if used and len(before) - start - used <= FURTHER_WORDS:
            return True
    return False


def _spells(letters: str, words: Sequence[str]) -> int:
    """How many words it takes to spell the letters with their beginnings; 0 when they do not.

    Small words may be passed over, and a word may give several of its first letters: co-ordinator, coordinator → CO.
    """
    if not words or words[0][0] != letters[0]:
        return 0
    return next(islice(_spellings(letters, words, 0), 1), 0)


def _spellings(letters: str, words: Sequence[str], used: int) -> Iterator[int]:
    if not letters:
        yield used
        return
    if used == len(words):
        return
    word = words[used]
    for taken in range(1, min(len(letters), len(word), 3) + 1):
        if word[:taken] == letters[:taken]:
            yield from _spellings(letters[taken:], words, used + 1)
    if word in SMALL_WORDS and used:
        yield from _spellings(letters, words, used + 1)
