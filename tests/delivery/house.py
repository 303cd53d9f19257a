"""A mailing as the tests send it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from delivery.ledger import freezing
from delivery.ledger.sending import Ledger
from delivery.loop.run import Summary, Terms, send
from delivery.model import Counts, Letter, Mailing, Recipient
from delivery.smtp.features import Timeouts
from delivery.smtp.relay import Relay, SmtpEngine

SECRET = b"a secret of the tests"
NOW = datetime(2025, 1, 14, 9, tzinfo=UTC)
MAILING = Mailing(
    bulletin="weekly",
    edition="2025-01-14",
    sender_name="Education and Learning",
    sender="news@bulletin.example",
    date=NOW,
    bounces="bounces@bulletin.example",
    shared={"unsubscribe": "https://bulletin.example/unsubscribe/[[key]]"},
)
LETTERS = (
    Letter(
        "1",
        "Weekly update",
        "<p>For heads</p><p>[[unsubscribe]]</p>" + "<p>words</p>\n" * 50,
        "For heads\n[[unsubscribe]]\n",
    ),
    Letter("2", "Weekly update", "<p>For nurseries</p><p>[[unsubscribe]]</p>", "For nurseries\n[[unsubscribe]]\n"),
)
QUICK = Timeouts(connect=2, greeting=2, command=1, data=1, block=1, dot=1)


def readers(number: int) -> Iterable[Recipient]:
    for n in range(number):
        yield Recipient(str(n), f"reader{n}@school{n % 7}.example", str(n % 2 + 1), {"key": f"key{n}"})


def frozen(database: Engine, number: int, **changes: Any) -> int:
    with database.begin() as connection:
        return freezing.freeze(connection, replace(MAILING, **changes), LETTERS, readers(number), now=NOW)


def relay(port: int, **changes: Any) -> Relay:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "timeouts": QUICK,
        "patience_seconds": 2,
        "shortage_seconds": 0.2,
    }
    return Relay(**{**given, **changes})


def terms(**changes: Any) -> Terms:
    return Terms(**{"secret": SECRET, "grace_seconds": 3, **changes})


def deliver(database: Engine, mailing_id: int, port: int, *, sent_on: Terms | None = None, **changes: Any) -> Summary:
    with Ledger(database, mailing_id) as ledger:
        return send(ledger, SmtpEngine(relay(port, **changes)), sent_on or terms())


def adds_up(counts: Counts, number: int) -> bool:
    return counts.recipients == number
