"""What anyone may ask of the ledger or do to it: totals, names, pausing, cancelling, withdrawing, a person's word."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Row, Select, func, literal_column, select, update
from sqlalchemy.exc import IntegrityError

from db.schema import delivery as tables
from delivery.model import WAITING, Counts, DeliveryError, State

TABLES_WITH_PEOPLE = ("recipient", "came_back")
DESK = -1  # the row of the running totals to which acts of people are booked

_recipient, _mailing, _tally, _back = tables.recipient, tables.mailing, tables.tally, tables.came_back


@dataclass(frozen=True)
class Sending:
    """A mailing as a list of mailings shows it."""

    id: int
    name: str
    bulletin: str
    edition: str
    kind: str
    control: str
    fingerprint: str
    frozen_at: datetime
    finished_at: datetime | None
    problem: str  # what stopped its last run, or nothing


@dataclass(frozen=True)
class Fate:
    """One recipient and what became of their letter."""

    subscriber: str
    address: str
    state: State
    attempts: int
    at: datetime | None
    not_before: datetime | None
    code: int
    status: str
    words: str
    stage: str


def is_state(*states: State) -> ColumnElement[bool]:
    """With the states written out: SQLite uses a partial index only when it can see them."""
    listed = ", ".join(f"'{state.value}'" for state in states)
    found = f"= {listed}" if len(states) == 1 else f"IN ({listed})"
    return literal_column(f"recipient.state {found}", Boolean)


def mailings(connection: Connection, *, only_open: bool = False) -> list[Sending]:
    """Newest first."""
    query = select(*(_mailing.c[name] for name in Sending.__dataclass_fields__)).order_by(_mailing.c.id.desc())
    if only_open:
        query = query.where(_mailing.c.finished_at.is_(None))
    return [Sending(**row._mapping) for row in connection.execute(query)]


def mailing(connection: Connection, name: str) -> Sending | None:
    """By its name, `weekly-2025-01-14`."""
    query = select(*(_mailing.c[column] for column in Sending.__dataclass_fields__)).where(_mailing.c.name == name)
    row = connection.execute(query).first()
    return Sending(**row._mapping) if row else None


def counts(connection: Connection, mailing_id: int) -> Counts:
    """From the running totals: instant however long the list is."""
    sums = (func.coalesce(func.sum(_tally.c[state.value]), 0) for state in State)
    row = connection.execute(select(*sums).where(_tally.c.mailing_id == mailing_id)).one()
    return Counts(**{state.value: int(value) for state, value in zip(State, row, strict=True)})


def recount(connection: Connection, mailing_id: int) -> Counts:
    """By counting the recipients: what `counts` must equal."""
    query = (
        select(_recipient.c.state, func.count())
        .where(_recipient.c.mailing_id == mailing_id)
        .group_by(_recipient.c.state)
    )
    return Counts(**{row[0]: row[1] for row in connection.execute(query)})


def has_due(connection: Connection, mailing_id: int, now: datetime) -> bool:
    """Whether a sender would find a letter to send now, or one that a dead sender left."""
    here = select(_recipient.c.id).where(_recipient.c.mailing_id == mailing_id).limit(1)
    ready = here.where(is_state(State.QUEUED)), here.where(is_state(State.ATTEMPTING))
    late = here.where(is_state(State.DEFERRED), _recipient.c.not_before <= now)
    return any(connection.execute(query).first() for query in (*ready, late))


def fates(connection: Connection, mailing_id: int, *states: State) -> Iterator[Fate]:
    """Recipients by name, in the order of the list; all states when none is given. Streamed."""
    query = _fates().where(_recipient.c.mailing_id == mailing_id).order_by(_recipient.c.id)
    if states:
        query = query.where(is_state(*states))
    with connection.execute(query.execution_options(yield_per=500)) as rows:
        for row in rows:
            yield _fate(row)


def find(connection: Connection, mailing_id: int, subscriber: str) -> Fate | None:
    """What became of this reader's letter: "did our school get it?" """
    query = _fates().where(_recipient.c.mailing_id == mailing_id, _recipient.c.subscriber == subscriber)
    row = connection.execute(query).first()
    return _fate(row) if row else None


def _fates() -> Select[Any]:
    return select(*(_recipient.c[name] for name in Fate.__dataclass_fields__))


def _fate(row: Row[Any]) -> Fate:
    values = dict(row._mapping)
    return Fate(**{**values, "state": State(values["state"])})


