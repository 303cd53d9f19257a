"""Mail that came back → what follows for readers: bounced, complained, left; people's mail is not touched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import islice
from typing import TYPE_CHECKING

from delivery.returning import bounces, mailboxes
from delivery.returning.bounces import Report, Returned
from delivery.returning.mailboxes import Waiting
from desk import rounds
from desk.mailing.engines import mailbox_sign_in
from desk.mailing.office import Office
from desk.mailing.sending import return_secret
from subscribers.model import Proof
from subscribers.tokens import Keys, Link, read_link

if TYPE_CHECKING:
    pass

BATCH = 500  # messages a transaction
HEAD_BYTES = 100_000
_LEAVE = re.compile(r"unsubscribe\s+([A-Za-z0-9_-]{20,200})")


@dataclass(slots=True)
class Taken:
    """What was in the mailbox. `natures`: bounce, complaint, delay, automatic, person, unreadable, unsubscribe → messages."""

    natures: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    """hard, soft, policy, complaint → readers of whom this is new."""
    unknown: int = 0
    """Reports that prove to be about no letter of ours; they change nothing."""
    policy: list[Report] = field(default_factory=list)
    """Refusals that are about us, not about a reader: for staff."""


@dataclass(frozen=True, slots=True)
class _Read:
    waiting: Waiting
    returned: Returned
    leave: Link | None


def take_returned(office: Office, where: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Taken:
    """Each message is ticked off after what follows from it is written: killed in between, it is read again, without harm.

    Raises DeliveryError and SettingsError.
    """
    keys, taken = office.register.keys, Taken()
    with mailboxes.opened(where, mailbox_sign_in(office.delivering)) as stream:
        for batch in _batches(_read(keys, waiting) for waiting in stream):
            _take(office, batch, taken, now())
            for one in batch:
                if one.leave or one.returned.nature not in ("person", "unreadable"):
                    one.waiting.done()
    return taken


def _batches(stream: Iterator[_Read]) -> Iterator[list[_Read]]:
    while batch := list(islice(stream, BATCH)):
        yield batch


def _read(keys: Keys, waiting: Waiting) -> _Read:
    return _Read(waiting, bounces.read(waiting.raw, return_secret(keys)), wants_to_leave(keys, waiting.raw))


def wants_to_leave(keys: Keys, raw: bytes) -> Link | None:
    """The mailto of List-Unsubscribe, come in as a mail: its subject holds the reader's own signed link."""
    try:
        subject = str(message_from_bytes(raw[:HEAD_BYTES]).get("Subject", ""))
    except Exception:  # whatever a parser trips over, it is no wish to leave
        return None
    asked = _LEAVE.search(subject)
    link = read_link(keys, asked[1]) if asked else None
    return link if link and link.purpose == "unsubscribe" else None


def _take(office: Office, batch: list[_Read], taken: Taken, now: datetime) -> None:
    engine, keys = office.engine, office.register.keys
    for one in batch:
        taken.natures["unsubscribe" if one.leave else one.returned.nature] += 1
        if one.leave:
            proof = Proof(at=now, how="unsubscribed by mail")
            rounds.goodbye(engine, keys, one.leave.subscriber_id, one.leave.bulletin or None, proof)
    reports = [report for one in batch if not one.leave for report in one.returned.reports]
    for consequence in rounds.take_outcomes(engine, keys, reports, now):
        taken.kinds[consequence.report.kind] += consequence.is_new
        taken.unknown += not consequence.subscriber
        if consequence.tell_staff:
            taken.policy.append(consequence.report)
