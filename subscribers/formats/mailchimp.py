"""Mailchimp: the status is in the file's name, and nowhere else."""

from __future__ import annotations

import re

from subscribers.formats.columns import Columns, Said
from subscribers.formats.format import Format, Saying
from subscribers.model import NO, UNKNOWN, YES

_status_in_name = re.compile(r"(?<![a-z])(unsubscribed|nonsubscribed|subscribed|cleaned)(?![a-z])", re.IGNORECASE)
_SAYS: dict[str, Said] = {
    "subscribed": (YES, ""),
    "unsubscribed": (NO, "unsubscribed"),
    "cleaned": (NO, "bounced"),
    "nonsubscribed": (UNKNOWN, "never subscribed, according to the file's name"),
}


def said_by(file: str, *, has_refusals: bool) -> Said:
    """What a file of this name says of everybody in it. A file that was renamed says nothing that can be trusted."""
    if has_refusals:
        return NO, "unsubscribed"
    found = {word.lower() for word in _status_in_name.findall(file.replace("_", " "))}
    if len(found) == 1:
        return _SAYS[found.pop()]
    return UNKNOWN, "the file's name does not say subscribed, unsubscribed or cleaned"


def _saying(columns: Columns, file: str) -> Saying:
    said = said_by(file, has_refusals="unsub time" in columns.places or "unsub reason" in columns.places)
    return lambda _cells: said


MAILCHIMP = Format(
    name="Mailchimp",
    needs=frozenset({"email address", "member rating", "last changed", "euid"}),
    address=("email address",),
    names=("first name", "last name"),
    saying=_saying,
    refused_at=("unsub time", "last changed"),
    proof=("optin time", "optin ip", "confirm time", "confirm ip", "unsub time", "unsub reason", "euid"),
)