def add_up(connection: Connection, mailing_id: int, owner: int, changes: Mapping[State, int]) -> None:
    """Adds to an owner's row of the running totals."""
    changed = {state.value: number for state, number in changes.items() if number}
    if not changed:
        return
    mine = (_tally.c.mailing_id == mailing_id) & (_tally.c.owner == owner)
    more = {name: _tally.c[name] + number for name, number in changed.items()}
    if connection.execute(update(_tally).where(mine).values(more)).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(_tally.insert().values(mailing_id=mailing_id, owner=owner, **changed))
    except IntegrityError:  # another process of the same owner was first
        connection.execute(update(_tally).where(mine).values(more))


def move(
    connection: Connection,
    mailing_id: int,
    before: State,
    after: State,
    now: datetime,
    *who: ColumnElement[bool],
    words: str = "",
) -> int:
    """Recipients in one state to another, totals too; how many."""
    changed = connection.execute(
        update(_recipient)
        .where(_recipient.c.mailing_id == mailing_id, is_state(before), *who)
        .values(state=after.value, at=now, not_before=None, words=words, code=0, status="", stage="")
    ).rowcount
    add_up(connection, mailing_id, DESK, {before: -changed, after: changed})
    return changed


def withdraw(
    connection: Connection,
    subscribers: Collection[str],
    *,
    now: datetime,
    words: str,
    bulletin: str = "",
    suppressed: bool = False,
) -> int:
    """Letters of these readers that have not left will not leave; in the caller's transaction. How many.

    Only of one bulletin, or of all. A letter whose final dot is out cannot be called back.
    """
    query = select(_mailing.c.id).where(_mailing.c.finished_at.is_(None))
    if bulletin:
        query = query.where(_mailing.c.bulletin == bulletin)
    after = State.SUPPRESSED if suppressed else State.WITHDRAWN
    theirs = _recipient.c.subscriber.in_(list(subscribers))
    return sum(
        move(connection, mailing_id, before, after, now, theirs, words=words)
        for mailing_id in connection.execute(query).scalars().all()
        for before in WAITING
    )


def take_back(
    connection: Connection, subscribers: Collection[str], *, bulletin: str, words: str, since: datetime, now: datetime
) -> int:
    """The undo of `withdraw` with these words since then: queued again where the mailing still runs. How many.

    Never what was attempted, though the server had refused it: what may have been taken is not sent twice.
    """
    here = (_mailing.c.finished_at.is_(None), _mailing.c.control != "cancelled", _mailing.c.bulletin == bulletin)
    query = select(_mailing.c.id).where(*here).with_for_update()  # it is not finished between our look and our change
    theirs = (
        _recipient.c.subscriber.in_(list(subscribers)),
        _recipient.c.attempts == 0,
        _recipient.c.address != "",
        _recipient.c.words == words,
        _recipient.c.at >= since,
    )
    return sum(
        move(connection, mailing_id, State.WITHDRAWN, State.QUEUED, now, *theirs)
        for mailing_id in connection.execute(query).scalars().all()
    )


@dataclass(frozen=True)
class Kept:
    """A reader's letter as it was frozen; `details` is the mailing's (freezing.mailing_from)."""

    details: str
    frame: bytes
    address: str
    tokens: Mapping[str, str]


def letter_of(connection: Connection, name: str, subscriber: str) -> Kept | None:
    """None when there is none, when it was never to leave, or when its reader was forgotten."""
    letter = tables.letter
    columns = (_mailing.c.details, letter.c.frame, _recipient.c.address, _recipient.c.tokens)
    query = select(*columns).join_from(_recipient, _mailing).join(letter, letter.c.id == _recipient.c.letter_id)
    mine = (_mailing.c.name == name) & (_recipient.c.subscriber == subscriber) & (_recipient.c.address != "")
    row = connection.execute(query.where(mine, ~is_state(State.SUPPRESSED))).first()
    return Kept(row.details, bytes(row.frame), row.address, json.loads(row.tokens)) if row else None


def of_reader(connection: Connection, subscribers: Collection[str]) -> list[dict[str, Any]]:
    """All that is held of one reader, by their numbers, as plain values for JSON: each letter, and what came back of it."""
    about = _mailing.c["name", "bulletin", "edition"]
    fields = _recipient.c["address", "state", "attempts", "at", "code", "status", "words"]
    theirs = select(_mailing.c.id.label("mailing"), _recipient.c.subscriber, *about, *fields).join_from(
        _recipient, _mailing
    )
    query = theirs.where(_recipient.c.subscriber.in_(list(subscribers))).order_by(_mailing.c.id)
    back = select(_back).where(_back.c.subscriber.in_(list(subscribers))).order_by(_back.c.id)
    returned: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in connection.execute(back):
        said = {"kind": row.kind, "status": row.status, "words": row.words, "at": row.at.isoformat()}
        returned.setdefault((row.mailing_id, row.subscriber), []).append(said)
    found = [dict(row._mapping) for row in connection.execute(query)]
    keys = [(row.pop("mailing"), row.pop("subscriber")) for row in found]
    return [
        {**row, "at": row["at"] and row["at"].isoformat(), "came_back": returned.get(key, [])}
        for key, row in zip(keys, found, strict=True)
    ]


