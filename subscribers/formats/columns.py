"""Headers in, quick ways to a row's cells out; and the words that mean yes or no in any system."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import itemgetter

from subscribers.model import NO, UNKNOWN, YES

Cells = list[str]
Reading = Callable[[Cells], str]
Said = tuple[int, str]  # YES | UNKNOWN | NO, and why

ADDRESS_HEADERS = (
    "email address", "e mail address", "email", "e mail", "mail", "emailaddress", "destination", "primarysmtpaddress",
    "primary smtp address", "subscriber email", "contact email", "work email", "school email", "email 1 value", "e mail 1 value",
)  # fmt: skip
STATUS_HEADERS = (
    "status", "subscription status", "subscriber status", "member status", "email status", "email marketing status",
    "subscribed", "is subscribed", "opted in", "opt in", "optin", "consent", "active", "email marketing",
)  # fmt: skip
# A column that only ever says no: a date or a yes in it is a no, nothing in it says nothing.
REFUSAL_HEADERS = {
    "unsubscribed": "unsubscribed", "opted out": "unsubscribed", "opt out": "unsubscribed", "optout": "unsubscribed",
    "unsubscribed at": "unsubscribed", "unsubscribe date": "unsubscribed", "unsubscription date": "unsubscribed",
    "date unsubscribed": "unsubscribed", "unsub time": "unsubscribed", "unsubscribe time": "unsubscribed",
    "do not email": "unsubscribed", "do not contact": "unsubscribed", "do not mail": "unsubscribed", "email opt out": "unsubscribed",
    "has opted out of email": "unsubscribed", "bounced": "bounced", "hard bounced": "bounced", "cleaned": "bounced",
    "complained": "complained", "spam complaint": "complained", "blocklisted": "staff", "blacklisted": "staff",
    "emailblacklisted": "staff", "email blacklisted": "staff", "email blocklisted": "staff", "suppressed": "staff",
    "email disabled": "unsubscribed", "deleted": "staff", "deleted at": "staff", "removed": "staff",
}  # fmt: skip
YES_WORDS = frozenset(
    [
        "yes",
        "y",
        "true",
        "1",
        "subscribed",
        "active",
        "enabled",
        "confirmed",
        "opted in",
        "opted-in",
        "opt-in",
        "on",
        "x",
    ]
)
NO_WORDS = {
    "unsubscribed": "unsubscribed", "unsubscribe": "unsubscribed", "opted out": "unsubscribed", "opted-out": "unsubscribed",
    "opt-out": "unsubscribed", "opt out": "unsubscribed", "no": "unsubscribed", "n": "unsubscribed", "false": "unsubscribed",
    "0": "unsubscribed", "off": "unsubscribed", "inactive": "unsubscribed", "cancelled": "unsubscribed", "left": "unsubscribed",
    "disabled": "staff", "blocklisted": "staff", "blacklisted": "staff", "blocked": "staff", "suppressed": "staff",
    "removed": "staff", "deleted": "staff", "archived": "staff", "banned": "staff", "cleaned": "bounced", "bounced": "bounced",
    "bounce": "bounced", "hard bounce": "bounced", "hard bounced": "bounced", "undeliverable": "bounced",
    "unreachable": "bounced", "invalid": "bounced", "complained": "complained", "complaint": "complained",
    "spam": "complained", "abuse": "complained", "marked as spam": "complained",
}  # fmt: skip
_EMPTY_WORDS = frozenset(
    ["", "0", "no", "n", "false", "off", "none", "null", "-", "n/a", "0000-00-00", "0000-00-00 00:00:00"]
)


def normal(header: str) -> str:
    """A header as it is compared: any capitalisation, `_`, `-` and spaces alike."""
    return re.sub(r"[\s_\-.:/()*]+", " ", header.replace("\ufeff", "").replace("\xa0", " ")).strip().casefold()


class Columns:
    """Where each header stands; a header may stand in several places."""

    def __init__(self, headers: list[str]) -> None:
        self.width = len(headers)
        self.places: dict[str, list[int]] = {}
        for place, header in enumerate(headers):
            self.places.setdefault(normal(header), []).append(place)

    def has(self, *headers: str) -> bool:
        return all(header in self.places for header in headers)

    def reading(self, *headers: str) -> Reading | None:
        """What gives the first filled cell under any of `headers`, in their order; None when there is no such column."""
        places = [place for header in headers for place in self.places.get(header, ())]
        if not places:
            return None
        if len(places) == 1:
            return itemgetter(places[0])
        return lambda cells: next((cells[place] for place in places if cells[place].strip()), "")

    def all_cells(self, header: str) -> Callable[[Cells], list[str]]:
        """What gives every cell under `header`, for where the strictest of two equal headers counts."""
        places = self.places.get(header, [])
        return lambda cells: [cells[place] for place in places]


def address_columns(columns: Columns) -> tuple[str, ...]:
    """The headers that may hold the address: those known, else those that speak of mail at all."""
    known = tuple(header for header in ADDRESS_HEADERS if header in columns.places)
    if known:
        return known
    return tuple(
        header
        for header in columns.places
        if re.search(r"\be ?mail\b", header) and "status" not in header and header not in REFUSAL_HEADERS
    )


def status(word: str) -> Said:
    """What one word in a column of statuses says. An empty cell in such a column is unknown, not a yes."""
    found = " ".join(word.split()).casefold()
    if found in YES_WORDS:
        return YES, ""
    if found in NO_WORDS:
        return NO, NO_WORDS[found]
    return UNKNOWN, f'status "{word.strip()[:80]}"' if found else "no status"


def refusal(cell: str, reason: str) -> Said:
    """What a cell of a column that only says no says."""
    return (YES, "") if cell.strip().casefold() in _EMPTY_WORDS else (NO, reason)


# Among several refusals the one that reaches furthest is kept.
REACH = {"staff": 0, "unsubscribed": 1, "bounced": 2, "complained": 3, "erased": 4}


def strictest(said: Iterable[Said]) -> Said:
    """The strictest of several; with none, a yes."""
    return max(said, key=lambda each: (each[0], REACH.get(each[1], 0)), default=(YES, ""))
