"""A stranger's file → a photo made anew from its pixels, kept under a name made of what it holds; or the reason why not."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from goodnews import darkroom
from goodnews.model import GoodNewsError, Photo

MOST_BYTES = 15_000_000  # a phone's photo has 3 to 8 MB
MOST_PHOTOS = 4
AT_ONCE = 2  # pictures opened side by side: each may need 200 MB
ANSWER_SECONDS = 20  # a child ends itself after less; on a busy machine that takes longer
SIZES = ("web", "email")
NAME = re.compile(r"[0-9a-f]{40}")


class PhotoError(GoodNewsError):
    """Its text is the code of the reason: photo-kind, photo-heic, photo-bytes, photo-pixels, photo-small, photo-damaged."""


@dataclass(frozen=True, slots=True)
class Developed:
    photo: Photo
    web: bytes
    email: bytes


@dataclass(slots=True)
class Darkroom:
    """Opens pictures in a program of its own (`goodnews.darkroom`), started when the first one comes."""

    _lock: Lock = field(default_factory=Lock)
    _busy: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))
    _program: subprocess.Popen[bytes] | None = None
    _control: socket.socket | None = None

    def develop(self, raw: bytes) -> Developed:
        """Raises PhotoError."""
        head, web, email = self._made(raw, darkroom.PHOTO)
        name = hashlib.sha256(web).hexdigest()[:40]
        return Developed(Photo(name, str(head["look"]), int(head["width"]), int(head["height"])), web, email)

    def keep(self, raw: bytes) -> tuple[bytes, str]:
        """An editor's picture made anew from its pixels, drawings and clear places kept, and its suffix. Raises PhotoError."""
        head, made, _ = self._made(raw, darkroom.KEEP)
        return made, str(head["suffix"])

    def _made(self, raw: bytes, what: bytes) -> tuple[dict[str, Any], bytes, bytes]:
        if not raw:
            raise PhotoError("photo-damaged")
        if len(raw) > MOST_BYTES:
            raise PhotoError("photo-bytes")
        with self._busy:
            head, first, second = self._asked(raw, what)
        if "code" in head:
            raise PhotoError(str(head["code"]))
        return head, first, second

    def close(self) -> None:
        with self._lock:
            if self._control:
                self._control.close()
            if self._program:
                self._program.wait(5)
            self._control = self._program = None

    def _asked(self, raw: bytes, what: bytes) -> tuple[dict[str, Any], bytes, bytes]:
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(ANSWER_SECONDS)
            with theirs:
                self._hand_over(theirs, what)
            try:
                ours.sendall(struct.pack("!I", len(raw)) + raw)
                return _answer(ours)
            except OSError as error:  # its child was ended: too much time or memory
                raise PhotoError("photo-damaged") from error

    def _hand_over(self, theirs: socket.socket, what: bytes) -> None:
        with self._lock:
            for _ in range(2):
                control = self._control or self._start()
                try:
                    socket.send_fds(control, [what], [theirs.fileno()])
                    return
                except OSError:  # somebody ended the program: another one is started
                    self._drop()
        raise PhotoError("photo-damaged")

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", darkroom.__file__]
            self._program = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd="/")
        self._control = ours
        return ours

    def _drop(self) -> None:
        if self._control:
            self._control.close()
        if self._program:
            self._program.kill()
            self._program.wait()
        self._control = self._program = None


def _answer(ours: socket.socket) -> tuple[dict[str, Any], bytes, bytes]:
    sizes = struct.unpack("!III", _exactly(ours, 12))
    head, web, email = (_exactly(ours, size) for size in sizes)
    return json.loads(head), web, email


def _exactly(ours: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        piece = ours.recv(min(size - len(read), 1 << 20))
        if not piece:
            raise ConnectionError("the picture's child has ended")
        read += piece
    return bytes(read)


@cache
def shared() -> Darkroom:
    """One for the whole process."""
    made = Darkroom()
    atexit.register(made.close)
    return made


# --- the folder ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shelf:
    """var/photos: what waits, is being looked at, or was accepted lately. Files are named by what they hold."""

    folder: Path

    def put(self, made: Developed) -> Photo:
        """On the disk before it returns."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for size, data in zip(SIZES, (made.web, made.email), strict=True):
            self._write(self.path(made.photo.name, size), data)
        return made.photo

    def path(self, name: str, size: str = "web") -> Path:
        """Raises ValueError for what is no name of ours (W11)."""
        if not NAME.fullmatch(name) or size not in SIZES:
            raise ValueError("no photo has this name")
        return self.folder / f"{name}-{size}.jpg"

    def has(self, name: str) -> bool:
        return bool(NAME.fullmatch(name)) and all(self.path(name, size).is_file() for size in SIZES)

    def drop(self, name: str) -> None:
        for size in SIZES:
            self.path(name, size).unlink(missing_ok=True)

    def sweep(self, used: set[str], before: float) -> int:
        """Files of photos that no story has, and that were last asked for before that moment; how many."""
        old = [file for file in self._files() if file.name[:40] not in used and file.stat().st_mtime < before]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)

    def size(self) -> int:
        """Bytes."""
        return sum(file.stat().st_size for file in self._files())

    def _files(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def _write(self, file: Path, data: bytes) -> None:
        if file.exists():
            os.utime(file)  # it is wanted again: the sweep leaves it
            return
        partial = file.with_name(f"{file.name}.{os.getpid()}.{id(data)}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        partial.rename(file)


def alike(one: str, other: str, most: int = 8) -> bool:
    """Whether two looks differ in so few bits that the pictures are the same, saved anew, made smaller or brighter."""
    return (int(one, 16) ^ int(other, 16)).bit_count() <= most
