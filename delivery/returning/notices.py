"""Bounces that follow no standard: the words of a mail server, in many languages → recipients and why."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from html import unescape

from delivery.letter import verp
from delivery.returning import answers
from delivery.returning.phrases import DELAYED, FAILED, FINAL, FULL, PASSING, POLICY, UNKNOWN
from delivery.returning.verdict import CODE, STATUS

MOST_TEXT = 20_000  # characters; a server says what it has to say at the start
MOST_RECIPIENTS = 100
MOST_PARTS = 20

_DAEMON = re.compile(
    r"mailer-?daemon|mail-daemon|postmaster@|mdaemon@|mail ?delivery|mail\.? ?system|mail administrator|microsoftexchange[0-9a-f]{8}|"
    r"^\s*system administrator|mmdf@|smtpd?@|mail-?returned@|devnull@",
    re.IGNORECASE,
)
# Below such a line stands the letter that came back, and its words are ours.
_COPY = re.compile(
    r"^.{0,12}(below this line is a copy|this is a copy of (the|your) message|original message( headers?)? (follows|---)|-+ ?(original message|"
    r"message header|returned message|unsent message|your original|the message|copy of|included is|message (text )?follows|start of returned|headers? (of|follow))"
    r"|(the )?(header|first \d+ lines)[\w ]* of (the|your) (original )?message|received: (from|by) |return-path: <|mensaje original|urspr[üu]ngliche nachricht|message d'origine)",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"(?<![\w.+/=-])(?!')[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?![\w@])")
_SERVICE = re.compile(
    r"^(postmaster|mailer-daemon|abuse|hostmaster|support|help(desk)?|noreply|no-reply|bounces?|admin|webmaster)@",
    re.IGNORECASE,
)
_ENVELOPE = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_NOISE = re.compile(
    r"(received|x-[\w-]+|dkim[\w-]*|arc-[\w-]+|date|message-id|content-[\w-]+|mime-version|from|to|subject):",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Notice:
    """`reasons`: address → the words about it; the address is empty where the server does not say whose mailbox it was."""

    reasons: dict[str, str]
    is_delay: bool


def may_be_one(message: Message, secret: bytes) -> bool:
    """A mail server's own message, or one that came to the return path of a letter of ours."""
    if is_from_a_machine(message):
        return True
    return is_for_a_letter(message, secret) or _looks_like_one(message)


def is_for_a_letter(message: Message, secret: bytes) -> bool:
    """It came to the return path of one of ours."""
    received_for = " ".join(str(value) for name in _ENVELOPE for value in message.get_all(name, []))
    return verp.find(secret, received_for) is not None


def is_from_a_machine(message: Message) -> bool:
    """A daemon's, or one that nobody may answer."""
    return is_from_a_daemon(message) or str(message.get("Return-Path", "x")).strip() in ("<>", "")


def is_from_a_daemon(message: Message) -> bool:
    if message.get("X-Failed-Recipients") or str(message.get_param("report-type", "")).lower() == "delivery-status":
        return True
    senders = " ".join(str(message.get(name, "")) for name in ("From", "Sender", "Return-Path"))
    return bool(_DAEMON.search(answers.decoded(senders)))


def _looks_like_one(message: Message) -> bool:
    """Of a server that calls itself something else: its title says so and a known form names the recipient."""
    title = answers.subject(message)
    if message.get("In-Reply-To") or _PASSED_ON.match(title) or not FAILED.search(title):
        return False
    return any(_by_library(message))


def read(message: Message) -> Notice | None:
    """None when it is no notice at all: a challenge, an answer, an advertisement."""
    text, title = text_of(message), answers.subject(message)
    listed, (temporary, permanent) = _header_recipients(message), _by_library(message)
    if not (listed or permanent or temporary or _says_failed(message, title, text)):
        return None
    if _is_delay(title, text, temporary, listed | permanent):
        return Notice({}, is_delay=True)
    found = listed or permanent or _named_in(text, message)
    return Notice(_reasons(text, found) or {"": telling_line(f"{text}\n{title}")}, is_delay=False)


def _says_failed(message: Message, title: str, text: str) -> bool:
    """A person's automatic answer may regret much; a daemon's word is taken sooner."""
    if FAILED.search(title):
        return True
    if is_from_a_daemon(message):
        return bool(FAILED.search(text) or UNKNOWN.search(title) or DELAYED.search(title))
    is_detailed = STATUS.search(text) or CODE.search(text) or UNKNOWN.search(text)
    return not (answers.is_automatic(message) or answers.may_be_away(message)) and bool(
        FAILED.search(text) and is_detailed
    )


