"""[delivery]'s settings → what the delivery room is handed: its engine, its keys, its limits. Secrets are read here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from delivery.access import AccessToken
from delivery.engine import Engine
from delivery.folder import Folder, FolderEngine
from delivery.letter.dkim import Key, Signer, load_key
from delivery.loop.pace import Limits, warm_up
from delivery.returning.imap import SignIn
from delivery.smtp.relay import Relay, SmtpEngine
from desk.delivering import Delivering
from desk.settings import SettingsError


def secret(file: Path | None, what: str) -> str:
    """The one line of a secret's file. Raises SettingsError."""
    if file is None:
        return ""
    try:
        found = file.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{what}: {file} cannot be read: {why}. Nothing was sent.") from error
    if not found or "\n" in found:
        raise SettingsError(f"{what}: {file} must hold one line, the secret itself. Nothing was sent.")
    return found


def make_engine(delivering: Delivering) -> Engine:
    """Raises SettingsError for a wrong secret."""
    if delivering.transport == "folder":
        return FolderEngine(Folder(delivering.folder, delivering.form))
    return SmtpEngine(make_relay(delivering))


def make_relay(delivering: Delivering) -> Relay:
    return Relay(
        host=delivering.host,
        port=delivering.port,
        tls=delivering.tls,
        username=delivering.username,
        password=secret(delivering.password_file, "[delivery] password-file"),
        token=AccessToken(delivering.token_command) if delivering.token_command else None,
        connections=delivering.connections,
        helo=delivering.helo,
        authorities=delivering.authorities,
        in_flight=delivering.in_flight,
        patience_seconds=delivering.patience.total_seconds(),
    )


def mailbox_sign_in(delivering: Delivering) -> SignIn:
    """Raises SettingsError for a wrong secret."""
    return SignIn(
        secret(delivering.mailbox_password_file, "[delivery] mailbox-password-file"),
        AccessToken(delivering.mailbox_token_command) if delivering.mailbox_token_command else None,
        delivering.authorities,
    )


def signing_keys(delivering: Delivering) -> tuple[Key, ...]:
    """Raises SettingsError and DeliveryError."""
    return tuple(load_key(one.domain, one.selector, _pem(one.file)) for one in delivering.dkim)


def _pem(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"the DKIM key {file} cannot be read: {error.strerror}. Nothing was sent.") from error


def make_signer(delivering: Delivering) -> Signer | None:
    keys = signing_keys(delivering)
    return Signer(keys) if keys else None


def make_limits(delivering: Delivering, today: date) -> Limits:
    first = delivering.warm_up
    daily = warm_up(max(0, (today - first).days)) if first else 0
    return Limits(delivering.rate, delivering.domain_rate, delivering.domain_rates, daily)
