"""Links that only their reader has: signed ones that never expire, and random ones that work once, for a week.

A signed link (unsubscribe, preferences) holds who and what it is for and 128 bits of HMAC-SHA256: nothing about it is stored,
so it works as long as the key is kept, in every letter ever sent. A confirmation is 192 random bits, stored as SHA-256.
All are made of A-Z a-z 0-9 - _ only, and are safe in a path.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

CONFIRMATION_LIFE = timedelta(days=7)
RANDOM_BYTES = 24  # 192 bits
MAC_BYTES = 16  # 128 bits
LINK_CHARACTERS = 200  # nothing longer is one of ours; do not decode it


@dataclass(frozen=True, slots=True)
class Keys:
    """The two secrets of this room, 32 bytes each; `former_links` are keys that old letters were signed with."""

    links: bytes
    addresses: bytes
    former_links: tuple[bytes, ...] = ()

    def __repr__(self) -> str:  # never in a log
        return "Keys(…)"


class Link(NamedTuple):
    """What a signed link says. `bulletin` is empty when it is about all of them."""

    purpose: str
    subscriber_id: int
    bulletin: str


def signed_link(keys: Keys, purpose: str, subscriber_id: int, bulletin: str = "") -> str:
    """The token for a link in a letter; `purpose` keeps one kind of link from serving as another."""
    said = f"{purpose}.{subscriber_id:x}.{bulletin}".encode()
    return _text(_mac(keys.links, said) + said)


def read_link(keys: Keys, token: str) -> Link | None:
    """What the token says, or None when we never signed it. Never raises, whatever the token is."""
    raw = _bytes(token)
    mac, said = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not any(hmac.compare_digest(mac, _mac(key, said)) for key in (keys.links, *keys.former_links)):
        return None
    purpose, number, bulletin = said.decode().split(".", 2)
    return Link(purpose, int(number, 16), bulletin)


def new_confirmation(random: Callable[[int], bytes]) -> str:
    """A token for one press; `random` is `secrets.token_bytes` outside of tests."""
    return _text(random(RANDOM_BYTES))


def confirmation_hash(token: str) -> bytes:
    """How a confirmation is stored and looked up: the token itself is in the reader's letter only."""
    return hashlib.sha256(token[:LINK_CHARACTERS].encode(errors="surrogatepass")).digest()


def address_hash(keys: Keys, address_key: str) -> bytes:
    """How a "no" is kept after its person has gone: to be recognised, not read."""
    return hmac.digest(keys.addresses, address_key.encode(), "sha256")


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")[:MAC_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(token: str) -> bytes:
    if len(token) > LINK_CHARACTERS or not token.isascii():
        return b""
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
