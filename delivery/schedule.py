"""When an edition is to leave, and that it leaves once: 09:00 on a Tuesday in London, whatever clocks and machines do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Update, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db.schema import delivery as tables
from delivery.model import DeliveryError

# A machine that was down over the sending time still sends that morning; later a person decides.
GRACE = timedelta(hours=4)

_planned, _approval = tables.planned, tables.approval


@dataclass(frozen=True)
class Planned:
    """`fingerprint`: of the edition as it was when it was planned; the caller compares it with what it would send."""

    bulletin: str
    edition: str
    at: datetime
    by: str
    fingerprint: str
    result: str


def moment(day: date, clock: time, zone: str = "Europe/London") -> datetime:
    """That time on that day's wall clock, as an instant in UTC. A time that the clocks skip is the next one there is."""
    there = datetime.combine(day, clock, ZoneInfo(zone))
    return there.astimezone(ZoneInfo("UTC"))


def plan(
    connection: Connection, bulletin: str, edition: str, at: datetime, *, by: str, now: datetime, fingerprint: str = ""
) -> None:
    """Or plans it anew, unless it has left. Raises DeliveryError."""
    if at <= now:
        raise DeliveryError(f"{at:%A %d %B %Y %H:%M} UTC is past: send it now, or choose a later time")
    row = {
        "bulletin": bulletin,
        "edition": edition,
        "at": at,
        "by": by,
        "fingerprint": fingerprint,
        "result": "waiting",
    }
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_planned).values(row)
    fresh = {name: row[name] for name in ("at", "by", "fingerprint", "result")}
    upsert = insert.on_conflict_do_update(
        index_elements=["bulletin", "edition"], set_={**fresh, "taken_at": None}, where=_planned.c.result != "taken"
    )
    if connection.execute(upsert.returning(_planned.c.bulletin)).first() is None:
        raise DeliveryError(f"{bulletin} {edition} has already left")


def unplan(connection: Connection, bulletin: str, edition: str) -> bool:
    """Also what was taken and could not begin; what is on its way is cancelled by its mailing."""
    changes = (_mine(bulletin, edition, result).values(result="cancelled") for result in ("waiting", "taken"))
    return any(connection.execute(change).rowcount for change in changes)


def planned(connection: Connection) -> list[Planned]:
    """All, the next first."""
    return [_row(row) for row in connection.execute(select(_planned).order_by(_planned.c.at))]


def due(connection: Connection, now: datetime, *, grace: timedelta = GRACE) -> Iterator[Planned]:
    """Takes what is due, each once however many ask at the same moment; what is too late is marked missed instead.

    Call it once a minute, in a transaction that is committed before the sending begins. A step of the clock backwards
    changes nothing: what was taken stays taken.
    """
    query = select(_planned).where(_planned.c.result == "waiting", _planned.c.at <= now).order_by(_planned.c.at)
    for row in connection.execute(query).all():
        one = _row(row)
        result = "taken" if now - one.at <= grace else "missed"
        taking = _mine(one.bulletin, one.edition, "waiting").where(_planned.c.at == one.at)
        if connection.execute(taking.values(result=result, taken_at=now)).rowcount and result == "taken":
            yield one


def missed(connection: Connection) -> list[Planned]:
    """For people to decide about."""
    return [_row(row) for row in connection.execute(select(_planned).where(_planned.c.result == "missed"))]


def _mine(bulletin: str, edition: str, result: str) -> Update:
    return update(_planned).where(
        _planned.c.bulletin == bulletin, _planned.c.edition == edition, _planned.c.result == result
    )


def _row(row: Row[Any]) -> Planned:
    values = row._mapping
    return Planned(**{name: values[name] for name in Planned.__dataclass_fields__})


def approve(connection: Connection, bulletin: str, edition: str, fingerprint: str, *, by: str, now: datetime) -> None:
    """Of exactly this text: an edit changes the fingerprint, and with it the approval is void."""
    row = {"bulletin": bulletin, "edition": edition, "fingerprint": fingerprint, "by": by, "at": now}
    insert = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_approval).values(row)
    connection.execute(insert.on_conflict_do_nothing())


def approved_by(connection: Connection, bulletin: str, edition: str, fingerprint: str) -> str | None:
    """Who approved it as it is now; None when nobody did."""
    query = select(_approval.c.by).where(
        _approval.c.bulletin == bulletin, _approval.c.edition == edition, _approval.c.fingerprint == fingerprint
    )
    found: str | None = connection.execute(query).scalar()
    return found
