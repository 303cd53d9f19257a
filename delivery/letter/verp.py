"""The token that names a mailing and a reader in return path and Message-ID, and proves that we made it."""

import hmac
import re
from dataclasses import dataclass

MAC_BYTES = 10  # 20 hexadecimal digits: nobody guesses 80 bits by sending mail

# Mail systems fold case, put "=", "_" or "-" for "+", quote the whole: look for the token wherever it stands.
_TAIL = re.compile(r"-([a-z0-9]{1,32})-([0-9a-f]{20})(?![a-z0-9])", re.IGNORECASE)
_LINK = re.compile(r"([a-z0-9-]{1,60})-([a-z0-9]{1,32})-([0-9a-f]{20})")
_NAME = re.compile(r"[a-z0-9-]{1,60}\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """Whom a token is about."""

    mailing: str
    subscriber: str


def token(secret: bytes, mailing: str, subscriber: str) -> str:
    return f"{mailing}-{subscriber}-{_mac(secret, mailing, subscriber)}"


def return_path(bounces: str, name: str) -> str:
    """bounces@example.org → bounces+weekly-2025-01-14-4711-…@example.org"""
    local, _, domain = bounces.rpartition("@")
    return f"{local}+{name}@{domain}"


def find(secret: bytes, text: str) -> Named | None:
    """The first token of ours in an address, a header or a whole message; a forged one is nobody's."""
    text = text.replace("%2B", "+").replace("%2b", "+")
    for tail in _TAIL.finditer(text):
        before = _NAME.search(text, max(0, tail.start() - 60), tail.start())
        subscriber, mac = tail[1].lower(), tail[2].lower()
        for name in _names(before[0].lower()) if before else ():
            if hmac.compare_digest(mac, _mac(secret, name, subscriber)):
                return Named(name, subscriber)
    return None


def reading(secret: bytes, mailing: str, subscriber: str) -> str:
    """For the link with which a reader sees their letter in a browser; no Message-ID and no return path tells it."""
    return f"{mailing}-{subscriber}-{_mac(secret, mailing, subscriber, 'read')}"


def read(secret: bytes, text: str) -> Named | None:
    """Whose letter such a link shows; None when it is none of ours."""
    found = _LINK.fullmatch(text)
    if found is None or not hmac.compare_digest(found[3], _mac(secret, found[1], found[2], "read")):
        return None
    return Named(found[1], found[2])


def _names(mailing: str) -> list[str]:
    """bounces-weekly-2025-01-14 (the plus became a hyphen) may be any of its tails."""
    parts = mailing.split("-")
    return ["-".join(parts[start:]) for start in range(len(parts))][:16]


def _mac(secret: bytes, mailing: str, subscriber: str, use: str = "verp") -> str:
    return hmac.digest(secret, f"{use} {mailing} {subscriber}".encode(), "sha256")[:MAC_BYTES].hex()
