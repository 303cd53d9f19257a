"""What a person may ask for: to see everything held about them, to take it along, to be erased."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, text

from db.schema import subscribers as tables
from subscribers import store
from subscribers.address import Address
from subscribers.model import EVERY_BULLETIN, Proof, Subscriber, SubscribersError
from subscribers.tokens import Keys

WAIT_SECONDS, WAIT_STEP_SECONDS = 60, 0.2
TABLES_WITH_PEOPLE = (
    "subscriber",
    "subscription",
    "consent_event",
    "request",
    "confirmation",
    "held",
    "former_subscriber",
)


def everything(connection: Connection, keys: Keys, address: Address) -> dict[str, Any]:
    """All that this room holds about an address, as plain values for JSON; empty lists where there is nothing (C8).

    Also for somebody who is no subscriber: a request, a held row or a "no" are personal data too.
    """
    person = store.find(connection, address.key)
    return {
        "address": address.written,
        "subscriber": _about(person) if person else None,
        "subscriptions": [_plain(asdict(each)) for each in person.subscriptions] if person else [],
        "history": [_event(each) for each in store.history(connection, person.id)] if person else [],
        "requests": _rows(connection, tables.request, address, person),
        "waiting_for_a_decision": _rows(connection, tables.held, address, None),
        "refusals": [
            {
                "bulletin": no.bulletin or "every bulletin",
                "reason": no.reason,
                "since": no.since.isoformat(),
                "source": no.source,
            }
            for no in store.noes(connection, keys, address.key)
        ],
    }


def numbers(connection: Connection, address: Address) -> tuple[int, ...]:
    """The numbers that the person with this address has and had: other rooms may know them by one."""
    person = store.find(connection, address.key)
    if person is None:
        return ()
    former = select(tables.former_subscriber.c.id).where(tables.former_subscriber.c.subscriber_id == person.id)
    return (person.id, *connection.execute(former).scalars())


def _about(person: Subscriber) -> dict[str, Any]:
    return {"number": person.id, "address": person.address, "name": person.name, "since": person.created_at.isoformat()}


def _event(event: Any) -> dict[str, Any]:
    said: dict[str, Any] = _plain({"bulletin": event.bulletin, "what": event.what, **asdict(event.proof)})
    return said


def _rows(connection: Connection, table: Any, address: Address, person: Subscriber | None) -> list[dict[str, Any]]:
    theirs = table.c.address_key == address.key
    if person is not None:
        theirs = theirs | (table.c.subscriber_id == person.id)
    found = connection.execute(select(table).where(theirs).order_by(table.c.id))
    return [_plain(dict(row._mapping)) for row in found]


def _plain(value: Any) -> Any:
    """Moments as ISO 8601, sets as sorted lists."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return value


@dataclass(frozen=True, slots=True)
class Erased:
    """Whether anything was held, and the numbers that the person had: the ledger of letters may know them."""

    found: bool
    numbers: tuple[int, ...]


def erase(connection: Connection, keys: Keys, address: Address, proof: Proof) -> Erased:
    """Forget the person in the caller's transaction; only a keyed hash stays, so that no old list brings them back (C7).

    Afterwards `scrub` removes the bytes themselves, at once or with the nightly retention.
    """
    known = numbers(connection, address)
    if known:
        connection.execute(delete(tables.subscriber).where(tables.subscriber.c.id == known[0]))
    asked = connection.execute(delete(tables.request).where(tables.request.c.address_key == address.key)).rowcount
    held = connection.execute(delete(tables.held).where(tables.held.c.address_key == address.key)).rowcount
    store.suppress(connection, keys, address.key, EVERY_BULLETIN, "erased", proof)
    return Erased(bool(known or asked or held), known)


def scrub(engine: Engine, *others: str) -> None:
    """Overwrite what deleted rows have left behind: in the database's pages, and on SQLite in its write-ahead log.

    `others`: tables of other rooms that name people.

    On PostgreSQL the server's own log of changes keeps old bytes until it is recycled, which its administrator decides.
    Raises SubscribersError when others use the database for too long; nothing is lost, run it again.
    """
    driver: Any
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            _scrub_sqlite(driver)
            return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _wait_for_older_readers(connection)
        for table in (*TABLES_WITH_PEOPLE, *others):
            connection.execute(text(f"VACUUM (FULL, ANALYZE) {table}"))
        connection.execute(text("VACUUM pg_catalog.pg_statistic"))
        connection.execute(text("CHECKPOINT"))


def _scrub_sqlite(driver: Any) -> None:
    driver.execute("VACUUM")
    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise SubscribersError("Others are using the database, so that its log could not be emptied. Run this again.")


# A change that is under way in another database of the server holds back our own snapshot, and with it what VACUUM removes.
OLDER_READERS = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot()) < CAST(:mark AS xid8) OR EXISTS ("
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND age(backend_xmin) > age(CAST(CAST(:mark AS xid8) AS xid)))"
)


def _wait_for_older_readers(connection: Connection) -> None:
    """PostgreSQL keeps a deleted row for as long as anybody, its own housekeeping too, may still see it."""
    mark = connection.scalar(text("SELECT CAST(pg_current_xact_id() AS text)"))
    for _ in range(int(WAIT_SECONDS / WAIT_STEP_SECONDS)):
        if not connection.scalar(OLDER_READERS, {"mark": mark}):
            return
        time.sleep(WAIT_STEP_SECONDS)
    raise SubscribersError("Others are using the database, so that erased rows could not be removed. Run this again.")
