"""How often somebody may ask: a bucket of presses for each asker, refilled drop by drop. Kept in memory only."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from threading import Lock

MOST_ASKERS = 50_000  # some 10 MB; the one who asked longest ago is forgotten first


@dataclass(slots=True)
class Limit:
    """`burst` at once, and another one each `every`."""

    burst: int
    every: timedelta
    _left: OrderedDict[str, tuple[float, datetime]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def allows(self, asker: str, now: datetime) -> bool:
        with self._lock:
            left, before = self._left.pop(asker, (float(self.burst), now))
            left = min(self.burst, left + max(now - before, timedelta()) / self.every)
            allowed = left >= 1
            self._left[asker] = (left - 1 if allowed else left, now)
            if len(self._left) > MOST_ASKERS:
                self._left.popitem(last=False)
        return allowed


@dataclass(frozen=True, slots=True)
class Limits:
    """A staff room behind one address signs up together, a robot does it all day."""

    clients: Limit = field(default_factory=lambda: Limit(30, timedelta(seconds=30)))
    mailboxes: Limit = field(default_factory=lambda: Limit(5, timedelta(hours=4)))
    answers: Limit = field(default_factory=lambda: Limit(60, timedelta(seconds=10)))
    answer: Limit = field(default_factory=lambda: Limit(8, timedelta(hours=1)))
    """To one question: a staff room may differ, one person need not press twenty times."""
    sign_ins: Limit = field(default_factory=lambda: Limit(10, timedelta(minutes=5)))
    """Letters with a link to one of staff. Whoever asks in their name only sends them links: nobody is kept out by it."""
    notices: Limit = field(default_factory=lambda: Limit(3, timedelta(minutes=10)))
    forms: Limit = field(default_factory=lambda: Limit(60, timedelta(seconds=10)))
    """Pages of the good-news form that one client sends; a story takes four."""
    stories: Limit = field(default_factory=lambda: Limit(10, timedelta(minutes=3)))
    """Stories that one client sends."""
    all_stories: Limit = field(default_factory=lambda: Limit(300, timedelta(seconds=10)))
    """Stories that everybody together sends: more than a county's schools on the last day of term."""


def client(address: str | None) -> str:
    """One asker per IPv4 address, and per /64 of IPv6, which is what one household or school has."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64)
    return str(found)


def mailbox(address_key: str) -> str:
    """name+anything@… is one mailbox to us, so that nobody is flooded by way of it (W14)."""
    local, _, domain = address_key.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
