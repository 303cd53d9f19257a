"""Power cuts without a plug: a trace of what a program wrote and synced → what the disk may hold after a cut at any moment.

The model is that of a disk with a cache: what a finished fsync covered is there; of what was written since, anything may be
there, in any order, and the last of it torn between two sectors. A new file is there once its folder was synced, or perhaps.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
_CALL = re.compile(
    r"^(?:\d+ +)?(?P<call>pwrite64|write|fsync|fdatasync|ftruncate|unlink)\("
    r'(?:\d+<(?P<file>(?:\\x..)+)>|"(?P<name>(?:\\x..)+)")(?:, "(?P<data>(?:\\x..)*)")?(?:, (?P<first>\d+))?(?:, (?P<offset>\d+))?'
)


@dataclass(frozen=True)
class Step:
    """`data` None: a truncation to `offset`. A mark is a write to the file of marks."""

    call: str
    file: str
    data: bytes | None = None
    offset: int = 0


@dataclass
class File:
    """`pending`: what no sync has covered yet, in the order in which it was written."""

    safe: bytes = b""
    pending: list[Step] = field(default_factory=list)

    def image(self, chosen: Sequence[Step]) -> bytes:
        content = bytearray(self.safe)
        for step in chosen:
            if step.data is None:
                del content[step.offset :]
                continue
            end = step.offset + len(step.data)
            content.extend(b"\0" * (end - len(content)))
            content[step.offset : end] = step.data
        return bytes(content)

    def sync(self) -> None:
        self.safe, self.pending = self.image(self.pending), []


def traced(command: Sequence[str], files: Sequence[Path], log: Path, **how: object) -> list[Step]:
    """Runs the command; its steps on these files."""
    if not shutil.which("strace"):
        raise AssertionError("this proof needs strace: apt-get install strace")
    calls = "pwrite64,write,fsync,fdatasync,ftruncate,unlink"
    watched = [word for file in files for word in ("-P", str(file))]
    strace = ["strace", "-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", f"trace={calls}", "-o", str(log), *watched]
    subprocess.run([*strace, *command], check=True, timeout=120, **how)  # type: ignore[call-overload]
    return list(_steps(log.read_text()))


def _steps(log: str) -> Iterator[Step]:
    """A sync counts where it has returned; all our writing is done by one thread, which does nothing meanwhile."""
    for line in log.splitlines():
        found = _CALL.match(line)
        if not found or " = -1 " in line:
            assert "resumed" in line or found or "exited" in line or "+++" in line, line[:200]
            continue
        name = _bytes(found["file"] or found["name"]).decode()
        data = _bytes(found["data"]) if found["data"] is not None else None
        if found["call"] == "ftruncate":
            yield Step("ftruncate", name, None, int(found["first"]))
        else:
            yield Step(found["call"], name, data, int(found["offset"] or 0))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass(frozen=True)
class Cut:
    """`images`: each a possible disk, file → content. `marks`: what the program had been promised by then."""

    after: int
    marks: str
    images: tuple[Mapping[str, bytes], ...]


def cuts(steps: Sequence[Step], before: Mapping[str, bytes], marks: str, chance: random.Random) -> Iterator[Cut]:
    """One after every step. `before`: the disk when the program began, all of it safe."""
    disk = {name: File(content) for name, content in before.items()}
    told = ""
    for number, step in enumerate(steps):
        if step.file == marks:
            told += (step.data or b"").decode()
        elif step.call in ("fsync", "fdatasync"):
            if step.file in disk:
                disk[step.file].sync()
        elif step.call == "unlink":
            disk.pop(step.file, None)
        else:
            disk.setdefault(step.file, File()).pending.append(step)
        yield Cut(number, told, tuple(_images(disk, chance)))


def _images(disk: Mapping[str, File], chance: random.Random) -> Iterator[Mapping[str, bytes]]:
    yield {name: file.image([]) for name, file in disk.items()}
    if any(file.pending for file in disk.values()):
        yield {name: file.image(file.pending) for name, file in disk.items()}
        yield {name: file.image(_torn(file.pending, chance)) for name, file in disk.items()}
        for _ in range(3):
            some = {name: [one for one in file.pending if chance.random() < 0.5] for name, file in disk.items()}
            yield {name: file.image(some[name]) for name, file in disk.items()}


def _torn(pending: Sequence[Step], chance: random.Random) -> list[Step]:
    """All but the end of the last write."""
    if not pending or pending[-1].data is None:
        return list(pending)
    last = pending[-1]
    assert last.data is not None
    kept = chance.randrange(len(last.data) // SECTOR + 1) * SECTOR
    return [*pending[:-1], Step(last.call, last.file, last.data[:kept], last.offset)]
