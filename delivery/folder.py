"""Letters as files: a Maildir that any mail program opens, or a folder of .eml. For demos, previews and tests."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from delivery.engine import Parcel, Work
from delivery.model import DeliveryError, Outcome, State


class FolderError(DeliveryError):
    """The folder cannot be written."""


@dataclass(frozen=True)
class Folder:
    """`form`: "maildir" (new/, cur/, tmp/) or "eml" (one file a reader)."""

    path: Path
    form: str = "maildir"

    def place(self, name: str) -> Path:
        """The name comes from mailing and reader, so the same letter always lands in the same place."""
        return self.path / "new" / f"{name}.bulletin" if self.form == "maildir" else self.path / f"{name}.eml"

    def has(self, name: str) -> bool:
        """Evidence for a letter in doubt: it is there, or was there before somebody read it."""
        read = self.path / "cur"
        return self.place(name).exists() or any(read.glob(f"{name}.bulletin*"))


class FolderEngine:
    """Each letter is written aside and made durable; the rename into place is its final dot."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._stopped = False

    async def carry(self, work: Work) -> None:
        """See engine.Engine. Raises FolderError."""
        self._make_folders()
        while not (work.is_over or self._stopped):
            woken = asyncio.Event()
            parcel = work.take(woken.set)
            if parcel is not None:
                await self._put(work, parcel)
            elif not work.is_over:
                await woken.wait()

    def hurry(self) -> None:
        self._stopped = True

    def abort(self) -> None:
        self._stopped = True

    def _make_folders(self) -> None:
        names = ("new", "cur", "tmp") if self._folder.form == "maildir" else ("",)
        try:
            for name in names:
                (self._folder.path / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError(f"{self._folder.path} cannot be made: {error.strerror}") from error

    async def _put(self, work: Work, parcel: Parcel) -> None:
        place = self._folder.place(parcel.name)
        aside = self._folder.path / ("tmp" if self._folder.form == "maildir" else "") / f".{parcel.name}.part"
        try:
            await asyncio.to_thread(_write, aside, parcel)
        except OSError as error:
            work.put_back(parcel)
            raise FolderError(f"{aside} cannot be written: {error.strerror}") from error
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        work.attempt(parcel, lambda granted: answer.set_result(granted))
        if not await answer:
            aside.unlink(missing_ok=True)
            return
        try:
            aside.replace(place)
        except OSError as error:
            work.settle(parcel, Outcome(State.DEFERRED, words=str(error), stage="rename"))
            raise FolderError(f"{place} cannot be written: {error.strerror}") from error
        work.settle(parcel, Outcome(State.ACCEPTED, 250, "2.0.0", f"written to {place.name}", "rename"))


def _write(aside: Path, parcel: Parcel) -> None:
    """With the envelope in the headers that delivery agents use for it; for nobody else on this machine."""
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(f"Return-Path: <{parcel.sender}>\r\nDelivered-To: {parcel.address}\r\n".encode())
        file.write(parcel.message.wire)
        file.flush()
        os.fsync(file.fileno())
