"""Mail that came back → what it says of which reader; nothing that anyone can send makes it fail (M14, R15)."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice
from typing import Literal

from delivery.letter import verp
from delivery.returning import answers, notices
from delivery.returning.verdict import Kind, kind_of, status_of

MAX_BYTES = 2_000_000  # of a message that is looked at
LETTER_BYTES = 16_000  # of the letter inside: its headers, with the token
MAX_PARTS = 200

Nature = Literal["bounce", "complaint", "delay", "automatic", "person", "unreadable"]


@dataclass(frozen=True)
class Report:
    """One reader's letter came back. `named` is proof; without it there is only an address that somebody wrote."""

    kind: Kind
    named: verp.Named | None
    address: str
    status: str
    words: str


@dataclass(frozen=True)
class Returned:
    """A message in the bounce mailbox. Delays and automatic answers are ignored, a person's mail is left alone."""

    nature: Nature
    reports: tuple[Report, ...] = ()


def read(raw: bytes, secret: bytes) -> Returned:
    """Never raises."""
    try:
        raw = without_the_letter(raw[:MAX_BYTES])
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        return _read(message, raw, secret)
    except Exception:  # whatever a parser trips over, the message waits for a person
        return Returned("unreadable")


_LETTER = re.compile(
    rb"^content-type:\s*(message/rfc822|text/rfc822-headers|message/global)"
    rb"|^-{3,} ?(below this line is a copy|this is a copy of|original message|start of returned)",
    re.IGNORECASE | re.MULTILINE,
)
_REPORTS = (b"delivery-status", b"feedback-report")
_BLANK = re.compile(rb"\n[ \t\r]*\n")


def without_the_letter(raw: bytes) -> bytes:
    """Most of a bounce is our own letter, whose headers alone are of use; all is kept where more is told behind it."""
    letter = _LETTER.search(raw)
    if letter is None or any(report in raw[letter.end() :].lower() for report in _REPORTS):
        return raw
    most = letter.end() + LETTER_BYTES
    ends = [blank.end() for blank in islice(_BLANK.finditer(raw, letter.end(), most), 2)]
    return raw[: ends[1] if len(ends) == 2 else most]


def _read(message: Message, raw: bytes, secret: bytes) -> Returned:
    parts = list(_parts(message))
    if feedback := next((part for part in parts if part.get_content_type() == "message/feedback-report"), None):
        return _complaint(_fields(feedback), parts, raw, secret)
    if original := _HOTMAIL.search(raw):
        return _complaint({"original-rcpt-to": original[1].decode("ascii", "replace")}, parts, raw, secret)
    if answers.is_receipt(message) and not notices.is_from_a_daemon(message):
        return Returned("automatic")
    statuses = [part for part in parts if part.get_content_type().endswith("delivery-status")]
    if statuses and (found := _notification(statuses, message, raw, secret)):
        return found
    if notices.may_be_one(message, secret) and (found := _unlike_any_standard(message, raw, secret)):
        return found
    if notices.is_from_a_daemon(message) or answers.is_automatic(message):
        return Returned("automatic")
    is_away = answers.may_be_away(message) and notices.is_for_a_letter(message, secret)
    return Returned("automatic" if is_away else "person")


