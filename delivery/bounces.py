"""Mail that came back → what it says of which reader; nothing that anyone can send makes it fail (M14, R15)."""

import email
import email.policy
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Literal

from . import verp

MAX_BYTES = 2_000_000  # of a message that is looked at; a bounce says what it has to say at its start
MAX_PARTS = 200

Kind = Literal["hard", "soft", "policy", "complaint"]
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
        message = email.message_from_bytes(raw[:MAX_BYTES], policy=email.policy.compat32)
        return _read(message, raw[:MAX_BYTES], secret)
    except Exception:  # whatever a parser trips over, the message waits for a person
        return Returned("unreadable")


def _read(message: Message, raw: bytes, secret: bytes) -> Returned:
    parts = _parts(message)
    if feedback := next((part for part in parts if part.get_content_type() == "message/feedback-report"), None):
        return _complaint(feedback, parts, raw, secret)
    if statuses := [part for part in parts if part.get_content_type().endswith("/delivery-status")]:
        return _notification(statuses, message, raw, secret)
    if _is_from_a_machine(message):
        return _old_bounce(message, raw, secret)
    return Returned("automatic" if _is_automatic(message) else "person")


def _parts(message: Message) -> list[Message]:
    found = []
    for part in message.walk():
        found.append(part)
        if len(found) == MAX_PARTS:
            break
    return found


# ---- complaints (ARF, RFC 5965)


def _complaint(feedback: Message, parts: list[Message], raw: bytes, secret: bytes) -> Returned:
    fields = _fields(feedback)
    kind = fields.get("feedback-type", "abuse").lower()
    if kind in ("not-spam", "auth-failure", "dmarc"):  # praise, and reports about authentication
        return Returned("automatic")
    address = _address(fields.get("original-rcpt-to") or fields.get("removal-recipient") or _first_to(parts))
    named = verp.find(secret, raw.decode("ascii", "replace"))
    return Returned("complaint", (Report("complaint", named, address, "", kind),))


def _first_to(parts: list[Message]) -> str:
    return next((str(part["To"]) for part in parts[1:] if part["To"]), "")


# ---- delivery status notifications (RFC 3464)


def _notification(statuses: list[Message], message: Message, raw: bytes, secret: bytes) -> Returned:
    named = verp.find(secret, raw.decode("ascii", "replace"))
    blocks = [_fields(block) for part in statuses for block in _blocks(part)]
    recipients = [block for block in blocks if "final-recipient" in block or "original-recipient" in block]
    reports = tuple(
        _recipient_report(block, named, message) for block in recipients if _action(block) in ("failed", "")
    )
    if reports:
        return Returned("bounce", reports)
    return Returned("delay" if any(_action(block) == "delayed" for block in recipients) else "automatic")


