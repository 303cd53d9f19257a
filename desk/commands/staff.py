"""Who may work at the desk."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from desk.commands.common import Context, json_option, say

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from desk.settings import Settings
    from desk.staff.model import Staff
    from subscribers.address import Address

ROLES = ("writer", "editor", "sender", "administrator")


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: Connection
    settings: Settings
    now: datetime

    def link(self, who: Staff) -> str:
        from desk.staff import entrance

        token = entrance.make_link(self.connection, who, self.now)
        return f"{self.settings.house.publisher.url}/desk/sign-in/{token}"

    def record(self, what: str, who: Staff, **details: Any) -> None:
        from desk.staff.record import record

        record(self.connection, f"console:{getpass.getuser()}", what, self.now, about=who.address, **details)


@contextmanager
def _opened(context: Context) -> Iterator[_Opened]:
    """One transaction; everything that is refused becomes one clear line and a non-zero exit."""
    import db
    from db.errors import DatabaseError
    from desk.readers.register import open_register
    from desk.settings import SettingsError
    from desk.staff.model import StaffError
    from subscribers.model import SubscribersError

    try:
        register = open_register(context.settings())
        try:
            with db.writing(register.engine) as connection:
                yield _Opened(connection, register.settings, datetime.now(UTC))
        finally:
            register.engine.dispose()
    except (DatabaseError, SettingsError, StaffError, SubscribersError) as error:
        raise click.ClickException(str(error)) from error


def _parsed(address: str) -> Address:
    from subscribers.address import parse

    return parse(address)


@click.group()
def staff() -> None:
    """Who may work at the desk, and what they may do there."""


role_option = click.option("--role", type=click.Choice(ROLES), required=True)


@staff.command()
@click.argument("address")
@role_option
@click.option("--name", default="", help="How the desk speaks of them.")
@json_option
@click.pass_obj
def add(context: Context, address: str, role: Any, name: str) -> None:
    """Let somebody in; prints a link that signs them in once, within 15 minutes. Later ones come by mail."""
    from desk.staff import store

    with _opened(context) as desk:
        who = store.add(desk.connection, _parsed(address), role, desk.now, name=name)
        desk.record("staff-added", who, role=role)
        link = desk.link(who)
    say(context, {"address": who.address, "role": role, "link": link}, link)


@staff.command()
@click.argument("address")
@json_option
@click.pass_obj
def link(context: Context, address: str) -> None:
    """Print another link that signs somebody in once, within 15 minutes."""
    from desk.staff import store
    from desk.staff.model import StaffError

    with _opened(context) as desk:
        who = store.needed(desk.connection, _parsed(address))
        if who.is_disabled:
            raise StaffError(f"{who.address} is disabled. Let them in again with: bulletin staff enable {who.address}")
        desk.record("link-printed", who)
        made = desk.link(who)
    say(context, {"address": who.address, "link": made}, made)


@staff.command("list")
@json_option
@click.pass_obj
def list_(context: Context) -> None:
    """Everybody, with their roles."""
    from desk.staff import store

    with _opened(context) as desk:
        found = store.listed(desk.connection)
    rows = [{"address": w.address, "name": w.name, "role": w.role, "disabled": w.is_disabled} for w in found]
    lines = [f"{w.role:14} {w.address}  {w.name}{'  (disabled)' if w.is_disabled else ''}".rstrip() for w in found]
    say(context, {"staff": rows}, "\n".join(lines) or "Nobody yet: bulletin staff add ADDRESS --role administrator")


@staff.command()
@click.argument("address")
@json_option
@click.pass_obj
def disable(context: Context, address: str) -> None:
    """Keep somebody out from now on: their sessions end at once."""
    from desk.staff import store

    with _opened(context) as desk:
        who = store.needed(desk.connection, _parsed(address))
        store.disable(desk.connection, who, desk.now)
        desk.record("staff-disabled", who)
    say(context, {"address": who.address, "disabled": True}, f"{who.address} is out.")


@staff.command()
@click.argument("address")
@json_option
@click.pass_obj
def enable(context: Context, address: str) -> None:
    """Let somebody in again who was disabled."""
    from desk.staff import store

    with _opened(context) as desk:
        who = store.needed(desk.connection, _parsed(address))
        store.enable(desk.connection, who)
        desk.record("staff-enabled", who)
    say(context, {"address": who.address, "disabled": False}, f"{who.address} may come in again.")


@staff.command("role")
@click.argument("address")
@click.argument("role", type=click.Choice(ROLES))
@json_option
@click.pass_obj
def role_(context: Context, address: str, role: Any) -> None:
    """Give somebody another role; it counts from their next press on."""
    from desk.staff import store

    with _opened(context) as desk:
        who = store.needed(desk.connection, _parsed(address))
        store.give_role(desk.connection, who, role)
        desk.record("role-given", who, role=role, before=who.role)
    say(context, {"address": who.address, "role": role}, f"{who.address} is now {role}.")
