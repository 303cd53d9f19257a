"""A web host that is reached by SFTP."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from desk.publishing.target import RECORD, Pause, Seen, TargetError, TargetGone, differs, folders_of, patiently

if TYPE_CHECKING:
    import paramiko

T = TypeVar("T")
SECONDS = 30.0  # without an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    host: str
    user: str
    path: str
    port: int = 22
    password: str = field(default="", repr=False)
    key_file: Path | None = None
    known_hosts: Path | None = None
    """The hosts that we know; another one is not spoken to."""
    host_key: str = ""
    """Instead: the one key that the host must have, as `SHA256:…`."""


@dataclass(slots=True)
class Sftp:
    site: Path
    access: Access
    pause: Pause
    _client: paramiko.SSHClient | None = None
    _session: paramiko.SFTPClient | None = None
    _made: set[str] = field(default_factory=set)

    def record(self) -> bytes | None:
        for place in self._records():
            if (raw := self._try(partial(self._read, place))) is not None:
                return raw
        return None

    def keep_record(self, raw: bytes) -> None:
        """Beside the site when that folder is ours, else in it, under a name that web servers do not show."""
        beside, _ = self._records()
        try:
            self._try(partial(self._write, beside, raw))
        except TargetGone:
            raise
        except TargetError:
            self._try(partial(self._put, RECORD, raw))

    def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        for path in paths:
            yield path, self._try(partial(self._put, path, (self.site / path).read_bytes()))

    def drop(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._try(partial(self._remove, path))
        for folder in folders_of(paths):
            with suppress(TargetError):
                self._try(partial(self._rmdir, folder))

    def look(self, marks: Mapping[str, str]) -> Seen:
        return differs(marks, self._try(lambda: dict(self._walk(""))))

    def close(self) -> None:
        for opened in (self._session, self._client):
            if opened is not None:
                with suppress(Exception):
                    opened.close()
        self._session = self._client = None
        self._made.clear()

    # --- one thing each ---

    def _records(self) -> tuple[str, str]:
        top = self.access.path.rstrip("/")
        return posixpath.join(posixpath.dirname(top), f".{posixpath.basename(top)}{RECORD}"), f"{top}/{RECORD}"

    def _at(self, path: str) -> str:
        return posixpath.join(self.access.path, path)

    def _read(self, place: str) -> bytes | None:
        try:
            with self._sftp.open(place, "rb") as file:
                file.prefetch()
                return bytes(file.read())
        except FileNotFoundError:
            return None

    def _put(self, path: str, content: bytes) -> str:
        self._folder(posixpath.dirname(self._at(path)))
        return self._write(self._at(path), content)

    def _write(self, place: str, content: bytes) -> str:
        """Beside it, then renamed over it: a reader gets the old file or the new one."""
        fresh = _beside(place)
        try:
            with self._sftp.open(fresh, "wb") as file:
                file.set_pipelined(True)
                file.write(content)
            self._rename(fresh, place)
        except (OSError, EOFError):
            with suppress(Exception):
                self._sftp.remove(fresh)
            raise
        return _mark(self._sftp.stat(place))

    def _rename(self, fresh: str, place: str) -> None:
        try:
            self._sftp.posix_rename(fresh, place)
        except OSError as error:
            if "unsupported" not in str(error).lower():
                raise
            # A server that knows only SFTP's own rename, which replaces nothing: for an instant there is no file.
            with suppress(FileNotFoundError):
                self._sftp.remove(place)
            self._sftp.rename(fresh, place)

    def _folder(self, place: str) -> None:
        if place in self._made or not place.strip("/"):
            return
        try:
            self._sftp.stat(place)
        except FileNotFoundError:
            if place == posixpath.dirname(self.access.path.rstrip("/")):
                raise TargetError(f"{self.access.host} has no folder {place}. Make it, or mend path.") from None
            self._folder(posixpath.dirname(place))
            self._sftp.mkdir(place)
        self._made.add(place)

    def _remove(self, path: str) -> None:
        for place in (self._at(path), _beside(self._at(path))):
            with suppress(FileNotFoundError):
                self._sftp.remove(place)

    def _rmdir(self, folder: str) -> None:
        self._sftp.rmdir(self._at(folder))

    def _walk(self, folder: str) -> Iterator[tuple[str, str]]:
        try:
            entries = self._sftp.listdir_attr(self._at(folder))
        except FileNotFoundError:
            return
        for entry in entries:
            path = posixpath.join(folder, entry.filename)
            if stat.S_ISDIR(entry.st_mode or 0):
                yield from self._walk(path)
            else:
                yield path, _mark(entry)

    # --- the connection ---

    def _try(self, act: Callable[[], T]) -> T:
        return patiently(lambda: self._told(act), self.close, self.pause)

    def _told(self, act: Callable[[], T]) -> T:
        import paramiko

        try:
            return act()
        except (PermissionError, FileNotFoundError) as error:
            raise TargetError(f"{self.access.host} refuses: {error}. Look at path and its permissions.") from error
        except paramiko.AuthenticationException as error:
            raise TargetError(f"{self.access.host} does not let {self.access.user} in: {error}") from error
        except paramiko.BadHostKeyException as error:
            raise TargetError(f"{self.access.host} has another key than the one that is known. {error}") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            if "not found in known_hosts" in str(error):
                raise TargetError(_unknown(self.access, str(error))) from error
            raise TargetGone(
                f"{self.access.host} went away, or does not answer: {error or type(error).__name__}."
            ) from error

    @property
    def _sftp(self) -> paramiko.SFTPClient:
        if self._session is None:
            self._client = self._connect()
            self._session = self._client.open_sftp()
            channel = self._session.get_channel()
            if channel:
                channel.settimeout(SECONDS)
        return self._session

    def _connect(self) -> paramiko.SSHClient:
        import paramiko

        client = paramiko.SSHClient()
        if self.access.host_key:
            client.set_missing_host_key_policy(_only(self.access.host_key))
        else:
            client.load_system_host_keys(str(self.access.known_hosts) if self.access.known_hosts else None)
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.connect(
            self.access.host,
            self.access.port,
            self.access.user,
            self.access.password or None,
            key_filename=str(self.access.key_file) if self.access.key_file else None,
            allow_agent=not self.access.password,
            look_for_keys=not (self.access.password or self.access.key_file),
            timeout=SECONDS,
            banner_timeout=SECONDS,
            auth_timeout=SECONDS,
        )
        return client


def _only(wanted: str) -> paramiko.MissingHostKeyPolicy:
    """Takes one key and no other."""
    import paramiko

    class Only(paramiko.MissingHostKeyPolicy):
        def missing_host_key(self, _client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
            if key.fingerprint != wanted:
                raise TargetError(
                    f"{hostname} has the key {key.fingerprint}, and host-key says {wanted}. Nothing was sent."
                )

    return Only()


def _beside(place: str) -> str:
    """Always the same name, so that what a broken connection left is written over or removed by the next run."""
    return posixpath.join(posixpath.dirname(place), f".{posixpath.basename(place)}.partial")


def _unknown(access: Access, why: str) -> str:
    return (
        f"{access.host} is not known here ({why}). Look at its key with `ssh-keyscan {access.host} | ssh-keygen -lf -`, "
        "ask whoever runs it whether that is the one, and write it into host-key, or add it to known-hosts."
    )


def _mark(seen: Any) -> str:
    return f"{seen.st_size}-{seen.st_mtime}"
