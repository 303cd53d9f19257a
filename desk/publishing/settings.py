"""[publish.<name>] of bulletin.toml and the environment → a target, or every mistake with its line. Secrets are in files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from builder.audience import did_you_mean
from desk.delivering import given
from desk.mailing.engines import secret
from desk.publishing.folder import Folder
from desk.publishing.target import Pause, Target
from desk.settings import Settings, SettingsError
from desk.tables import Mistakes, Table

KINDS: dict[str, tuple[str, ...]] = {
    "folder": ("path",),
    "sftp": ("host", "port", "user", "path", "password-file", "key-file", "known-hosts", "host-key"),
    "rsync": ("path",),
    "s3": ("bucket", "prefix", "region", "endpoint", "access-key-id", "secret-key-file"),
}
"""What a target can be, and the settings of each."""
NEEDED = {"folder": ("path",), "sftp": ("host", "user", "path"), "rsync": ("path",), "s3": ("bucket",)}


def target_names(settings: Settings) -> tuple[str, ...]:
    return tuple(settings.rooms["publish"])


def open_target(
    settings: Settings, name: str, environ: Mapping[str, str] | None = None, pause: Pause = time.sleep
) -> Target:
    """By its name in bulletin.toml, or a folder's path. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    site = settings.root / "site"
    if name not in settings.rooms["publish"]:
        if "/" in name or os.sep in name or Path(name).is_dir():
            return Folder(site, _outside(settings, Path(name).absolute()))
        hint = did_you_mean(name, target_names(settings)) or f" Add a table [publish.{name}] to bulletin.toml."
        raise SettingsError(f'There is no target "{name}". A folder is named by its path, like ./{name}.{hint}')
    mistakes = Mistakes(settings.file.name, settings.file.read_text("utf-8-sig", errors="replace"), given(environ))
    table = Table(settings.rooms["publish"], ("publish",), mistakes).table(name)
    kind = table.get("to", str, "")
    if kind not in KINDS:
        table.wrong("to", f'must be one of {", ".join(KINDS)}, and is "{kind}"')
    else:
        table.only("to", *KINDS[kind])
        for key in NEEDED[kind]:
            table.need(key, str, "")
    made = None if mistakes.found else MAKERS[kind](settings, table, environ, pause)
    if made is None or mistakes.found:
        raise SettingsError("\n".join(str(finding) for finding in sorted(mistakes.found)))
    return made


def _outside(settings: Settings, folder: Path) -> Path:
    """Publishing into the house would put the site over content, or into itself."""
    folder = folder.resolve()
    root = settings.root.resolve()
    kept = [root / name for name in ("content", "templates", "site", "var", "out")]
    if folder == root or root.is_relative_to(folder) or any(folder.is_relative_to(place) for place in kept):
        raise SettingsError(f"{folder} is part of the house. Name a folder of its own to publish into.")
    return folder


def _folder(settings: Settings, table: Table, _environ: Mapping[str, str], _pause: Pause) -> Target:
    return Folder(settings.root / "site", _outside(settings, settings.root / table.get("path", str, "")))


def _rsync(settings: Settings, table: Table, _environ: Mapping[str, str], pause: Pause) -> Target:
    from desk.publishing.rsync import Rsync

    to = table.get("path", str, "")
    if to.startswith("-"):
        table.wrong("path", f'must be like user@host:/var/www/site, and is "{to}"')
    return Rsync(settings.root / "site", to, pause)


def _sftp(settings: Settings, table: Table, _environ: Mapping[str, str], pause: Pause) -> Target:
    from desk.publishing.sftp import Access, Sftp

    _needs("paramiko", "sftp")
    access = Access(
        host=table.get("host", str, ""),
        port=table.get("port", int, 22),
        user=table.get("user", str, ""),
        path=table.get("path", str, ""),
        password=_secret(settings, table, "password-file"),
        key_file=_file(settings, table, "key-file"),
        known_hosts=_file(settings, table, "known-hosts"),
        host_key=table.get("host-key", str, ""),
    )
    if not access.path.strip("/"):
        table.wrong("path", "must be the folder of the site on the host, not its top")
    return Sftp(settings.root / "site", access, pause)


def _s3(settings: Settings, table: Table, environ: Mapping[str, str], _pause: Pause) -> Target:
    from desk.publishing.objects import Bucket, Objects

    _needs("obstore", "s3")
    bucket = Bucket(
        bucket=table.get("bucket", str, ""),
        prefix=table.get("prefix", str, ""),
        region=table.get("region", str, "eu-west-2"),
        endpoint=table.get("endpoint", str, ""),
        access_key_id=table.get("access-key-id", str, "") or environ.get("AWS_ACCESS_KEY_ID", ""),
        secret_access_key=_secret(settings, table, "secret-key-file") or environ.get("AWS_SECRET_ACCESS_KEY", ""),
    )
    if not bucket.access_key_id or not bucket.secret_access_key:
        table.wrong("secret-key-file", "is missing, or access-key-id is: who publishes has to show who they are")
    return Objects(settings.root / "site", bucket)


MAKERS: dict[str, Callable[[Settings, Table, Mapping[str, str], Pause], Target]] = {
    "folder": _folder,
    "rsync": _rsync,
    "sftp": _sftp,
    "s3": _s3,
}


def _file(settings: Settings, table: Table, key: str) -> Path | None:
    name = table.get(key, str, "")
    return settings.root / Path(name).expanduser() if name else None


def _secret(settings: Settings, table: Table, key: str) -> str:
    return secret(_file(settings, table, key), f"[{'.'.join(map(str, table.path))}] {key}").strip()


def _needs(module: str, extra: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise SettingsError(f"To publish by {extra}, install it: pip install 'bulletin[{extra}]'")
