"""Real places to publish to: an SFTP server and a storage that speaks S3, each on loopback."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from paramiko.sftp import SFTP_NO_SUCH_FILE, SFTP_OK

PASSWORD = "a password of the test"


@dataclass
class SftpHost:
    """A host with one folder. `patience`: how many renames it does before it goes away."""

    home: Path
    key: paramiko.PKey
    port: int = 0
    patience: int = 1_000_000
    commands: list[str] = field(default_factory=list)
    _open: list[paramiko.Transport] = field(default_factory=list)

    def go_away(self) -> None:
        for transport in self._open:
            transport.close()

    def used(self, what: str) -> None:
        self.commands.append(what)
        if what.startswith("rename"):
            self.patience -= 1
            if self.patience < 0:
                self.go_away()
                raise EOFError


class _Server(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("council", PASSWORD)
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - paramiko's names
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return paramiko.common.OPEN_SUCCEEDED


class _Handle(paramiko.SFTPHandle):
    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))  # type: ignore[attr-defined]


def _told(act: Any) -> Any:
    try:
        return act()
    except OSError as error:
        return paramiko.SFTPServer.convert_errno(error.errno or 0)


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, host: SftpHost) -> None:
        super().__init__(server)
        self.host = host

    def _real(self, path: str) -> Path:
        return self.host.home / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> Any:
        def found() -> list[paramiko.SFTPAttributes]:
            return [paramiko.SFTPAttributes.from_stat(p.stat(), p.name) for p in self._real(path).iterdir()]

        return _told(found)

    def stat(self, path: str) -> Any:
        return _told(lambda: paramiko.SFTPAttributes.from_stat(self._real(path).stat()))

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:  # noqa: ARG002
        def opened() -> paramiko.SFTPHandle:
            handle = _Handle(flags)
            number = os.open(self._real(path), flags, 0o644)
            file = os.fdopen(number, "wb" if flags & os.O_WRONLY else "r+b" if flags & os.O_RDWR else "rb")
            handle.readfile = handle.writefile = file  # type: ignore[attr-defined]
            return handle

        return _told(opened)

    def remove(self, path: str) -> Any:
        self.host.used(f"remove {path}")
        return _told(lambda: (self._real(path).unlink(), SFTP_OK)[1])

    def posix_rename(self, oldpath: str, newpath: str) -> Any:
        self.host.used(f"rename {newpath}")
        return _told(lambda: (self._real(oldpath).replace(self._real(newpath)), SFTP_OK)[1])

    def mkdir(self, path: str, attr: Any) -> Any:  # noqa: ARG002
        return _told(lambda: (self._real(path).mkdir(), SFTP_OK)[1])

    def rmdir(self, path: str) -> Any:
        return _told(lambda: (self._real(path).rmdir(), SFTP_OK)[1]) if self._real(path).is_dir() else SFTP_NO_SUCH_FILE


@contextmanager
def sftp_host(home: Path) -> Iterator[SftpHost]:
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    host = SftpHost(home, paramiko.ECDSAKey.generate())
    listener = socket.create_server(("127.0.0.1", 0))
    host.port = listener.getsockname()[1]

    def take() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                transport = paramiko.Transport(connection)
                transport.add_server_key(host.key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, host)
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=_Server())
                    host._open.append(transport)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        host.go_away()
        thread.join(5)


@contextmanager
def s3_storage() -> Iterator[Any]:
    """Its `get_host_and_port()` says where."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()
