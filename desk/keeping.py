"""[subscribers], [desk] and [db] of bulletin.toml and the environment → frozen settings, or every mistake with its line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.audience import did_you_mean
from desk.delivering import given
from desk.settings import Settings, SettingsError
from desk.staff.openid import Provider, is_safe
from desk.tables import Mistakes, Table
from subscribers.model import Basis
from subscribers.retention import Retention

DATABASE = "sqlite:///var/bulletin.db"
BASES: dict[str, Basis] = {"consent": "consent", "public-task": "public-task"}
MOST_DAYS = 36_500
MOST_PROXIES = 10


@dataclass(frozen=True, slots=True)
class Files:
    """Days after which what names people outside the register goes: letters of the outbox, reports, who was sent what."""

    letter_days: int = 30
    report_days: int = 730
    delivery_days: int = 396  # 13 months, as the privacy notice says


@dataclass(frozen=True, slots=True)
class Keeping:
    """How the register of subscribers is kept."""

    database: str
    bases: Mapping[str, Basis]
    """Each bulletin's lawful basis: a public task where the settings say so, else consent (C2)."""
    retention: Retention
    files: Files
    trusted_proxies: int
    """How many of our own machines stand in front of the pages and say who is asking."""
    openid: Provider | None = None
    """Who else may say that somebody is who they are."""


def read_keeping(settings: Settings, environ: Mapping[str, str] | None = None) -> Keeping:
    """Raises SettingsError with every mistake, each with its line or its variable."""
    environ = os.environ if environ is None else environ
    text = settings.file.read_text("utf-8-sig", errors="replace")
    mistakes = Mistakes(settings.file.name, text, given(environ))
    subscribers, desk, database = (
        Table(settings.rooms[room], (room,), mistakes) for room in ("subscribers", "desk", "db")
    )
    subscribers.only("basis", "retention")
    desk.only("trusted-proxies", "openid")
    database.only("url")
    retention, files = _retention(subscribers.table("retention"))
    found = Keeping(
        database=environ.get("DATABASE_URL") or database.get("url", str, DATABASE),
        bases=_bases(subscribers.table("basis"), tuple(settings.house.bulletins)),
        retention=retention,
        files=files,
        trusted_proxies=_whole(desk, "trusted-proxies", 0, 0, MOST_PROXIES),
        openid=_openid(desk.table("openid"), settings.root) if "openid" in desk.values else None,
    )
    if mistakes.found:
        raise SettingsError("\n".join(str(finding) for finding in sorted(mistakes.found)))
    return found


def _openid(table: Table, root: Path) -> Provider:
    table.only("issuer", "client-id", "secret-file", "name", "role")
    issuer, secret = table.need("issuer", str, ""), table.get("secret-file", str, "")
    if issuer and not is_safe(issuer):
        table.wrong("issuer", f'must begin with https://, and is "{issuer}"')
    if set(issuer.split("/")) & {"common", "organizations", "consumers", "{tenantid}"}:
        table.wrong("issuer", f'must be that of one tenant, with its number, and is "{issuer}"')
    if secret and not (root / secret).is_file():
        table.wrong("secret-file", f"is not there: {secret}")
    client, name = table.need("client-id", str, ""), table.get("name", str, "Microsoft")
    return Provider(issuer, client, root / secret if secret else None, name, table.get("role", str, ""))


def _bases(table: Table, bulletins: tuple[str, ...]) -> dict[str, Basis]:
    for name in table.values:
        if name not in bulletins:
            table.wrong(name, f"is not a bulletin.{did_you_mean(name, bulletins)}")
        elif table.values[name] not in BASES:
            table.wrong(name, f"must be one of {', '.join(BASES)}, and is {table.values[name]!r}")
    return {name: BASES.get(str(table.values.get(name)), "consent") for name in bulletins}


def _retention(table: Table) -> tuple[Retention, Files]:
    table.only("ended-days", "held-days", "log-days", "letter-days", "report-days", "delivery-days")
    people, files = Retention(), Files()
    return (
        Retention(
            ended_days=_days(table, "ended-days", people.ended_days),
            held_days=_days(table, "held-days", people.held_days),
            log_days=_days(table, "log-days", people.log_days),
        ),
        Files(
            letter_days=_days(table, "letter-days", files.letter_days),
            report_days=_days(table, "report-days", files.report_days),
            delivery_days=_days(table, "delivery-days", files.delivery_days),
        ),
    )


def _days(table: Table, key: str, default: int) -> int:
    return _whole(table, key, default, 1, MOST_DAYS)


def _whole(table: Table, key: str, default: int, least: int, most: int) -> int:
    found = table.get(key, int, default)
    if least <= found <= most:
        return found
    table.wrong(key, f"must be {least} to {most}, and is {found}")
    return default
