"""Newsletter systems whose exports are one table with a status column: listmonk, Keila, Buttondown, Ghost, Substack, Brevo."""

from __future__ import annotations

from subscribers.formats.columns import Columns, Said, strictest
from subscribers.formats.format import Format, Saying, by_word
from subscribers.model import NO, UNKNOWN, YES

_YES: Said = (YES, "")
_UNCONFIRMED: Said = (UNKNOWN, "never confirmed")

LISTMONK = Format(
    name="listmonk",
    needs=frozenset({"uuid", "email", "status", "attributes"}),
    saying=by_word("status", {"enabled": _YES, "disabled": (NO, "staff"), "blocklisted": (NO, "staff")}),
    proof=("uuid", "created at"),
)
KEILA = Format(
    name="Keila",
    needs=frozenset({"email", "first name", "last name", "data", "status", "external id"}),
    names=("first name", "last name"),
    saying=by_word("status", {"active": _YES, "unsubscribed": (NO, "unsubscribed"), "unreachable": (NO, "bounced")}),
    proof=("external id",),
)
BUTTONDOWN = Format(
    name="Buttondown",
    needs=frozenset({"email", "subscriber type", "subscription date", "unsubscription date"}),
    names=(),
    saying=by_word(
        "subscriber type",
        {
            **dict.fromkeys(("regular", "premium", "gifted", "trialed", "past_due"), _YES),
            "unactivated": _UNCONFIRMED,
            "unsubscribed": (NO, "unsubscribed"),
            "undeliverable": (NO, "bounced"),
            "complained": (NO, "complained"),
            "spammy": (NO, "staff"),
        },
    ),
    refused_at=("unsubscription date",),
    proof=("creation date", "subscription date", "unsubscription date", "ip address"),
)
GHOST = Format(
    name="Ghost",
    needs=frozenset({"email", "subscribed to emails", "complimentary plan"}),
    saying=by_word("subscribed to emails", {}),
    refused_at=("deleted at",),
    proof=("id", "created at"),
)


def _substack(columns: Columns, _file: str) -> Saying:
    """`active_subscription` is about paying; only `email_disabled` says whether they want the letters."""
    cells_of = columns.all_cells("email disabled")

    def one(word: str) -> Said:
        found = word.strip().casefold()
        if found in ("false", "0", "no"):
            return _YES
        return (NO, "unsubscribed") if found in ("true", "1", "yes") else (UNKNOWN, f'email_disabled "{word[:80]}"')

    return lambda cells: strictest(one(word) for word in cells_of(cells))


SUBSTACK = Format(
    name="Substack",
    needs=frozenset({"email", "active subscription", "email disabled"}),
    names=(),
    saying=_substack,
    proof=("created at",),
)


def _brevo(columns: Columns, _file: str) -> Saying:
    """Brevo's status is an optional column of its export. Without it nobody can tell who has left."""
    from subscribers.formats.columns import REFUSAL_HEADERS, STATUS_HEADERS, status

    header = next((each for each in STATUS_HEADERS if each in columns.places), None)
    if header is not None:
        cells_of = columns.all_cells(header)
        return lambda cells: strictest(status(word) for word in cells_of(cells))
    told = any(each in columns.places for each in REFUSAL_HEADERS)
    said: Said = _YES if told else (UNKNOWN, "exported without the subscription status")
    return lambda _cells: said


BREVO = Format(
    name="Brevo",
    needs=frozenset({"email", "added time", "modified time"}),
    names=("firstname", "lastname"),
    saying=_brevo,
    proof=("added time", "opt in", "double opt in"),
)
