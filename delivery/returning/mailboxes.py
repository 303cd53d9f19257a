"""Where returned mail waits (IMAP, Maildir, files, standard input) → messages, one at a time, each ticked off when done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from delivery.model import DeliveryError
from delivery.returning.imap import Inbox, SignIn


@dataclass(frozen=True)
class Waiting:
    """A message, and how to say that it needs nobody any more. Not called, it stays as it is: unread, for people."""

    raw: bytes
    done: Callable[[], None]


@contextmanager
def opened(where: str, sign_in: SignIn | None = None) -> Iterator[Iterator[Waiting]]:
    """`imaps://user@host/INBOX`, a Maildir, a folder of .eml, one file, or "-". Raises DeliveryError.

    Open until the end of the block: `done` may be said of each message until then, many messages later too.
    """
    if where.startswith(("imap://", "imaps://")):
        with Inbox(where, sign_in or SignIn()) as inbox:
            yield _of(inbox)
    elif where == "-":
        yield iter([Waiting(sys.stdin.buffer.read(), _nothing)])
    else:
        yield _path(Path(where))


def _of(inbox: Inbox) -> Iterator[Waiting]:
    for uid, raw in inbox.unread():
        yield Waiting(raw, lambda uid=uid: inbox.done(uid))  # type: ignore[misc]


def _nothing() -> None:
    """A file that was given stays where it is."""


def _path(path: Path) -> Iterator[Waiting]:
    if (path / "new").is_dir() and (path / "cur").is_dir():
        return _maildir(path)
    if path.is_dir():
        return (Waiting(_bytes(file), _nothing) for file in sorted(path.glob("*.eml")))
    if path.is_file():
        return iter([Waiting(_bytes(path), _nothing)])
    raise DeliveryError(f"{path} is no mailbox: give a Maildir, a folder of .eml files, a file or imaps://…")


def _maildir(path: Path) -> Iterator[Waiting]:
    """Only what is new; done is moved to cur and marked seen, as a mail program does."""
    for file in sorted((path / "new").iterdir()):
        seen = path / "cur" / f"{file.name}:2,S"
        if file.is_file():
            yield Waiting(_bytes(file), lambda file=file, seen=seen: _moved(file, seen))  # type: ignore[misc]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DeliveryError(f"{file} cannot be read: {error.strerror}") from error


def _moved(file: Path, seen: Path) -> None:
    """A mail program that is open on the same folder may have been faster."""
    try:
        file.rename(seen)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DeliveryError(f"{file} cannot be moved to cur: {error.strerror}") from error
