"""A letter → one .eml file, to open in a mail programme. What is posted is made by the delivery room from the same letter."""

from __future__ import annotations

import binascii
import re
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from builder.cache import fingerprint
from builder.model import Letter, Publisher

# What ends a line somewhere, and NUL: a header that held one would begin another.
_LINE_ENDS = re.compile("[\x00-\x1f\x7f\x85\u2028\u2029]+")
_TOKEN = re.compile(rb"(\[\[[a-z-]{1,40}\]\])")  # longer is no token of ours, and would not fit in a line


def to_eml(letter: Letter, publisher: Publisher, *, sender: str, date: datetime) -> bytes:
    """multipart/alternative, text first; lines end in CRLF; reader tokens stay whole, each on a line of its own."""
    mark = fingerprint(letter.subject, letter.text, letter.html)
    boundary = f"=_{mark[:32]}"
    domain = publisher.email.rpartition("@")[2]
    subject = _LINE_ENDS.sub(" ", letter.subject)
    head = [
        ("From", formataddr((_LINE_ENDS.sub(" ", sender or publisher.name), publisher.email))),
        ("Reply-To", publisher.reply_to),
        ("Subject", Header(subject, "us-ascii" if subject.isascii() else "utf-8", maxlinelen=76).encode()),
        ("Date", format_datetime(date)),
        ("Message-ID", f"<{mark}@{domain}>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\n boundary="{boundary}"'),
    ]
    lines = [f"{name}: {value}" for name, value in head]
    parts = [_part(boundary, "plain", letter.text), _part(boundary, "html", letter.html)]
    whole = "\n".join(lines).encode() + b"\n\n" + b"".join(parts) + f"--{boundary}--\n".encode()
    return whole.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _part(boundary: str, kind: str, text: str) -> bytes:
    head = f"--{boundary}\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    return head.encode() + quoted(text) + b"\n"


def quoted(text: str) -> bytes:
    """Quoted-printable with a soft break before and after each token, so that none is ever broken in two."""
    pieces = _TOKEN.split(text.encode("utf-8"))
    encoded = [piece if n % 2 else binascii.b2a_qp(piece, istext=True) for n, piece in enumerate(pieces)]
    return b"=\n".join(encoded)
