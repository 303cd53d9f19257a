"""One way to look into every kind of target, as somebody with access to it could."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from desk.publishing.folder import Folder
from desk.publishing.objects import Bucket, Objects
from desk.publishing.sftp import Access, Sftp
from desk.publishing.target import RECORD, Target
from tests.publishing.servers import PASSWORD, SftpHost

KINDS = ("folder", "in place", "sftp", "s3")


def no_pause(_seconds: float) -> None:
    """Nobody waits in a test."""


class Place(Protocol):
    def target(self, site: Path) -> Target: ...
    def files(self) -> dict[str, bytes]: ...
    def write(self, path: str, content: bytes) -> None: ...
    def record(self, content: bytes | None = None) -> bytes: ...


@dataclass
class OnDisk:
    top: Path
    host: SftpHost | None = None
    swaps: bool = True

    def target(self, site: Path) -> Target:
        if self.host is None:
            return Folder(site, self.top) if self.swaps else InPlace(site, self.top)
        where = f"/{self.top.relative_to(self.host.home)}"
        key = str(self.host.key.fingerprint)
        access = Access(
            host="127.0.0.1", port=self.host.port, user="council", path=where, password=PASSWORD, host_key=key
        )
        return Sftp(site, access, no_pause)

    def files(self) -> dict[str, bytes]:
        return {p.relative_to(self.top).as_posix(): p.read_bytes() for p in self.top.rglob("*") if p.is_file()}

    def write(self, path: str, content: bytes) -> None:
        (self.top / path).write_bytes(content)

    def record(self, content: bytes | None = None) -> bytes:
        file = self.top.with_name(f".{self.top.name}{RECORD}")
        if content is not None:
            file.write_bytes(content)
        return file.read_bytes()


class InPlace(Folder):
    """A folder that cannot change its name, as the top of a mounted share."""

    def swap(self, *_: Any) -> None:
        return None


@dataclass
class Stored:
    url: str
    bucket: str

    def target(self, site: Path) -> Target:
        return Objects(site, self.of())

    def of(self) -> Bucket:
        return Bucket(
            bucket=self.bucket,
            prefix="news",
            endpoint=self.url,
            region="us-east-1",
            access_key_id="a",
            secret_access_key="b",
        )

    @property
    def store(self) -> Any:
        return Objects(Path(), self.of())._open

    def files(self) -> dict[str, bytes]:
        found = {e["path"].removeprefix("news/"): e["path"] for batch in self.store.list("news") for e in batch}
        return {path: bytes(self.store.get(key).bytes()) for path, key in found.items()}

    def attributes(self, path: str) -> dict[str, str]:
        return dict(self.store.get(f"news/{path}").attributes)

    def write(self, path: str, content: bytes) -> None:
        self.store.put(f"news/{path}", content)

    def record(self, content: bytes | None = None) -> bytes:
        """Beside the prefix that the world may read."""
        if content is not None:
            self.store.put(f".news{RECORD}", content)
        return bytes(self.store.get(f".news{RECORD}").bytes())
