"""A mailbox on an IMAP server: what is unread, peeked at; what is done with, flagged in one command for many."""

import imaplib
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from delivery.access import xoauth2
from delivery.model import DeliveryError

SECONDS = 60
FETCHED_AT_ONCE = 20
MOST_BYTES = 2_000_000  # of one message
DONE_FLAG = "$BulletinRead"  # beside \\Seen, so that a person who marks a mail as unread does not bring it back
HERE = ("localhost", "127.0.0.1", "::1")
T = TypeVar("T")


@dataclass(frozen=True)
class SignIn:
    """`token`: gives an access token; without it the password is used. `authorities`: a PEM file, for an own certificate."""

    password: str = ""
    token: Callable[[], str] | None = None
    authorities: str = ""


class Inbox:
    """`with Inbox(url, sign_in) as inbox: for uid, raw in inbox.unread(): …; inbox.done(uid)`. Raises DeliveryError.

    What is `done` is flagged when the next messages are fetched, or at the end. Killed before that, it is read again.
    """

    def __init__(self, where: str, sign_in: SignIn) -> None:
        parts = urlsplit(where)
        self._host, self._scheme = parts.hostname or "", parts.scheme
        self._user = unquote(parts.username or "")
        self._folder = unquote(parts.path.strip("/")) or "INBOX"
        self._sign_in = sign_in
        self._done: list[bytes] = []
        try:
            self._port = parts.port
        except ValueError as error:
            raise DeliveryError(f"{where} is no address of a mailbox: {error}") from error
        if not self._host or not self._user or re.search(r"[\x00-\x1f\x7f]", self._user + self._folder):
            raise DeliveryError("write the mailbox as imaps://user@host/INBOX (an @ in the user's name as %40)")

    def __enter__(self) -> "Inbox":
        self._box: imaplib.IMAP4 = self._try("is not reached", self._connect)
        try:
            self._try(f"does not let {self._user} sign in", self._authenticate)
            self._select()
        except BaseException:
            self._leave()
            raise
        return self

    def _select(self) -> None:
        typ, said = self._try("cannot be read", lambda: self._box.select(_quoted(_utf7(self._folder))))
        if typ != "OK":
            raise DeliveryError(f"the mailbox at {self._host} has no folder {self._folder}: {_words(said)}")

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None or not issubclass(kind, DeliveryError):  # type: ignore[arg-type]
                self._flag()
        finally:
            self._leave()

    def _leave(self) -> None:
        try:
            self._box.logout()
        except (imaplib.IMAP4.error, OSError):
            self._box.shutdown()

    def unread(self) -> Iterator[tuple[bytes, bytes]]:
        _, found = self._try("cannot be searched", lambda: self._box.uid("search", "UNSEEN", "UNKEYWORD", DONE_FLAG))
        uids = iter((found[0] or b"").split())
        while some := list(islice(uids, FETCHED_AT_ONCE)):
            yield from self._fetched(some)
            self._flag()

    def _fetched(self, uids: list[bytes]) -> list[tuple[bytes, bytes]]:
        """Peeked at, so that a person's mail stays unread. One that somebody deleted meanwhile is left out."""
        asked = f"(UID BODY.PEEK[]<0.{MOST_BYTES}>)"
        _, parts = self._try("cannot be read", lambda: self._box.uid("fetch", b",".join(uids).decode(), asked))
        return list(_messages(parts))

    def done(self, uid: bytes) -> None:
        self._done.append(uid)

    def _flag(self) -> None:
        uids, self._done = b",".join(self._done).decode(), []
        if uids:
            flags = rf"(\Seen {DONE_FLAG})"
            typ, said = self._try("cannot be flagged", lambda: self._box.uid("store", uids, "+FLAGS.SILENT", flags))
            if typ != "OK":
                raise DeliveryError(f"the mailbox at {self._host} does not take flags: {_words(said)}")

    def _connect(self) -> imaplib.IMAP4:
        """TLS always, but on this very machine."""
        context = ssl.create_default_context(cafile=self._sign_in.authorities or None)
        if self._scheme == "imaps":
            return imaplib.IMAP4_SSL(self._host, self._port or 993, ssl_context=context, timeout=SECONDS)
        box = imaplib.IMAP4(self._host, self._port or 143, timeout=SECONDS)
        if self._host not in HERE:
            box.starttls(context)
        return box

    def _authenticate(self) -> None:
        given = self._sign_in
        if given.token is not None:
            self._prove("XOAUTH2", xoauth2(self._user, given.token()))
        elif "AUTH=PLAIN" in self._box.capabilities:
            self._prove("PLAIN", f"\0{self._user}\0{given.password}")
        else:
            self._box.login(_quoted(self._user), given.password)

    def _prove(self, how: str, secret: str) -> None:
        """Asked again, a server tells why not, and wants an empty answer."""
        answers = iter([secret.encode()])
        self._box.authenticate(how, lambda _challenge: next(answers, b""))

    def _try(self, what: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except (imaplib.IMAP4.error, OSError) as error:
            said = error.args[0] if error.args and isinstance(error, imaplib.IMAP4.error) else error
            raise DeliveryError(f"the mailbox at {self._host} {what}: {_words(said)}") from error


def _messages(parts: list[Any]) -> Iterator[tuple[bytes, bytes]]:
    for part in parts:
        if isinstance(part, tuple) and (uid := re.search(rb"\bUID (\d+)", part[0])):
            yield uid[1], part[1]


def _words(said: object) -> str:
    """What a server answered, in one line."""
    if isinstance(said, list):
        said = b" ".join(part for part in said if isinstance(part, bytes))
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:300] or "no answer"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utf7(folder: str) -> str:
    """A folder's name as IMAP wants it (RFC 3501, 5.1.3): Rückläufer → R&APw-ckl&AOQ-ufer."""

    def encoded(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        return "&" + b64encode(found[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", encoded, folder)
