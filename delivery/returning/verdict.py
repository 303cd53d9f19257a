"""A status code and a server's words → whether a mailbox is gone (hard), cannot take it now (soft), or we are not wanted (policy)."""

import re
from typing import Literal

from delivery.returning.phrases import FULL, PASSING, POLICY, UNKNOWN

Kind = Literal["hard", "soft", "policy", "complaint"]

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_ABOUT_US = re.compile(r"sender|spam|blocked|spamhaus|reputation|policy", re.IGNORECASE)
_LISTED = re.compile(
    r"spam|dmarc|\bspf\b|\brbl\b|block ?list|black ?list|reputation|relay(ing)? (access )?denied", re.IGNORECASE
)


def status_of(field: str, words: str) -> str:
    """The more telling of the two: many servers write 5.0.0 and put what they know into the diagnostic."""
    said, details = STATUS.search(field), STATUS.findall(words)
    if not said:
        code = CODE.search(words)
        return details[0] if details else f"{code[1][0]}.0.0" if code else ""
    family, subject, number = said[1].split(".")
    if number != "0":
        return said[1]
    same = (detail for detail in details if detail.startswith(family if subject == "0" else f"{family}.{subject}."))
    return next((detail for detail in same if not detail.endswith(".0.0")), said[1])


def kind_of(status: str, words: str) -> Kind:
    """By the enhanced status code (RFC 3463); by the words only where the code says nothing or servers misuse it."""
    family, _, detail = status.partition(".")
    subject, _, number = detail.partition(".")
    if family == "4":
        return "soft"
    if subject == "7":  # whatever it says: never held against the reader
        return "policy"
    if by_subject := _BY_SUBJECT.get(subject):
        return by_subject(number, words)
    return "soft" if subject in ("3", "6") else _of_words(words)


def _of_address(number: str, words: str) -> Kind:
    """5.1.7, 5.1.8 and 5.1.9 are about the sender's address."""
    if number in ("7", "8", "9") or (_LISTED.search(words) and not says_unknown(words)):
        return "policy"
    return "soft" if FULL.search(words) and not says_unknown(words) else "hard"


def _of_mailbox(number: str, words: str) -> Kind:
    """5.2.1 is a mailbox switched off; 5.2.0 may be anything."""
    if FULL.search(words):
        return "soft"
    if number == "0":
        return _of_words(words)
    return "hard" if number == "1" and not PASSING.search(words) else "soft"


def _of_network(number: str, words: str) -> Kind:
    """No such domain; 5.4.1 is Exchange Online's word for a recipient that does not exist."""
    if number in ("4", "310"):
        return "hard"
    return "hard" if number in ("0", "1", "300") and says_unknown(words) else "soft"


def _of_protocol(_number: str, words: str) -> Kind:
    return "hard" if says_unknown(words) else "policy" if _LISTED.search(words) else "soft"


_BY_SUBJECT = {"1": _of_address, "2": _of_mailbox, "4": _of_network, "5": _of_protocol}


def says_unknown(words: str) -> bool:
    """Of the recipient, not of us."""
    return bool(UNKNOWN.search(words)) and not _ABOUT_US.search(words)


def _of_words(words: str) -> Kind:
    """Full before unknown: "mailbox unavailable: over quota" will have room again."""
    if FULL.search(words):
        return "soft"
    if says_unknown(words):
        return "hard"
    if POLICY.search(words):
        return "policy"
    return "hard" if UNKNOWN.search(words) and not PASSING.search(words) else "soft"
