"""[delivery] of bulletin.toml and the environment → frozen settings, or every mistake in it with its line."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from desk.settings import Settings, SettingsError
from desk.tables import PREFIX, Mistakes, Steps, Table

TRANSPORTS = ("folder", "smtp")
FORMS = ("maildir", "eml")
TLS_PORTS = {"none": 25, "starttls": 587, "tls": 465}
BROWSERS = ("letter", "edition")
ENGINES = ("local", "dbos")
KEYS = tuple(
    """
    transport folder format host port tls username password-file token-command connections in-flight helo authorities patience-seconds
    bounces unsubscribe mailbox mailbox-password-file mailbox-token-command seeds approval engine workers share-size dbos-url rate domain-rate
    domain-rates warm-up stay-minutes dkim outgoing late browser
    """.split()
)
MOST_CONNECTIONS = 100  # more is an attack on the relay


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A DKIM key: <selector>._domainkey.<domain> publishes its public half."""

    domain: str
    selector: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """How letters leave. Files are absolute."""

    transport: str = "folder"
    folder: Path = Path("var/outbox")
    form: str = "maildir"
    host: str = ""
    port: int = 587
    tls: str = "starttls"
    username: str = ""
    password_file: Path | None = None
    token_command: str = ""
    """A program that prints an access token, where the relay wants one in place of a password (Microsoft 365)."""
    connections: int = 4
    in_flight: int = 1
    helo: str = "localhost"
    authorities: str = ""
    patience: timedelta = timedelta(seconds=60)
    """How long a relay that does not answer is tried before the sending stops."""
    bounces: str = ""
    """The return path gets a token for each letter before its @; empty: answers of machines go to the sender."""
    unsubscribe: str = ""
    """A mailbox that `bulletin bounces read` reads; named in List-Unsubscribe beside the web address."""
    seeds: tuple[str, ...] = ()
    approval: bool = False
    engine: str = "local"
    workers: int = 1
    share_size: int = 500
    dbos_url: str = ""
    rate: float = 0
    domain_rate: float = 0
    domain_rates: Mapping[str, float] = field(default_factory=dict)
    warm_up: date | None = None
    """The first day of sending from a new address: each domain gets few letters that day, twice as many the next."""
    dkim: tuple[SigningKey, ...] = ()
    mailbox: str = ""
    """Where returned mail waits: imaps://user@host/folder, or a Maildir."""
    mailbox_password_file: Path | None = None
    mailbox_token_command: str = ""
    """A program that prints an access token, where the mailbox wants one in place of a password (Microsoft 365)."""
    outgoing: tuple[str, ...] = ()
    """The addresses that the relay sends from, for the doctor."""
    browser: str = "letter"
    """Where "read this in your browser" leads: to the reader's own letter, or, where no pages are served, to the edition."""
    late: bool = True
    """Whether a reader who signs up after an edition has left is sent it too, with the welcome."""
    stay: timedelta = timedelta(0)
    """How long a sending waits for deferred letters before it leaves them to a later run."""


def read_delivering(settings: Settings, environ: Mapping[str, str] | None = None) -> Delivering:
    """Raises SettingsError with every mistake, each with its line or its variable."""
    text = settings.file.read_text("utf-8-sig", errors="replace")
    mistakes = Mistakes(settings.file.name, text, given(os.environ if environ is None else environ))
    table = Table(settings.rooms["delivery"], ("delivery",), mistakes)
    found = _read(table, settings.root, settings.house.publisher.email.rpartition("@")[2])
    if mistakes.found:
        raise SettingsError("\n".join(str(finding) for finding in sorted(mistakes.found)))
    return found


def given(environ: Mapping[str, str]) -> dict[Steps, str]:
    names = ((name.removeprefix(PREFIX), text) for name, text in environ.items() if name.startswith(PREFIX))
    return {tuple(name.lower().replace("_", "-").split("--")): text for name, text in names}