def forget(connection: Connection, subscriber: str) -> int:
    """Erasure: the address, the tokens and the servers' words go, the bare count of what happened stays."""
    connection.execute(update(_back).where(_back.c.subscriber == subscriber).values(words=""))
    return connection.execute(
        update(_recipient)
        .where(_recipient.c.mailing_id.in_(select(_mailing.c.id)), _recipient.c.subscriber == subscriber)
        .values(address="", tokens="{}", words="")
    ).rowcount


def forget_before(connection: Connection, moment: datetime) -> int:
    """Retention: of mailings frozen before then only the counts stay, nobody's address. How many recipients it was."""
    old = select(_mailing.c.id).where(_mailing.c.frozen_at < moment)
    connection.execute(update(_back).where(_back.c.mailing_id.in_(old), _back.c.words != "").values(words=""))
    theirs = update(_recipient).where(_recipient.c.mailing_id.in_(old), _recipient.c.address != "")
    return connection.execute(theirs.values(address="", tokens="{}", words="")).rowcount


def tell(connection: Connection, mailing_id: int, problem: str) -> None:
    """What stopped its sending, for whoever asks how it stands; nothing once it goes on."""
    said = problem.replace("\0", "")
    told = update(_mailing).where(_mailing.c.id == mailing_id, _mailing.c.problem != said)
    connection.execute(told.values(problem=said))


def pause(connection: Connection, mailing_id: int) -> None:
    """Whoever is sending it notices within half a second and stops cleanly."""
    _control(connection, mailing_id, "paused")


def unpause(connection: Connection, mailing_id: int) -> None:
    _control(connection, mailing_id, "run")


def hold_all(connection: Connection) -> list[str]:
    """After a backup was restored: its open mailings may have gone on since, so each waits for a person (`unpause`)."""
    held = (
        update(_mailing).where(_mailing.c.finished_at.is_(None), _mailing.c.control == "run").values(control="paused")
    )
    return sorted(connection.execute(held.returning(_mailing.c.name)).scalars())


def cancel(connection: Connection, mailing_id: int, *, now: datetime) -> int:
    """For good: what has not left is withdrawn. How many."""
    _control(connection, mailing_id, "cancelled")
    return sum(move(connection, mailing_id, before, State.WITHDRAWN, now, words="cancelled") for before in WAITING)


def _control(connection: Connection, mailing_id: int, wanted: str) -> None:
    changed = connection.execute(
        update(_mailing).where(_mailing.c.id == mailing_id, _mailing.c.control != "cancelled").values(control=wanted)
    ).rowcount
    if not changed:
        raise DeliveryError("this mailing was cancelled, or never was")


def resend_in_doubt(
    connection: Connection, mailing_id: int, subscribers: Iterable[str] | None = None, *, now: datetime
) -> int:
    """A person's word: these are sent again, though they may get it twice. All of them when none is named."""
    return _queue_again(connection, mailing_id, State.IN_DOUBT, subscribers, now)


def resend_failed(
    connection: Connection, mailing_id: int, subscribers: Iterable[str] | None = None, *, now: datetime
) -> int:
    """To those whom the server refused, once whatever was wrong is mended."""
    return _queue_again(connection, mailing_id, State.FAILED, subscribers, now)


def _queue_again(
    connection: Connection, mailing_id: int, before: State, subscribers: Iterable[str] | None, now: datetime
) -> int:
    who = () if subscribers is None else (_recipient.c.subscriber.in_(list(subscribers)),)
    number = move(connection, mailing_id, before, State.QUEUED, now, *who)
    if number:
        fresh = update(_recipient).where(_recipient.c.mailing_id == mailing_id, is_state(State.QUEUED))
        connection.execute(fresh.where(_recipient.c.since.is_not(None)).values(attempts=0, since=None))
        connection.execute(update(_mailing).where(_mailing.c.id == mailing_id).values(finished_at=None))
    return number


def settle_in_doubt(connection: Connection, mailing_id: int, accepted: Collection[str], *, now: datetime) -> int:
    """By evidence: these were accepted (the relay's log of Message-IDs, a bounce, a link that was used)."""
    theirs = _recipient.c.subscriber.in_(list(accepted))
    return move(connection, mailing_id, State.IN_DOUBT, State.ACCEPTED, now, theirs, words="found by evidence")
