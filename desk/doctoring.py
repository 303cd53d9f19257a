"""The whole house is looked at: the world around the sender, the relay, the database, the keys and the templates."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError
from sqlalchemy import Engine

import db
from builder.model import BuilderError
from db import health
from delivery import doctor
from delivery.doctor import Checked, Finding, World
from delivery.ledger import notes
from delivery.model import DeliveryError
from delivery.smtp.relay import Relay
from desk.house import template_folders
from desk.mailing.engines import make_relay, signing_keys
from desk.mailing.office import Office
from desk.notes.letters import composed
from desk.settings import SettingsError
from desk.web.staff.looks import read_looks

ABOUT_THE_RELAY = ("relay", "TLS")
SECONDS = 5.0  # for the publisher's own site to tell its time
_WORDS = re.compile(r"""\bwords\.([a-z]+)(?:\.([a-z_]+)|\[["']([^"'~]+)["']\])""")


def system_world(url: str) -> World:
    """`url`: the publisher's site, whose clock is compared with this machine's."""
    return World(resolve=doctor.system_resolver(), now=lambda: datetime.now(UTC), other_clock=lambda: _time_at(url))


def _time_at(url: str) -> datetime:
    """By the Date of its answer. Raises OSError."""
    asked = urllib.request.Request(url, method="HEAD")
    with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
        return parsedate_to_datetime(answer.headers["Date"])


def examine(office: Office, world: World) -> list[Finding]:
    """All in one pass. Never raises."""
    given = office.delivering
    domain = office.press.house.publisher.email.rpartition("@")[2]
    bounces = given.bounces.rpartition("@")[2] or domain
    found = [*_own(office, world)]
    try:
        relay = make_relay(given) if given.transport == "smtp" else Relay("localhost")
        keys = signing_keys(given)
    except (SettingsError, DeliveryError) as error:
        return [*found, Finding("secrets", "bad", str(error))]
    checked = Checked(domain, bounces, relay, keys, given.outgoing, office.press.root)
    found += doctor.examine(checked, world)
    if given.transport == "folder":
        found = [one for one in found if one.subject not in ABOUT_THE_RELAY]
        found.append(Finding("relay", "warning", f"letters go to {given.folder}, not to a mail server"))
    elif not keys:
        found.append(
            Finding(
                "DKIM", "warning", "letters are not signed here: list keys in [[delivery.dkim]], unless the relay signs"
            )
        )
    return found


def _own(office: Office, world: World) -> Iterator[Finding]:
    for sign in health.look(office.engine, world.now()):
        yield Finding("database", "good" if sign.is_good else "bad", sign.words)
    yield from _notes(office.engine, world.now())
    publisher = office.press.house.publisher
    if not publisher.url.startswith("https://"):
        words = f"publisher.url is {publisher.url}: mail programmes offer one-click unsubscribing for https only"
        yield Finding("unsubscribe", "bad", words)
    wrong = [*_letters(office), *_templates(office)]
    yield from wrong or [Finding("templates", "good", "all compile, and no word is missing")]


def _notes(engine: Engine, now: datetime) -> Iterator[Finding]:
    """Letters about subscriptions that nobody carries, or that somebody must decide about."""
    with db.reading(engine) as connection:
        counts, waiting = notes.counts(connection), notes.due(connection, now, 1)
    if waiting and (now - waiting[0].made_at).total_seconds() > 600:
        number = counts["queued"] + counts["deferred"]
        words = f"{number} {'letter' if number == 1 else 'letters'} about subscriptions wait, the oldest since "
        yield Finding("notes", "bad", f"{words}{waiting[0].made_at:%d %B %Y, %H:%M} UTC: is bulletin serve running?")
    if counts["in_doubt"]:
        yield Finding("notes", "warning", f"{counts['in_doubt']} are in doubt: bulletin notes")


def _letters(office: Office) -> Iterator[Finding]:
    try:
        office.press.renderer.template("email/edition.mjml")
        composed(office.press)
    except BuilderError as error:
        yield from (Finding("templates", "bad", str(one)) for one in error.findings)


def _templates(office: Office) -> Iterator[Finding]:
    """Every template of every room, read as a page would read it."""
    folders = template_folders(office.register.settings)
    looks, renderer = read_looks(folders, office.press.kept / "templates"), office.press.renderer
    yield from _compiled(renderer.environment, renderer.words, folders, desk=False)
    yield from _compiled(looks.environment, looks.words, folders, desk=True)


def _compiled(
    environment: Environment, words: Mapping[str, Mapping[str, str]], folders: tuple[Path, ...], *, desk: bool
) -> Iterator[Finding]:
    for name in environment.list_templates(extensions=["html", "mjml", "txt", "xml"]):
        if name.startswith("desk/") is not desk or name.startswith("desk/new"):
            continue
        try:
            environment.get_template(name)
        except TemplateSyntaxError as error:
            yield Finding("templates", "bad", f"templates/{error.name or name}, line {error.lineno}: {error.message}")
            continue
        except UnicodeDecodeError:
            yield Finding("templates", "bad", f"templates/{name} is not text in UTF-8")
            continue
        yield from _missing_words(name, folders, words)


def _missing_words(name: str, folders: tuple[Path, ...], words: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    file = next(folder / name for folder in folders if (folder / name).is_file())
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        for table, plain, quoted in _WORDS.findall(line):
            if (plain or quoted) not in words.get(table, {}) and plain not in ("get", "items"):
                where = f"templates/{name}, line {number}"
                yield Finding("templates", "bad", f"{where}: there are no words for [{table}] {plain or quoted}")
