"""A file that only a passphrase opens: scrypt makes the key, AES-256-GCM seals pieces that can be neither moved nor left out."""

from __future__ import annotations

import io
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from desk.backup.errors import BackupError

MAGIC = b"BULLETIN SEALED 1\n"
SALT, TAG, PIECE = 16, 16, 1024 * 1024
COST = 2**15  # scrypt's n: a third of a second and 32 MB for each guess


def _key(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt, 32, COST, 8, 1).derive(passphrase.encode()))


def _nonce(number: int, last: bool) -> bytes:
    """The salt makes each file's key its own, so counting is enough; the last piece is marked, so that none can be cut off."""
    return number.to_bytes(11, "big") + bytes([last])


class Sealer(io.RawIOBase):
    """What is written here goes sealed into `out`; `close` writes the last piece."""

    def __init__(self, out: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(SALT)
        self._out, self._cipher = out, _key(passphrase, salt)
        self._waiting, self._number = bytearray(), 0
        out.write(MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raw = bytes(data)  # type: ignore[call-overload]
        self._waiting += raw
        while len(self._waiting) > PIECE:
            self._piece(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(raw)

    def close(self) -> None:
        if not self.closed:
            self._piece(bytes(self._waiting), last=True)
        super().close()

    def _piece(self, raw: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last), raw, None))
        self._number += 1


class Opener(io.RawIOBase):
    """What `Sealer` sealed, read again. Raises BackupError for a wrong passphrase and for every changed byte."""

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        head = source.read(len(MAGIC) + SALT)
        self._source, self._cipher = source, _key(passphrase, head[len(MAGIC) :])
        self._ready, self._number = b"", 0
        self._next = source.read(PIECE + TAG)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        while not self._ready and self._next:
            self._open_one()
        into = memoryview(buffer)  # type: ignore[arg-type]
        given = self._ready[: len(into)]
        into[: len(given)] = given
        self._ready = self._ready[len(given) :]
        return len(given)

    def _open_one(self) -> None:
        piece, self._next = self._next, self._source.read(PIECE + TAG)
        try:
            self._ready = self._cipher.decrypt(_nonce(self._number, not self._next), piece, None)
        except InvalidTag as error:
            why = (
                "The passphrase is another one, or the file is damaged." if not self._number else "The file is damaged."
            )
            raise BackupError(f"{why} Nothing was changed.") from error
        self._number += 1


def is_sealed(source: IO[bytes]) -> bool:
    """Looks at the beginning and goes back to it."""
    head = source.read(len(MAGIC))
    source.seek(0)
    return head == MAGIC
