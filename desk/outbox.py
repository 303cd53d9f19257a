"""The default sending engine: letters as .eml files in a folder. Real delivery is another engine behind the same seam."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from pathlib import Path

from builder.model import Letter, Publisher
from desk.shelves import forget_letters
from subscribers.address import parse

# EmailMessage writes headers over its line length as encoded words, which breaks List-Unsubscribe; bodies stay at 76.
HEADERS = policy.SMTP.clone(max_line_length=998)
_BREAKS = re.compile("[\r\n\v\f\x00\x1c-\x1e\x85\u2028\u2029]+")
_NEVER_IN_A_BODY = re.compile("[\x00\r]")


@dataclass(frozen=True, slots=True)
class Outbox:
    """The default engine: a folder of .eml files, which any mail programme opens."""

    folder: Path
    publisher: Publisher
    clock: Callable[[], datetime]

    def send(self, address: str, letter: Letter, headers: Mapping[str, str]) -> None:
        """Whole or not at all, on the disk before it returns. The file's name tells nothing about its reader."""
        now = self.clock()
        raw = to_bytes(address, letter, {**headers, "Date": format_datetime(now)}, self.publisher)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self.folder / f"{now:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}.eml"
        partial = place.with_suffix(".partial")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(place)

    def forget(self, address: str) -> None:
        forget_letters(self.folder, parse(address))


def to_bytes(address: str, letter: Letter, headers: Mapping[str, str], publisher: Publisher) -> bytes:
    """The message as it goes over the wire; no value of a header can begin another one (M2)."""
    message = EmailMessage(policy=HEADERS if address.isascii() else HEADERS.clone(utf8=True))
    message.make_alternative()  # first: it would take Content-Language for a part's
    domain = publisher.email.rpartition("@")[2]
    fixed = {
        "From": formataddr((publisher.name, publisher.email)),
        "To": address,
        "Reply-To": publisher.reply_to,
        "Subject": letter.subject,
        "Message-ID": f"<{secrets.token_hex(16)}@{domain}>",
        "MIME-Version": "1.0",
        "Content-Language": "en-GB",
    }
    for name, value in (fixed | dict(headers)).items():
        message[name] = _BREAKS.sub(" ", value)
    for kind, text in (("plain", letter.text), ("html", letter.html)):
        part = EmailMessage(policy=policy.SMTP)
        part.set_content(_NEVER_IN_A_BODY.sub("", text), subtype=kind, cte="quoted-printable")
        del part["MIME-Version"]
        message.attach(part)
    return message.as_bytes()
