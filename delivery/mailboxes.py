"""Where returned mail waits (IMAP, Maildir, files, standard input) → messages, one at a time, each ticked off when done."""

import imaplib
import mailbox
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .model import DeliveryError

IMAP_SECONDS = 60
DONE_FLAG = "$BulletinRead"


@dataclass(frozen=True)
class Waiting:
    """A message, and how to say that it needs nobody any more. Not called, it stays as it is: unread, for people."""

    raw: bytes
    done: Callable[[], None]


def waiting(where: str, *, password: str = "", stdin: bool = False) -> Iterator[Waiting]:
    """`imaps://user@host/INBOX`, a Maildir, a folder of .eml, one file, or "-". Raises DeliveryError."""
    if where == "-" or stdin:
        yield Waiting(sys.stdin.buffer.read(), _nothing)
    elif where.startswith(("imap://", "imaps://")):
        yield from _imap(where, password)
    else:
        yield from _path(Path(where))


def _nothing() -> None:
    """A file that was given stays where it is."""


def _path(path: Path) -> Iterator[Waiting]:
    if (path / "new").is_dir() and (path / "cur").is_dir():
        yield from _maildir(path)
    elif path.is_dir():
        for file in sorted(path.glob("*.eml")):
            yield Waiting(file.read_bytes(), _nothing)
    elif path.is_file():
        yield Waiting(path.read_bytes(), _nothing)
    else:
        raise DeliveryError(f"{path} is no mailbox: give a Maildir, a folder of .eml files, a file or imaps://…")


def _maildir(path: Path) -> Iterator[Waiting]:
    """Only what is new; done is moved to cur and marked seen, as a mail program does."""
    box = mailbox.Maildir(path, create=False)
    try:
        for file in sorted((path / "new").iterdir()):
            seen = path / "cur" / f"{file.name}:2,S"
            yield Waiting(file.read_bytes(), lambda file=file, seen=seen: _moved(file, seen))  # type: ignore[misc]
    finally:
        box.close()


def _moved(file: Path, seen: Path) -> None:
    file.rename(seen)


def _imap(where: str, password: str) -> Iterator[Waiting]:
    parts = urlsplit(where)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    try:
        with _connected(parts.scheme, parts.hostname or "", parts.port) as box:
            box.login(unquote(parts.username or ""), password)
            if box.select(f'"{folder}"')[0] != "OK":
                raise DeliveryError(f"{parts.hostname} has no folder {folder}")
            yield from _unread(box)
    except (imaplib.IMAP4.error, OSError) as error:
        raise DeliveryError(f"the mailbox at {parts.hostname} cannot be read: {error}") from error


def _connected(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    """TLS always, but on this very machine."""
    context = ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=IMAP_SECONDS)
    box = imaplib.IMAP4(host, port or 143, timeout=IMAP_SECONDS)
    if host not in ("localhost", "127.0.0.1", "::1"):
        box.starttls(context)
    return box


def _unread(box: imaplib.IMAP4) -> Iterator[Waiting]:
    """Peeked at, so that a person's mail stays unread unless it is ticked off."""
    _, found = box.uid("search", "UNSEEN", "UNKEYWORD", DONE_FLAG)
    for uid in (found[0] or b"").split():
        _, fetched = box.uid("fetch", uid.decode(), "(BODY.PEEK[])")
        raw = next((part[1] for part in fetched if isinstance(part, tuple)), b"")
        yield Waiting(raw, lambda uid=uid: _tick(box, uid))  # type: ignore[misc]


def _tick(box: imaplib.IMAP4, uid: bytes) -> None:
    box.uid("store", uid.decode(), "+FLAGS", rf"(\Seen {DONE_FLAG})")
