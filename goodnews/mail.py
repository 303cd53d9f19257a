"""One door of the room: a mail as bytes in; who wrote it, their own words and their pictures out. Never raises (R15)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses

from goodnews import typed
from goodnews.clean import NAME, TITLE, first_sentence, line, seen
from goodnews.life import read_reference
from goodnews.markdown import to_markdown
from goodnews.quoting import own_words

MOST_BYTES = 35_000_000  # what mail servers let through
MOST_PARTS = 100
MOST_PICTURES = 8
TEXT = 6_000
LOOKED_AT = 400_000  # characters of text; a story of ten pages has 20,000
_SUBJECT = re.compile(
    r"^(?:\s*(?:(?:re|fwd?|fw|aw|wg)\s*:|\[(?:external|ext|e?xtern|spam\??)\]|external\s*:))+", re.IGNORECASE
)
_ROBOTS = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|listserv|majordomo|notifications?)(?:[+-].*)?",
    re.IGNORECASE,
)
_PICTURE = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n|RIFF....WEBP|GIF8|....ftyp(?:hei|mif|msf|avif)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mail:
    """`reason`: why it can be no story; empty when it can."""

    key: str
    reason: str = ""
    sender: str = ""
    name: str = ""
    subject: str = ""
    text: str = ""
    """The writer's own words, as Markdown."""
    typed: str = ""
    """The same as they were typed."""
    reference: str = ""
    """Of the story that it answers; empty when it answers none."""
    pictures: tuple[bytes, ...] = ()
    left_out: int = 0
    """Attachments that are no pictures, and pictures that were too many."""
    whole: str = ""
    """All of its text: a school's name may stand in the signature."""


def read(raw: bytes) -> Mail:
    if len(raw) > MOST_BYTES:
        return Mail(_key(raw, ""), "too-large")
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
    except Exception:  # whatever the parser trips over
        return Mail(_key(raw, ""), "unreadable")
    key = _key(raw, _header(message, "Message-ID"))
    try:
        return _read(message, key)
    except Exception:  # a mail that we cannot take apart is for people
        return Mail(
            key, "unreadable", line(_header(message, "From"), NAME), subject=line(_header(message, "Subject"), TITLE)
        )


def _key(raw: bytes, message_id: str) -> str:
    """A mail without an identity of its own is told by its bytes."""
    given = message_id.strip()
    return f"mail:{hashlib.sha256(given.encode('utf-8', 'replace') if given else raw).hexdigest()}"


def _read(message: Message, key: str) -> Mail:
    name, sender = _from(message)
    subject = line(_SUBJECT.sub("", _header(message, "Subject")), TITLE)
    reason = _reason(message, sender)
    if reason:
        return Mail(key, reason, sender, name, subject)
    whole, pictures, left_out = _parts(message)
    own = own_words(whole)
    text = typed.to_markdown(own, TEXT)
    is_reply = bool(_header(message, "In-Reply-To") or _header(message, "References"))
    reference = read_reference(f"{subject} {whole}") if is_reply else read_reference(subject)
    if not text and not pictures:
        reason = "empty"
    title = subject or first_sentence(" ".join(own.split()), TITLE)
    return Mail(key, reason, sender, name, title, text, own, reference, pictures, left_out, whole)


def _header(message: Message, name: str) -> str:
    """Decoded as far as it can be; empty when it is not there."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:4_000]
    try:
        return str(make_header(decode_header(text)))
    except Exception:  # unknown charsets, broken encoded words
        return text.encode("utf-8", "replace").decode()


def _from(message: Message) -> tuple[str, str]:
    """Reply-To tells where an answer goes, but not who wrote it."""
    found = getaddresses([_header(message, "From")])
    name, address = found[0] if found else ("", "")
    return line(name, NAME), line(address, 320).replace(" ", "")


def _reason(message: Message, sender: str) -> str:
    """Why this can be no school's story: a machine wrote it, or nobody could be answered (M12, R15)."""
    if message.get_content_type() == "multipart/report" or _header(message, "Return-Path").strip() == "<>":
        return "bounce"
    submitted = _header(message, "Auto-Submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return "automatic"
    named = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From", "X-Bulletin-Mailing", "Feedback-ID")
    if any(message.get(name) for name in named):
        return "automatic"
    if _header(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "list"
    if message.get("List-Id") or message.get("List-Unsubscribe"):
        return "list"
    local, at, domain = sender.rpartition("@")
    if not at or not local or "." not in domain:
        return "no-sender"
    return "automatic" if _ROBOTS.fullmatch(local) else ""


# --- parts -----------------------------------------------------------------------------------------------------------


def _parts(message: Message) -> tuple[str, tuple[bytes, ...], int]:
    """(text, pictures, how many attachments were left out)."""
    plain, html, pictures, left_out = list[str](), list[str](), list[bytes](), 0
    for part in _walked(message):
        kind = part.get_content_type()
        is_attached = part.get_content_disposition() == "attachment"
        if kind == "text/plain" and not is_attached:
            plain.append(_text(part))
        elif kind == "text/html" and not is_attached:
            html.append(_text(part))
        elif kind not in ("text/calendar", "application/pgp-signature", "application/pkcs7-signature"):
            raw = _bytes(part)
            if _PICTURE.match(raw) and len(pictures) < MOST_PICTURES:
                pictures.append(raw)
            elif raw.strip():
                left_out += 1
    text = "\n\n".join(plain) if "".join(plain).strip() else "\n\n".join(map(_from_html, html))
    return text[:LOOKED_AT], tuple(dict.fromkeys(pictures)), left_out


def _walked(message: Message) -> Iterator[Message]:
    """Leaves only, and of a mail that was attached whole nothing: its pictures are another's."""
    waiting, count = [message], 0
    while waiting and count < MOST_PARTS:
        part = waiting.pop(0)
        count += 1
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            waiting = [*part.get_payload(), *waiting]
        elif part.get_content_maintype() != "message":
            yield part


def _bytes(part: Message) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _text(part: Message) -> str:
    raw = _bytes(part)[: LOOKED_AT * 4]
    charset = part.get_content_charset("utf-8")
    try:
        text = raw.decode(charset, "replace")
    except (LookupError, ValueError):
        text = raw.decode("utf-8", "replace")
    if part.get_param("format") == "flowed":
        text = re.sub(r"(?<!^--) \r?\n(?!>)", " ", text)
    return seen(text)


def _from_html(html: str) -> str:
    """As it would have been typed; what a mail program quotes in it begins below its own mark."""
    own = re.split(
        r"<(?:blockquote|div[^>]{0,200}(?:gmail_quote|divRplyFwdMsg|appendonsend|moz-cite-prefix))", html, maxsplit=1
    )
    return typed.from_markdown(to_markdown(own[0]))