def _is_delay(title: str, text: str, temporary: set[str], permanent: set[str]) -> bool:
    if temporary and not permanent:
        return True
    if DELAYED.search(title):
        return not (UNKNOWN.search(title) or FINAL.search(title))
    if permanent or not DELAYED.search(text):
        return False
    return not (FINAL.search(text) or UNKNOWN.search(text) or _PERMANENT.search(text))


_PERMANENT = re.compile(r"(?<![\d.])5(\.\d{1,3}\.\d{1,3}|\d\d[ -])")
_PASSED_ON = re.compile(r"\s*(re|fwd?|aw|wg|tr|rv|sv|vs|enc|odp|antw|doorst)\s*:", re.IGNORECASE)


def _header_recipients(message: Message) -> set[str]:
    listed = " ".join(str(value) for value in message.get_all("X-Failed-Recipients", []))
    return {one.lower() for one in _ADDRESS.findall(listed)}


def _by_library(message: Message) -> tuple[set[str], set[str]]:
    """flufl.bounce knows the habits of many old servers; it raises on some mail, and takes soft for permanent."""
    try:
        from flufl.bounce import all_failures

        logging.getLogger("flufl.bounce").disabled = True  # it logs whole headers when it trips
        temporary, permanent = all_failures(message if message.is_multipart() else _short(message))
        return _addresses(temporary), _addresses(permanent)
    except Exception:
        return set(), set()


def _short(message: Message) -> Message:
    """Without the letter that came back: the library looks at each line with hundreds of patterns."""
    short = Message()
    for name, value in message.raw_items():
        if name.lower() not in ("content-transfer-encoding", "content-type"):
            short[name] = value
    short.set_payload(text_of(message).encode("ascii", "replace").decode())
    return short


def _addresses(found: Iterable[bytes | str]) -> set[str]:
    texts = (one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in found)
    return {text.lower() for text in texts if _ADDRESS.fullmatch(text)}


def _named_in(text: str, message: Message) -> set[str]:
    """Every address above the copy of our letter, but those of the two mail systems and our own."""
    ours = {one.lower() for name in ("From", "To", "Reply-To") for one in _ADDRESS.findall(str(message.get(name, "")))}
    domains = {one.partition("@")[2] for one in ours if "+" in one}
    found = (one.lower().rstrip(".") for one in _ADDRESS.findall(text))
    return {
        one for one in found if one not in ours and one.partition("@")[2] not in domains and not _SERVICE.match(one)
    }


def _reasons(text: str, addresses: set[str]) -> dict[str, str]:
    """What is said between one address and the next is about the first; where nothing is, all share what is said at all."""
    low = text.lower()
    places = sorted((low.find(address), address) for address in list(addresses)[:MOST_RECIPIENTS])
    ends = [place for place, _ in places[1:]] + [len(text)] * bool(places)
    everything = telling_line(text)
    return {
        address: (telling_line(text[place:end]) if place >= 0 else "") or everything
        for (place, address), end in zip(places, ends, strict=True)
    }


def telling_line(text: str) -> str:
    """The line that says why."""
    lines = [line.strip() for line in text.splitlines() if not _NOISE.match(line.strip())]
    for pattern in (STATUS, UNKNOWN, FULL, POLICY, CODE, PASSING):
        for number, line in enumerate(lines):
            if pattern.search(line):
                return " ".join(lines[number : number + 2])[:500]
    return ""


# ---- the words above the letter that came back


def text_of(message: Message) -> str:
    plain = [part for part in readable(message) if part.get_content_type() != "text/html"]
    return "\n".join(_text(part) for part in plain or readable(message))[:MOST_TEXT]


def readable(message: Message) -> list[Message]:
    """The parts with the server's words, not those of the letter inside."""
    if message.get_content_maintype() == "message":
        return []
    if message.is_multipart():
        return [
            one
            for part in list(message.get_payload())[:MOST_PARTS]
            if isinstance(part, Message)
            for one in readable(part)
        ]
    is_text = message.get_content_type() in ("text/plain", "text/html")
    return [message] if is_text or message.get_content_maintype() == "multipart" else []  # its boundary is nowhere


def text_whole(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    text = _decoded(raw[: 4 * MOST_TEXT], part.get_content_charset() or "utf-8")
    if part.get_content_type() == "text/html":
        text = unescape(re.sub(r"<(?![\w.+-]{1,64}@)[^<>]{1,2000}>", "\n", text))
    copy = _COPY.search(text)
    return text[: copy.start()] if copy else text


def _decoded(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset, "replace")
    except LookupError:  # a character set that nobody knows
        return raw.decode("utf-8", "replace")
