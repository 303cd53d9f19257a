"""The whole house is looked at: the world around the sender, the relay, the database, the keys and the templates."""

from __future__ import annotations

from datetime import UTC, datetime

from builder.model import BuilderError
from delivery import doctor
from delivery.doctor import Checked, Finding, World
from delivery.model import DeliveryError
from delivery.relay import Relay
from desk.engines import make_relay, signing_keys
from desk.office import Office
from desk.settings import SettingsError

ABOUT_THE_RELAY = ("relay", "TLS")


def system_world() -> World:
    return World(resolve=doctor.system_resolver(), now=lambda: datetime.now(UTC))


def examine(office: Office, world: World) -> list[Finding]:
    """All in one pass. Never raises."""
    given = office.delivering
    domain = office.press.house.publisher.email.rpartition("@")[2]
    bounces = given.bounces.rpartition("@")[2] or domain
    found = [*_own(office)]
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


def _own(office: Office) -> list[Finding]:
    found = [Finding("database", "good", f"{office.engine.dialect.name}, and its schema is up to date")]
    publisher = office.press.house.publisher
    if not publisher.url.startswith("https://"):
        words = f"publisher.url is {publisher.url}: mail programmes offer one-click unsubscribing for https only"
        found.append(Finding("unsubscribe", "bad", words))
    try:
        office.press.renderer.template("email/edition.mjml")
        found.append(Finding("templates", "good", "the letter compiles"))
    except BuilderError as error:
        found += [Finding("templates", "bad", str(one)) for one in error.findings]
    return found
