"""The plain text of a letter against its HTML: the same words, the same addresses (E14)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

from builder.model import Finding, Letter
from builder.preflight.checks import Check
from builder.preflight.page import Element

RECALL = Check("text-lacks-words", "block", "E14", "Who reads plain text reads the whole edition.")
LACKS_LINK = Check("text-lacks-link", "block", "E14", "Who reads plain text can follow every link.")
ADDS_LINK = Check("text-adds-link", "block", "E14", "Both parts of a letter lead to the same places.")
ORDER = Check("text-order", "block", "E14", "Both parts of a letter tell the same things in the same order.")
CHECKS = (RECALL, LACKS_LINK, ADDS_LINK, ORDER)

LEAST_RECALL = 0.98
_ADDRESS = re.compile(r"https?://[^\s<>\"']+|\[\[[a-z-]+\]\]")


def check(letter: Letter, top: Element, file: str) -> Iterator[Finding]:
    """`top`: the letter's HTML, read. `file`: the edition's."""
    recall, lacking = word_recall(top.text(skip=_leads_within), letter.text)
    if recall < LEAST_RECALL:
        text = f"The plain text has only {recall:.1%} of the words of {letter.variant.id}. It lacks: {', '.join(lacking[:8])}."
        yield RECALL.at(file, 0, text)
    if heading := _first_out_of_order(top, letter.text):
        yield ORDER.at(
            file, 0, f'The plain text of {letter.variant.id} lacks the heading "{heading}", or has it elsewhere.'
        )
    linked = set(_linked(top))
    for address in sorted(linked):
        if not _is_told(address, letter.text):
            yield LACKS_LINK.at(file, 0, f"The plain text does not tell {address}.")
    known = {*linked, *map(_trimmed, _ADDRESS.findall(top.text()))}
    for address in sorted({_trimmed(found) for found in _ADDRESS.findall(letter.text)} - known):
        yield ADDS_LINK.at(file, 0, f"The plain text tells {address}, which the letter does not.")


def _leads_within(element: Element) -> bool:
    """ "Back to contents": plain text has no places to jump to."""
    return element.tag == "a" and element.attributes.get("href", "").startswith("#")


def word_recall(shown: str, text: str) -> tuple[float, list[str]]:
    """(the share of the words shown that the text has too, the words that it lacks)."""
    wanted, had = (Counter(re.findall(r"\w+", part.casefold())) for part in (shown, text))
    lacking = wanted - had
    total = sum(wanted.values())
    return (1 - sum(lacking.values()) / total if total else 1.0), [word for word, _ in lacking.most_common()]


def _first_out_of_order(top: Element, text: str) -> str:
    """The first heading that does not stand after the one before it; empty when all do."""
    text, place = _plain(text), 0
    for heading in top.all("h1", "h2", "h3"):
        words = _plain(heading.text())
        place = text.find(words, place)
        if place < 0:
            return heading.text()
        place += len(words)
    return ""


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _linked(top: Element) -> Iterator[str]:
    for link in top.all("a"):
        address = unescape(link.attributes.get("href", "")).strip()
        if address and not address.startswith("#"):
            yield address


def _is_told(address: str, text: str) -> bool:
    """A mail address without its scheme, a number however its digits are grouped."""
    if address.startswith("tel:"):
        return re.sub(r"\D", "", address) in re.sub(r"[\s()-]", "", text)
    if address.startswith("mailto:"):
        return address[7:].partition("?")[0] in text
    return address in text


def _trimmed(address: str) -> str:
    address = address.rstrip(".,;:!?'\"")
    return address[:-1] if address.endswith(")") and "(" not in address else address
