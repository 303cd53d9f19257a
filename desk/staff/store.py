"""Staff in the database: who is known, with which role, and who has left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from db.schema.staff import sign_in_link, staff, staff_session
from desk.staff.model import Role, Staff, StaffError
from subscribers.address import Address

COLUMNS = (staff.c.id, staff.c.address, staff.c.name, staff.c.role, staff.c.created_at, staff.c.disabled_at)


def as_staff(row: Sequence[Any]) -> Staff:
    """From a row that begins with COLUMNS."""
    return Staff(*tuple(row)[: len(COLUMNS)])


def add(connection: Connection, address: Address, role: Role, now: datetime, *, name: str = "") -> Staff:
    """Somebody new. Raises StaffError when they are here already."""
    if found := by_key(connection, address.key):
        raise StaffError(f"{found.address} works here already, as {found.role}.")
    values = {"address": address.written, "address_key": address.key, "name": name, "role": role, "created_at": now}
    connection.execute(insert(staff).values(values))
    return needed(connection, address)


def by_key(connection: Connection, key: str) -> Staff | None:
    return _one(connection, select(*COLUMNS).where(staff.c.address_key == key))


def vouched_for(connection: Connection, key: str, subject: str) -> Staff | None:
    """Whoever came in as this subject before; the first time, whoever has the address, and from then on only this subject.

    None also when the address came in as another subject before: it may have been given to somebody else there.
    """
    if found := _one(connection, select(*COLUMNS).where(staff.c.subject == subject)):
        return found
    free = (staff.c.address_key == key, staff.c.subject.is_(None), staff.c.disabled_at.is_(None))
    connection.execute(update(staff).where(*free).values(subject=subject))
    return _one(connection, select(*COLUMNS).where(staff.c.subject == subject))


def by_id(connection: Connection, number: int) -> Staff | None:
    return _one(connection, select(*COLUMNS).where(staff.c.id == number))


def needed(connection: Connection, address: Address) -> Staff:
    """Raises StaffError when nobody has this address."""
    if found := by_key(connection, address.key):
        return found
    raise StaffError(f"Nobody with the address {address.written} works here.")


def _one(connection: Connection, statement: Select[Any]) -> Staff | None:
    row = connection.execute(statement).one_or_none()
    return as_staff(row) if row else None


def listed(connection: Connection) -> list[Staff]:
    """Everybody, those who have left last."""
    order = (staff.c.disabled_at.isnot(None), func.lower(staff.c.name), staff.c.address_key)
    return [as_staff(row) for row in connection.execute(select(*COLUMNS).order_by(*order))]


def give_role(connection: Connection, who: Staff, role: Role) -> None:
    """Counts from their next press on. Raises StaffError when nobody would be left to look after the desk."""
    if role != "administrator":
        _keep_an_administrator(connection, who)
    connection.execute(update(staff).where(staff.c.id == who.id).values(role=role))


def rename(connection: Connection, who: Staff, name: str) -> None:
    connection.execute(update(staff).where(staff.c.id == who.id).values(name=name))


def disable(connection: Connection, who: Staff, now: datetime) -> None:
    """Their sessions and links end with it, and the next account with their address is a new one. Raises StaffError when nobody would be left to look after the desk."""
    _keep_an_administrator(connection, who)
    connection.execute(update(staff).where(staff.c.id == who.id).values(disabled_at=now, subject=None))
    renew_calendar(connection, who)
    connection.execute(delete(staff_session).where(staff_session.c.staff_id == who.id))
    connection.execute(delete(sign_in_link).where(sign_in_link.c.staff_id == who.id))


def renew_calendar(connection: Connection, who: Staff) -> int:
    """The address of their calendar is another one from now on; its number."""
    connection.execute(update(staff).where(staff.c.id == who.id).values(calendar=staff.c.calendar + 1))
    return calendar_of(connection, who.id)


def calendar_of(connection: Connection, number: int) -> int:
    """Which of their calendar's addresses is good: 0 for none."""
    return connection.execute(select(staff.c.calendar).where(staff.c.id == number)).scalar_one_or_none() or 0


def enable(connection: Connection, who: Staff) -> None:
    connection.execute(update(staff).where(staff.c.id == who.id).values(disabled_at=None))


def _keep_an_administrator(connection: Connection, who: Staff) -> None:
    if who.role != "administrator" or who.is_disabled:
        return
    others = select(func.count()).where(
        staff.c.role == "administrator", staff.c.disabled_at.is_(None), staff.c.id != who.id
    )
    if not connection.execute(others).scalar_one():
        raise StaffError(f"{who.address} is the only administrator. Make somebody else one first.")