def _parts(message: Message) -> Iterator[Message]:
    """Not those of a letter inside: a bounce that a person forwards is a person's mail."""
    waiting = [message]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        inner = part.get_payload() if part.get_content_maintype() == "multipart" else None
        waiting[:0] = [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


# ---- complaints (ARF, RFC 5965)

# Outlook.com's complaints are no reports: the letter comes back with this header in it.
_HOTMAIL = re.compile(rb"^x-hmxmroriginalrecipient:\s*(\S{3,320})", re.IGNORECASE | re.MULTILINE)
_NO_COMPLAINTS = ("not-spam", "auth-failure", "dmarc")  # praise, and reports about authentication


def _complaint(fields: dict[str, str], parts: list[Message], raw: bytes, secret: bytes) -> Returned:
    kind = fields.get("feedback-type", "abuse").lower()
    if kind in _NO_COMPLAINTS:
        return Returned("automatic")
    address = _address(fields.get("original-rcpt-to") or fields.get("removal-recipient") or _first_to(parts))
    named = verp.find(secret, raw.decode("ascii", "replace"))
    return Returned("complaint", (Report("complaint", named, address, "", kind),))


def _first_to(parts: list[Message]) -> str:
    letters = (one for part in parts[1:] for one in _messages(part))
    return next((str(letter["To"]) for letter in letters if letter["To"]), "")


def _messages(part: Message) -> Iterator[Message]:
    yield part
    inner = part.get_payload()
    if isinstance(inner, list):
        yield from (one for one in inner if isinstance(one, Message))
    elif part.get_content_type() == "text/rfc822-headers":
        yield email.message_from_string(notices.text_whole(part), policy=email.policy.compat32)


# ---- delivery status notifications (RFC 3464)


def _notification(statuses: list[Message], message: Message, raw: bytes, secret: bytes) -> Returned | None:
    """None when no recipient is named where it should be: then the words are read."""
    named = verp.find(secret, raw.decode("ascii", "replace"))
    blocks = [_fields(block) for part in statuses for block in _blocks(part)]
    recipients = [block for block in blocks if "final-recipient" in block or "original-recipient" in block]
    reports = tuple(_recipient_report(block, named, message) for block in recipients if _is_failure(block))
    if reports:
        return Returned("bounce", reports)
    if not recipients:
        return None
    return Returned("delay" if any(_action(block) == "delayed" for block in recipients) else "automatic")


def _blocks(part: Message) -> Iterator[Message]:
    """The parser makes each group of fields a message; servers that add a boundary or an encoding make it one text."""
    payload = part.get_payload()
    inner = [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []
    if any(one.keys() for one in inner):
        yield from inner
        return
    whole = Message()
    whole["Content-Transfer-Encoding"] = str(part.get("Content-Transfer-Encoding", ""))
    whole.set_payload("\n\n".join(str(one.get_payload()) for one in inner) or str(payload))
    for group in re.split(r"\r?\n\s*\r?\n", notices.text_whole(whole)):
        yield email.message_from_string(group.strip(), policy=email.policy.compat32)


def _fields(block: Message) -> dict[str, str]:
    """A group of fields, wherever the parser put them."""
    found = {name.lower(): _text(value) for name, value in block.raw_items()}
    payload = block.get_payload()
    if isinstance(payload, list) and payload:
        for part in payload:
            found.update(_fields(part) if isinstance(part, Message) else {})
    elif isinstance(payload, str) and ":" in payload:
        inner = email.message_from_string(payload.strip(), policy=email.policy.compat32)
        found.update((name.lower(), _text(value)) for name, value in inner.raw_items())
    return found


def _text(value: object) -> str:
    """A non-ASCII address (RFC 6533) is UTF-8."""
    return " ".join(str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def _action(block: dict[str, str]) -> str:
    return re.split(r"[ (;]", block.get("action", "").lower())[0]


def _is_failure(block: dict[str, str]) -> bool:
    action = _action(block)
    if action in ("failed", "failure", "fail", "undeliverable"):
        return True
    return action not in ("delayed", "delivered", "relayed", "expanded") and not block.get("status", "").startswith("2")


def _recipient_report(block: dict[str, str], named: verp.Named | None, message: Message) -> Report:
    address = _address(block.get("original-recipient", "")) or _address(block.get("final-recipient", ""))
    words = block.get("diagnostic-code", "") or block.get("x-display-name", "") or answers.subject(message)
    status = status_of(block.get("status", ""), words)
    return Report(kind_of(status, words), named, address, status, _shown(words))


# ---- bounces that follow no standard


def _unlike_any_standard(message: Message, raw: bytes, secret: bytes) -> Returned | None:
    notice = notices.read(message)
    if notice is None:
        return None
    if notice.is_delay:
        return Returned("delay")
    named = verp.find(secret, raw.decode("utf-8", "replace"))
    if named is None and "" in notice.reasons:
        return None
    reports = (_free_report(address, words, named) for address, words in sorted(notice.reasons.items()))
    return Returned("bounce", tuple(reports))


def _free_report(address: str, words: str, named: verp.Named | None) -> Report:
    status = status_of("", words)
    return Report(kind_of(status, words), named, address, status, _shown(words))


def _address(field: str) -> str:
    """rfc822;someone@example.org → someone@example.org"""
    found = re.search(r"[^\s<>;,\"()]{1,64}@[^\s<>;,\"()]{1,255}", field.rpartition(";")[2])
    return found[0].lower() if found else ""


def _shown(words: str) -> str:
    return "".join(char if char.isprintable() else " " for char in words)[:500]
