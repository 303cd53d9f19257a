"""A mailing → its numbers, as data, CSV and the lengths of a chart's bars; small counts are hidden, nobody is watched."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from db.schema import delivery as tables
from delivery.ledger import books
from delivery.ledger.books import Fate, Sending
from delivery.model import Counts, State

SMALL = 5  # ICO's usual threshold: fewer could point at a person (C14)

_back = tables.came_back


@dataclass(frozen=True)
class Report:
    sending: Sending
    counts: Counts
    returned: Mapping[str, int]  # hard, soft, policy, complaint
    reasons: tuple[tuple[str, int], ...]  # why letters failed, in the servers' words, most frequent first

    def as_dict(self, *, hide_small: bool = True) -> dict[str, object]:
        """For --json and pages. A hidden number is None: "fewer than five"."""

        def shown(number: int) -> int | None:
            return hidden(number) if hide_small else number

        totals = self.counts.as_dict()
        return {
            "mailing": self.sending.name,
            "frozen_at": self.sending.frozen_at.isoformat(),
            "finished_at": self.sending.finished_at.isoformat() if self.sending.finished_at else None,
            **totals,
            "bounced": {kind: shown(number) for kind, number in self.returned.items() if kind != "complaint"},
            "complained": shown(self.returned.get("complaint", 0)),
            "reasons": [{"words": words, "letters": shown(number)} for words, number in self.reasons],
        }


def hidden(number: int) -> int | None:
    """None for 1 to 4; nobody is a person, so 0 may be shown."""
    return None if 0 < number < SMALL else number


def of(connection: Connection, sending: Sending) -> Report:
    kinds = select(_back.c.kind, func.count()).where(_back.c.mailing_id == sending.id).group_by(_back.c.kind)
    returned = {"hard": 0, "soft": 0, "policy": 0, "complaint": 0}
    returned.update((row[0], row[1]) for row in connection.execute(kinds))
    return Report(sending, books.counts(connection, sending.id), returned, _reasons(connection, sending.id))


def _reasons(connection: Connection, mailing_id: int) -> tuple[tuple[str, int], ...]:
    """By code and status: the words may hold an address, so one example without it stands for all."""
    recipient = tables.recipient
    query = (
        select(recipient.c.code, recipient.c.status, recipient.c.stage, func.count())
        .where(recipient.c.mailing_id == mailing_id, books.is_state(State.FAILED))
        .group_by(recipient.c.code, recipient.c.status, recipient.c.stage)
        .order_by(func.count().desc())
    )
    return tuple(
        (f"{code or ''} {status} {stage}".strip(), number) for code, status, stage, number in connection.execute(query)
    )


FIELDS = ("subscriber", "address", "state", "attempts", "at", "code", "status", "words")


def as_csv(fates: Iterator[Fate]) -> Iterator[str]:
    """Line by line, for staff: every recipient by name. A field that a spreadsheet would run is made text (W13)."""
    yield line(FIELDS)
    for fate in fates:
        yield line([cell(getattr(fate, name)) for name in FIELDS])


def cell(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def line(cells: object) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)  # type: ignore[arg-type]
    return out.getvalue()


def widths(counts: Counts) -> dict[str, float]:
    """State → how long its bar is; the longest is 100, and what occurred can be seen."""
    numbers = {state: number for state, number in counts.as_dict().items() if state != "recipients"}
    most = max(numbers.values(), default=0) or 1
    return {state: max(1.0, round(100 * number / most, 1)) if number else 0.0 for state, number in numbers.items()}
