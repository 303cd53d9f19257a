"""Storage that speaks S3: a council's own, or a provider's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from desk.mediatypes import ASK_AGAIN, keeping_of, type_of
from desk.publishing.target import RECORD, Seen, TargetError, TargetGone, differs

AT_ONCE = 8
PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    bucket: str
    prefix: str = ""
    region: str = "eu-west-2"
    endpoint: str = ""
    """Of a storage that is not Amazon's."""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)


@dataclass(slots=True)
class Objects:
    site: Path
    bucket: Bucket
    _store: Any = None

    def record(self) -> bytes | None:
        import obstore

        try:
            return bytes(self._told(lambda: obstore.get(self._open, self._record)).bytes())
        except FileNotFoundError:
            return None

    def keep_record(self, raw: bytes) -> None:
        self._put(self._record, raw, "application/json", ASK_AGAIN)

    def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                yield from pool.map(self._send_one, paths)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def drop(self, paths: Sequence[str]) -> None:
        import obstore

        if paths:
            self._told(lambda: obstore.delete(self._open, [self._key(path) for path in paths]))

    def look(self, marks: Mapping[str, str]) -> Seen:
        return differs(marks, self._told(lambda: dict(self._listed())))

    def close(self) -> None:
        self._store = None

    def _send_one(self, path: str) -> tuple[str, str]:
        return path, self._put(self._key(path), (self.site / path).read_bytes(), type_of(path), keeping_of(path))

    def _put(self, key: str, content: bytes, kind: str, keeping: str) -> str:
        import obstore

        attributes: Any = {"Content-Type": kind, "Cache-Control": keeping}
        done = self._told(lambda: obstore.put(self._open, key, content, attributes=attributes, use_multipart=False))
        return _mark(done["e_tag"])

    def _listed(self) -> Iterator[tuple[str, str]]:
        import obstore

        before = f"{self.bucket.prefix.strip('/')}/" if self.bucket.prefix.strip("/") else ""
        for batch in obstore.list(self._open, before or None):
            for entry in batch:
                yield str(entry["path"]).removeprefix(before), _mark(entry["e_tag"])

    @property
    def _record(self) -> str:
        """Beside the prefix, so that whoever shows the prefix does not show it; without one, there is only the bucket itself."""
        above, _, name = self.bucket.prefix.strip("/").rpartition("/")
        return "/".join(filter(None, (above, f".{name}{RECORD}" if name else RECORD)))

    def _key(self, path: str) -> str:
        return "/".join(filter(None, (self.bucket.prefix.strip("/"), path)))

    @property
    def _open(self) -> Any:
        if self._store is None:
            from obstore.store import S3Store

            more: Any = {"endpoint": self.bucket.endpoint} if self.bucket.endpoint else {}
            self._store = S3Store(
                self.bucket.bucket,
                region=self.bucket.region,
                access_key_id=self.bucket.access_key_id,
                secret_access_key=self.bucket.secret_access_key,
                client_options={"allow_http": self.bucket.endpoint.startswith("http://"), "timeout": PATIENCE},
                retry_config={"max_retries": 3, "retry_timeout": PATIENCE},
                **more,
            )
        return self._store

    def _told(self, act: Any) -> Any:
        from obstore import exceptions

        where = f"The storage {self.bucket.bucket}"
        try:
            return act()
        except (exceptions.NotFoundError, FileNotFoundError) as error:
            if "NoSuchBucket" in str(error):
                raise TargetError(f"{where} is not there. Is its name right, and the endpoint?") from error
            raise FileNotFoundError(str(error)) from error
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError, PermissionError) as error:
            raise TargetError(f"{where} refuses: {_short(error)}") from error
        except exceptions.BaseError as error:
            raise TargetGone(f"{where} went away, or does not answer: {_short(error)}") from error


def _mark(tag: str | None) -> str:
    return (tag or "").strip('"')


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
