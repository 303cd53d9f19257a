"""A web host that is reached by rsync, over SSH as the user's own SSH settings say."""

from __future__ import annotations

import posixpath
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desk.publishing.target import RECORD, Pause, Seen, TargetError, TargetGone, folders_of, patiently

TIMEOUT_SECONDS = 60
# rsync's own numbers: the connection or the other side is away; a new try may help.
AWAY = {5, 10, 12, 30, 35, 255}


@dataclass(frozen=True, slots=True)
class Rsync:
    """`to`: `user@host:/var/www/site`, or a path of this machine."""

    site: Path
    to: str
    pause: Pause

    def record(self) -> bytes | None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "record"
            done = self._run("-t", "--ignore-missing-args", self._record, str(file), may=(23,))
            return file.read_bytes() if file.exists() and done.returncode == 0 else None

    def keep_record(self, raw: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "record"
            file.write_bytes(raw)
            self._run("-t", str(file), self._record)

    def send(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        """rsync compares the bytes itself, and renames each file into place when it is whole."""
        if paths:
            self._run("-rtc", "--delay-updates", "--files-from=-", f"{self.site}/", self._top, told=paths)
        yield from ((path, "") for path in paths)

    def drop(self, paths: Sequence[str]) -> None:
        if paths:
            with tempfile.TemporaryDirectory() as nothing:
                for folder in folders_of(paths):
                    (Path(nothing) / folder).mkdir(parents=True, exist_ok=True)
                self._run("-r", "--delete-missing-args", "--files-from=-", f"{nothing}/", self._top, told=paths)

    def look(self, marks: Mapping[str, str]) -> Seen:
        """By its checksums: what differs from the built site is named, in whatever way it came to differ."""
        here = [path for path in marks if (self.site / path).is_file()]
        command = ("-rcn", "--out-format=%n", "--files-from=-", f"{self.site}/", self._top)
        changed = self._run(*command, told=here).stdout.splitlines()
        return Seen(frozenset(path for path in changed if not path.endswith("/")))

    def close(self) -> None:
        """Each run makes its own connection."""

    @property
    def _top(self) -> str:
        return self.to.rstrip("/") + "/"

    @property
    def _record(self) -> str:
        host, mark, path = self.to.rstrip("/").rpartition(":")
        return f"{host}{mark}{posixpath.join(posixpath.dirname(path), f'.{posixpath.basename(path)}{RECORD}')}"

    def _run(
        self, *words: str, told: Sequence[str] = (), may: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        return patiently(lambda: self._once(words, told, may), lambda: None, self.pause)

    def _once(
        self, words: Sequence[str], told: Sequence[str], may: tuple[int, ...]
    ) -> subprocess.CompletedProcess[str]:
        command = ["rsync", f"--timeout={TIMEOUT_SECONDS}", *words]
        try:
            done = subprocess.run(
                command, input="".join(f"{p}\n" for p in told), text=True, capture_output=True, check=False
            )
        except FileNotFoundError as error:
            raise TargetError("There is no program rsync on this machine. Install it, or publish by sftp.") from error
        if done.returncode == 0 or done.returncode in may:
            return done
        kind = TargetGone if done.returncode in AWAY else TargetError
        raise kind(f"rsync to {self.to}: {' '.join(done.stderr.split())[:300]}")
