"""Before an edition leaves: the readers of one of its letters by name, and those who get none, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

import db
from builder.model import Edition
from desk.mailing.freezing import said_no
from desk.mailing.office import Office
from desk.mailing.selecting import selections
from subscribers import counts, whom
from subscribers.whom import Named

MOST_SHOWN = 200
NOTHING, PAUSED = "nothing", "paused"  # instead of a letter: no item is meant for them; they take a break


@dataclass(frozen=True, slots=True)
class Whom:
    """`readers`: at most MOST_SHOWN of `number`. `no`: the addresses among them that have said no, and get nothing."""

    readers: tuple[Named, ...]
    number: int
    no: frozenset[str] = frozenset()


def of(office: Office, edition: Edition, which: str) -> Whom | None:
    """`which`: a variant's id, NOTHING or PAUSED; None for a letter that nobody gets. Reads only."""
    register, bulletin, today = office.register, edition.bulletin, office.today
    with db.reading(office.engine) as connection:
        if which == PAUSED:
            number = counts.paused(connection, today).get(bulletin, 0)
            return Whom(whom.paused(connection, bulletin, today, MOST_SHOWN), number)
        chosen = selections(connection, register, office.press, edition)
        keys = [key for key, variant in chosen.of.items() if (variant.id if variant else NOTHING) == which]
        if not keys and which != NOTHING:
            return None
        found = whom.in_groups(connection, bulletin, chosen.used, register.axes, today, keys, MOST_SHOWN)
        no = said_no(connection, register.keys, bulletin, [one.address for one in found])
    return Whom(found, sum(chosen.readers[key] for key in keys), frozenset(no))
