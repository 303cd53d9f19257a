"""A mail's text → what its writer wrote: without signature, quoted thread, greeting and the small print under it."""

from __future__ import annotations

import re

MOST_LINES = 2_000
MOST_LINE = 5_000  # characters
SIGNATURE_LINES = 25  # a closing counts only so near the end
OWN = 40  # characters; whoever writes less above a forwarded mail means the forwarded one

_DASHES = re.compile(r"-- ?")
_SENT_FROM = re.compile(r"(?:sent from (?:my|outlook|mail|yahoo|samsung)|get outlook for|sent via)\b", re.IGNORECASE)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind(?:est)?|best|warm(?:est)?|many|very best)?\s?(?:regards|wishes|thanks)|thanks(?: very much| so much)?|thank you"
    r"|yours (?:sincerely|faithfully|truly)|cheers|sincerely|kr)\s*[,.!]?",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:hi|hello|dear|good (?:morning|afternoon)|morning|afternoon)\b[^.!?]{0,40}[,!.:]?", re.IGNORECASE
)
_WROTE = re.compile(r"(?:on|am|le)\b.{4,200}\b(?:wrote|schrieb|a écrit)\s*:", re.IGNORECASE)
_ORIGINAL = re.compile(r"-{2,}\s*(?:original message|original-nachricht)\s*-{2,}", re.IGNORECASE)
_FORWARDED = re.compile(r"(?:-{2,}\s*forwarded message\s*-{2,}|begin forwarded message:?)", re.IGNORECASE)
_HEADER = re.compile(r"\*?(?:from|sent|to|cc|subject|date|reply-to)\s*:\*?\s.*", re.IGNORECASE)
_RULE = re.compile(r"_{10,}|-{20,}")
_SMALL_PRINT = re.compile(
    r"(?:\W*)(?:this (?:e-?mail|message|communication)\b.{0,80}\b(?:confidential|intended|privileged)|confidentiality notice|disclaimer\b"
    r"|please consider the environment|to unsubscribe|view (?:this|it) in (?:your )?browser)",
    re.IGNORECASE,
)
_WARNING = re.compile(
    r"\W*(?:caution|warning|external(?: e-?mail)?)\b.{0,300}(?:sender|outside|organi[sz]ation|links|attachments).*",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """What is left may be empty."""
    lines = [line[:MOST_LINE].rstrip() for line in re.split(r"\r\n|\r|\n", text)[:MOST_LINES]]
    forwarded = next((n for n, line in enumerate(lines) if _FORWARDED.fullmatch(line.strip())), None)
    if forwarded is not None and len("".join(_ended(lines[:forwarded]))) < OWN:
        lines = _below_headers(lines[forwarded + 1 :])
    return "\n".join(_begun(_ended(lines))).strip()


def _below_headers(lines: list[str]) -> list[str]:
    n = 0
    while n < len(lines) and (not lines[n].strip() or _HEADER.fullmatch(lines[n].strip())):
        n += 1
    return lines[n:]


def _ended(lines: list[str]) -> list[str]:
    """Up to the first sign that the writer's own words are over; quoted lines between them go."""
    own = []
    for number, line in enumerate(lines):
        if _is_over(lines, number):
            break
        if not line.lstrip().startswith(">"):
            own.append(line)
    return own


def _is_over(lines: list[str], number: int) -> bool:
    line = lines[number].strip()
    if not line:
        return False
    if _DASHES.fullmatch(lines[number].lstrip()) or _SENT_FROM.match(line) or _SMALL_PRINT.match(line):
        return True
    if _ORIGINAL.fullmatch(line) or _FORWARDED.fullmatch(line) or _wrote(lines, number):
        return True
    if _is_header_block(lines, number):
        return True
    return bool(_CLOSING.fullmatch(line)) and sum(1 for each in lines[number:] if each.strip()) <= SIGNATURE_LINES


def _wrote(lines: list[str], number: int) -> bool:
    """ "On Tuesday … wrote:", which mail programs fold over two or three lines."""
    folded = " ".join(each.strip() for each in lines[number : number + 3])[:400]
    return bool(_WROTE.match(folded)) and "\n\n" not in "\n".join(lines[number : number + 2])


def _is_header_block(lines: list[str], number: int) -> bool:
    """Outlook: a rule, then From:, Sent:, To:, Subject:."""
    following = [each.strip() for each in lines[number : number + 6] if each.strip()]
    if following and _RULE.fullmatch(following[0]):
        following = following[1:]
    return len(following) >= 3 and all(_HEADER.fullmatch(each) for each in following[:3])


def _begun(lines: list[str]) -> list[str]:
    """Without the mail filter's warning and the greeting."""
    while lines and (not lines[0].strip() or _WARNING.fullmatch(lines[0].strip())):
        lines = lines[1:]
    if lines and _GREETING.fullmatch(lines[0].strip()):
        lines = lines[1:]
    return lines