def _blocks(part: Message) -> Iterator[Message]:
    """The parser makes each group of fields a message; servers that add a part boundary or encoding make it one text."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (inner for inner in payload if isinstance(inner, Message))
        return
    decoded = part.get_payload(decode=True)
    text = decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)
    for group in re.split(r"\r?\n\s*\r?\n", text):
        yield email.message_from_string(group.strip(), policy=email.policy.compat32)


def _fields(block: Message) -> dict[str, str]:
    """A group of fields, wherever the parser put them."""
    found = {name.lower(): " ".join(str(value).split()) for name, value in block.items()}
    payload = block.get_payload()
    if isinstance(payload, list) and payload:
        for part in payload:
            found.update(_fields(part) if isinstance(part, Message) else {})
    elif isinstance(payload, str) and ":" in payload:
        inner = email.message_from_string(payload.strip(), policy=email.policy.compat32)
        found.update({name.lower(): " ".join(str(value).split()) for name, value in inner.items()})
    return found


def _action(block: dict[str, str]) -> str:
    return block.get("action", "").split(" ")[0].lower()


def _recipient_report(block: dict[str, str], named: verp.Named | None, message: Message) -> Report:
    address = _address(block.get("original-recipient") or block.get("final-recipient", ""))
    words = block.get("diagnostic-code", "") or str(message.get("Subject", ""))
    status = _status(block.get("status", ""), words)
    return Report(kind_of(status, words), named, address, status, _shown(words))


_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")


def _status(status: str, words: str) -> str:
    """The more telling of the two: many servers write 5.0.0 and put what they know into the diagnostic."""
    said = _STATUS.search(status)
    detail = _STATUS.search(words)
    if said and said[1][1:] != ".0.0":
        return said[1]
    if detail:
        return detail[1]
    code = _CODE.search(words)
    return said[1] if said else f"{code[1][0]}.0.0" if code else ""


_UNKNOWN = re.compile(
    r"user unknown|unknown user|no such (user|recipient|mailbox|address|person)|(user|recipient|mailbox|address)\W+(is )?(not found|unknown|"
    r"invalid|unavailable|disabled|inactive)|does ?n[o']t (exist|have)|not exist|invalid (recipient|mailbox|address|user)|"
    r"unrouteable|host (or domain name )?(unknown|not found)|domain not found|no mailbox|account (has been |is )?(disabled|closed|deleted)|"
    r"recipient address rejected: access denied|recipientnotfound|resolver\.adr|no longer (active|valid|with|works|employed)|nosuchuser",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|blocked|black ?list|block ?list|deny ?list|reputation|policy|dmarc|dkim|\bspf\b|not authori[sz]ed|relay(ing)? (access )?denied|"
    r"content rejected|virus|unsolicited|bulk mail|sender (address )?(rejected|denied)|restricted|prohibited|rbl|junk|poor reputation",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"quota|mailbox (is )?full|over ?limit|insufficient (system )?(storage|disk)|too (large|big|many|much)|exceed|"
    r"temporar|try again|timed? ?out|deferred|busy|unreachable|greylist",
    re.IGNORECASE,
)


def kind_of(status: str, words: str) -> Kind:
    """By the enhanced status code (RFC 3463); by the words only where the code says nothing."""
    family, _, detail = status.partition(".")
    subject, _, number = detail.partition(".")
    if family == "4":
        return "soft"
    if subject == "7" and not _says_unknown(words):
        return "policy"
    if subject == "1":
        return "policy" if number in ("7", "8", "9") else "hard"  # these are about the sender's address
    if subject == "2":
        return "hard" if number in ("0", "1") and not _FULL.search(words) else "soft"
    if (subject, number) == ("4", "4") or (subject == "4" and number == "1" and _says_unknown(words)):
        return "hard"  # no such domain; Exchange Online's word for a recipient that does not exist
    if subject in ("3", "4", "5", "6"):
        return "hard" if _says_unknown(words) and subject == "5" else "soft"
    return _kind_of_words(words)


def _says_unknown(words: str) -> bool:
    return bool(_UNKNOWN.search(words)) and not re.search(r"sender|spam|blocked", words, re.IGNORECASE)


def _kind_of_words(words: str) -> Kind:
    """Full before unknown: "mailbox unavailable: over quota" will have room again."""
    if _FULL.search(words):
        return "soft"
    if _POLICY.search(words):
        return "policy"
    return "hard" if _UNKNOWN.search(words) else "soft"


# ---- bounces that follow no standard


def _is_from_a_machine(message: Message) -> bool:
    sender = f"{message.get('From', '')} {message.get('Sender', '')}".lower()
    daemons = ("mailer-daemon", "mail-daemon", "postmaster@", "mdaemon@", "mail delivery", "mailerdaemon", "<>")
    if any(daemon in sender for daemon in daemons):
        return True
    empty = str(message.get("Return-Path", "x")).strip() in ("<>", "")
    failed = r"undeliver|delivery (status|failure|failed|problem|report)|returned (mail|to sender)|failure notice|not delivered|mail system error"
    return empty and bool(re.search(failed, str(message.get("Subject", "")), re.IGNORECASE))


def _old_bounce(message: Message, raw: bytes, secret: bytes) -> Returned:
    text = raw.decode("utf-8", "replace")
    if re.search(
        r"^(auto-submitted: auto-replied|x-autoreply)", text[:5000], re.IGNORECASE | re.MULTILINE
    ) and _is_away(message):
        return Returned("automatic")
    temporary, permanent = _by_library(message)
    named = verp.find(secret, text)
    if not (temporary or permanent or named):
        return Returned("automatic")
    words = _telling_line(text)
    status = _status("", words)
    kind = kind_of(status, words)
    if temporary and not permanent:
        return Returned("delay")
    addresses = sorted(permanent) or [""]
    return Returned("bounce", tuple(Report(kind, named, address, status, _shown(words)) for address in addresses))


def _by_library(message: Message) -> tuple[set[str], set[str]]:
    """flufl.bounce knows the habits of many old servers; it raises on some mail, and takes soft for permanent."""
    try:
        from flufl.bounce import all_failures

        logging.getLogger("flufl.bounce").disabled = True  # it logs whole headers when it trips
        temporary, permanent = all_failures(message)
        return {_text(one) for one in temporary}, {_text(one) for one in permanent}
    except Exception:
        return set(), set()


def _text(address: bytes | str) -> str:
    return (address.decode("utf-8", "replace") if isinstance(address, bytes) else address).lower()


def _telling_line(text: str) -> str:
    """The line of a free-form bounce that says why."""
    lines = [line.strip() for line in text[:50_000].splitlines()]
    for pattern in (_STATUS, _UNKNOWN, _FULL, _POLICY, _CODE):
        for line in lines:
            if not re.match(
                r"(received|x-|dkim|arc-|date|message-id|content-|mime)", line, re.IGNORECASE
            ) and pattern.search(line):
                return line[:500]
    return ""


# ---- answers that a machine gave


def _is_automatic(message: Message) -> bool:
    submitted = str(message.get("Auto-Submitted", "no")).lower().strip()
    if not submitted.startswith("no"):
        return True
    if any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "X-Vacation")):
        return True
    if str(message.get("Precedence", "")).lower().strip() in ("auto_reply", "auto-reply", "junk"):
        return True
    return _is_away(message)


def _is_away(message: Message) -> bool:
    subject = _decoded(str(message.get("Subject", "")))
    away = r"\s*(automatic reply|auto(matic)?[- ]?(reply|response)|out of (the )?office|abwesen|away from|on (annual )?leave)"
    return bool(re.match(away, subject, re.IGNORECASE))


def _decoded(text: str) -> str:
    from email.header import decode_header, make_header

    try:
        return str(make_header(decode_header(text)))
    except Exception:
        return text


def _address(field: str) -> str:
    """rfc822;someone@example.org → someone@example.org"""
    found = re.search(r"[^\s<>;,\"]{1,64}@[^\s<>;,\"]{1,255}", field.rpartition(";")[2])
    return found[0].lower() if found else ""


def _shown(words: str) -> str:
    return "".join(char if char.isprintable() else " " for char in words)[:500]
