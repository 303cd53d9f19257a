"""Mailboxes that are gone, and readers who complained: their subscriptions end, and what has not left is held back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from delivery.ledger import books
from delivery.returning.returns import Consequence
from subscribers import store
from subscribers.address import parse
from subscribers.leaving import leave_all
from subscribers.model import NoReason, Proof, Subscriber
from subscribers.tokens import Keys


def stop_writing(connection: Connection, keys: Keys, found: Iterable[Consequence], now: datetime) -> None:
    """These readers' subscriptions end with the reason, what has not left is held back; in the caller's transaction."""
    stopping = [one for one in found if one.subscriber.isdigit()]
    people = store.by_ids(connection, {int(one.subscriber) for one in stopping})
    gone: set[int] = set()
    reasons: tuple[NoReason, NoReason] = ("complained", "bounced")  # who did both has complained
    for reason in reasons:
        theirs = {
            one.subscriber: one for one in stopping if (one.report.kind == "complaint") == (reason == "complained")
        }
        leaving: dict[str, tuple[Subscriber, Proof]] = {}
        for number, one in theirs.items():
            person = people.get(int(number)) or store.by_id(connection, int(number))
            if person and person.id not in gone and not (reason == "bounced" and _has_moved(one, person)):
                leaving[number] = (person, _proof(one, reason, now))
                gone.add(person.id)  # two numbers may be one person, since they became one
        if leaving:
            leave_all(connection, keys, leaving.values(), reason)
            numbers = {*leaving, *(str(person.id) for person, _ in leaving.values())}
            books.withdraw(connection, numbers, now=now, words=reason, suppressed=True)


def _proof(one: Consequence, reason: NoReason, now: datetime) -> Proof:
    evidence = json.dumps({"status": one.report.status, "mailing": one.mailing})
    return Proof(at=now, how=f"{reason}: {one.mailing}", actor="mail", evidence=evidence)


def _has_moved(one: Consequence, person: Subscriber) -> bool:
    """An old address that is dead says nothing about the new one."""
    return one.sent_to != "" and parse(one.sent_to).key != parse(person.address).key
