"""The way in: links that sign somebody in once, and sessions that end by themselves. Only hashes are kept (W16)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from db.schema.staff import sign_in_link, staff, staff_session
from desk.staff.model import Staff
from desk.staff.store import COLUMNS, as_staff

LINK_LIFE = timedelta(minutes=15)
IDLE = timedelta(hours=4)  # a meeting and a lunch; whoever writes for longer is asked by the page meanwhile
ABSOLUTE = timedelta(hours=12)  # a long day at the desk
SEEN_EVERY = timedelta(minutes=1)  # not every press is worth a write
MOST_LINKS = 10  # that are good at one time, a person
TOKEN_BYTES = 32
LONGEST_TOKEN = 100
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who a link signs in, and the page that they asked for."""

    staff: Staff
    wanted: str


def make_link(connection: Connection, who: Staff, now: datetime, wanted: str = "", random: Random | None = None) -> str:
    """A token that signs `who` in once, within LINK_LIFE. What has expired is thrown away on the way."""
    token = _new(random)
    connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= now))
    mine = select(sign_in_link.c.token_hash).where(sign_in_link.c.staff_id == who.id)
    older = connection.execute(mine.order_by(sign_in_link.c.expires_at.desc()).offset(MOST_LINKS - 1)).scalars().all()
    connection.execute(delete(sign_in_link).where(sign_in_link.c.token_hash.in_(older)))
    row = {"token_hash": hashed(token), "staff_id": who.id, "wanted": wanted, "expires_at": now + LINK_LIFE}
    connection.execute(insert(sign_in_link).values(row))
    return token


def look(connection: Connection, token: str, now: datetime) -> Arrival | None:
    """Whom the link would sign in. Changes nothing."""
    good = (sign_in_link.c.token_hash == hashed(token), sign_in_link.c.expires_at > now, staff.c.disabled_at.is_(None))
    statement = select(*COLUMNS, sign_in_link.c.wanted).join(staff, staff.c.id == sign_in_link.c.staff_id)
    row = connection.execute(statement.where(*good)).one_or_none()
    return Arrival(as_staff(row), row.wanted) if row else None


def use_link(connection: Connection, token: str, now: datetime) -> Arrival | None:
    """The same, and the link is used up: of two presses at once only one gets in."""
    arrival = look(connection, token, now)
    used = connection.execute(delete(sign_in_link).where(sign_in_link.c.token_hash == hashed(token)))
    return arrival if used.rowcount else None


def begin(connection: Connection, who: Staff, now: datetime, random: Random | None = None) -> str:
    """A new session; its token goes into the browser's cookie."""
    token = _new(random)
    over = (staff_session.c.seen_at <= now - IDLE) | (staff_session.c.began_at <= now - ABSOLUTE)
    connection.execute(delete(staff_session).where(over))
    row = {"token_hash": hashed(token), "staff_id": who.id, "began_at": now, "seen_at": now}
    connection.execute(insert(staff_session).values(row))
    return token


@dataclass(frozen=True, slots=True)
class Session:
    staff: Staff
    seen_at: datetime

    def is_worth_noting(self, now: datetime) -> bool:
        return now - self.seen_at >= SEEN_EVERY


def find(connection: Connection, token: str, now: datetime) -> Session | None:
    """Whose session this is, unless it was idle for too long, is too old, or was ended."""
    good = (
        staff_session.c.token_hash == hashed(token),
        staff_session.c.seen_at > now - IDLE,
        staff_session.c.began_at > now - ABSOLUTE,
        staff.c.disabled_at.is_(None),
    )
    statement = select(*COLUMNS, staff_session.c.seen_at).join(staff, staff.c.id == staff_session.c.staff_id)
    row = connection.execute(statement.where(*good)).one_or_none()
    return Session(as_staff(row), row.seen_at) if row else None


def note(connection: Connection, token: str, now: datetime) -> None:
    connection.execute(update(staff_session).where(staff_session.c.token_hash == hashed(token)).values(seen_at=now))


def end(connection: Connection, token: str) -> None:
    connection.execute(delete(staff_session).where(staff_session.c.token_hash == hashed(token)))


def end_all(connection: Connection, who: Staff) -> None:
    """Signed out everywhere; links that were asked for and not used are good for nothing any more."""
    connection.execute(delete(staff_session).where(staff_session.c.staff_id == who.id))
    connection.execute(delete(sign_in_link).where(sign_in_link.c.staff_id == who.id))


def hashed(token: str) -> bytes:
    return hashlib.sha256(token[:LONGEST_TOKEN].encode(errors="surrogatepass")).digest()


def _new(random: Random | None) -> str:
    return (random or secrets.token_bytes)(TOKEN_BYTES).hex()