def _read(table: Table, root: Path, domain: str) -> Delivering:
    table.only(*KEYS)
    tls = _choice(table, "tls", ("starttls", "tls", "none"))
    found = Delivering(
        transport=_choice(table, "transport", TRANSPORTS),
        folder=root / table.get("folder", str, "var/outbox"),
        form=_choice(table, "format", FORMS),
        host=table.get("host", str, ""),
        port=_whole(table, "port", TLS_PORTS[tls], 65_535),
        tls=tls,
        username=table.get("username", str, ""),
        password_file=_file(table, "password-file", root),
        token_command=table.get("token-command", str, ""),
        connections=_whole(table, "connections", 4, MOST_CONNECTIONS),
        in_flight=_whole(table, "in-flight", 1, 100),
        helo=table.get("helo", str, platform.node() if "." in platform.node() else "localhost"),
        authorities=str(_file(table, "authorities", root) or ""),
        patience=timedelta(seconds=_whole(table, "patience-seconds", 60, 86_400)),
        bounces=_address(table, "bounces"),
        unsubscribe=_address(table, "unsubscribe"),
        seeds=table.texts("seeds"),
        approval=table.get("approval", bool, False),
        engine=_choice(table, "engine", ENGINES),
        workers=_whole(table, "workers", 1, 1_000),
        share_size=_whole(table, "share-size", 500, 1_000_000),
        dbos_url=table.get("dbos-url", str, ""),
        rate=_rate(table, "rate"),
        domain_rate=_rate(table, "domain-rate"),
        domain_rates={name.lower(): _rate(table.table("domain-rates"), name) for name in _names(table, "domain-rates")},
        warm_up=table.get("warm-up", date, date.min) if "warm-up" in table.values else None,
        dkim=tuple(_signing_key(entry, root, domain) for entry in table.tables("dkim")),
        mailbox=table.get("mailbox", str, ""),
        mailbox_password_file=_file(table, "mailbox-password-file", root),
        mailbox_token_command=table.get("mailbox-token-command", str, ""),
        outgoing=table.texts("outgoing"),
        late=table.get("late", bool, True),
        browser=_choice(table, "browser", BROWSERS),
        stay=timedelta(minutes=_whole(table, "stay-minutes", 0, 10_000)),
    )
    _check_together(table, found)
    return found


def _check_together(table: Table, found: Delivering) -> None:
    if found.transport == "smtp" and not found.host:
        table.wrong("host", "is missing: name the mail server that takes the letters, or set transport to folder")
    if found.username and not (found.password_file or found.token_command):
        table.wrong("password-file", f"is missing: the file that holds the password of {found.username}")
    for key, secret in (("password-file", found.password_file), ("token-command", found.token_command)):
        if secret and not found.username:
            table.wrong("username", f"is missing, and there is a {key}")
    if found.password_file and found.token_command:
        table.wrong("token-command", "is given, and password-file too: a relay wants one of them")
    if found.mailbox_token_command and found.mailbox_password_file:
        table.wrong("mailbox-token-command", "is given, and mailbox-password-file too: a mailbox wants one of them")
    if found.username and found.tls == "none" and found.host not in ("localhost", "127.0.0.1", "::1"):
        table.wrong("tls", "is none, and a password is never sent in the clear: use starttls or tls")


def _choice(table: Table, key: str, known: tuple[str, ...]) -> str:
    """The first is the default."""
    found = table.get(key, str, known[0])
    if found in known:
        return found
    table.wrong(key, f'must be one of {", ".join(known)}, and is "{found}"')
    return known[0]


def _whole(table: Table, key: str, default: int, most: int) -> int:
    found = table.get(key, int, default)
    least = min(1, default)
    if least <= found <= most:
        return found
    table.wrong(key, f"must be {least} to {most}, and is {found}")
    return default


def _rate(table: Table, key: str) -> float:
    """Letters a second; the environment hands over "0.5" as a text."""
    found = table.values.get(key, 0)
    try:
        rate = float(found) if isinstance(found, int | float | str) and not isinstance(found, bool) else -1.0
    except ValueError:
        rate = -1.0
    if 0 <= rate < 1e6:
        return rate
    table.wrong(key, f"must be a number of letters a second (0: as fast as it goes), and is {found!r}")
    return 0


def _names(table: Table, key: str) -> tuple[str, ...]:
    return tuple(table.table(key).values) if key in table.values else ()


def _address(table: Table, key: str) -> str:
    found = table.get(key, str, "")
    if found and ("@" not in found or "+" in found or any(mark in found for mark in " <>,;")):
        table.wrong(key, f'must be a plain mail address without a +, and is "{found}"')
        return ""
    return found


def _file(table: Table, key: str, root: Path) -> Path | None:
    named = table.get(key, str, "")
    return root / named if named else None


def _signing_key(entry: Table, root: Path, domain: str) -> SigningKey:
    entry.only("selector", "key-file", "domain")
    return SigningKey(
        entry.get("domain", str, domain), entry.need("selector", str, ""), root / entry.need("key-file", str, "")
    )
