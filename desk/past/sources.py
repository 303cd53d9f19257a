"""Files as people have kept them (.html, .eml, feeds, .txt) → what each says, with its date and its pictures."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit
from zoneinfo import ZoneInfo

from desk.past.blocks import Block, Page, read_html, read_text
from goodnews import feeds
from goodnews.feedtext import Unreadable, to_text

HTML, MAIL, FEED, TEXT = {".html", ".htm", ".mht", ".mhtml"}, {".eml"}, {".xml", ".rss", ".atom"}, {".txt", ".text"}
KNOWN = HTML | MAIL | FEED | TEXT
MOST_BYTES = 50_000_000  # of one file: a mail with a dozen photographs has 20 MB


@dataclass(frozen=True, slots=True)
class Source:
    """One edition as it was found, or one entry of a feed."""

    name: str
    mark: str
    """Of its bytes: the same source is never brought in twice."""
    blocks: tuple[Block, ...]
    subject: str = ""
    preheader: str = ""
    day: date | None = None
    address: str = ""
    """Where it was on the web, so that the old link leads on."""
    folder: Path | None = None
    parts: dict[str, bytes] = field(default_factory=dict)
    """Pictures that came with it, by their Content-ID or name."""
    one_item: bool = False
    """An entry of a feed is one item unless it has headings of its own."""
    fault: str = ""


def find_files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in KNOWN and p.is_file())
        else:
            yield path


def read_sources(file: Path, zone: ZoneInfo) -> Iterator[Source]:
    """Never raises for what is in the file: a fault is in the source."""
    try:
        if file.stat().st_size > MOST_BYTES:
            yield _faulty(file, b"", f"is larger than {MOST_BYTES // 1_000_000} MB")
            return
        raw = file.read_bytes()
    except OSError as error:
        yield _faulty(file, b"", f"cannot be read: {error.strerror}")
        return
    kind = file.suffix.lower()
    if kind in MAIL or kind in {".mht", ".mhtml"}:
        yield _mail(file, raw, zone)
    elif kind in FEED:
        yield from _feed(file, raw, zone)
    elif kind in HTML:
        page = read_html(_decoded(raw))
        yield _source(file, raw, page, page.title, _day_in_name(file.name))
    elif kind in TEXT:
        yield _source(file, raw, read_text(_decoded(raw)), "", _day_in_name(file.name))
    else:
        yield _faulty(file, raw, f"is none of {', '.join(sorted(KNOWN))}")


def _faulty(file: Path, raw: bytes, fault: str) -> Source:
    return Source(file.name, _mark(raw), (), fault=fault)


def _mark(raw: bytes, more: str = "") -> str:
    return sha256(raw + more.encode("utf-8", "replace")).hexdigest()[:16]


def _source(file: Path, raw: bytes, page: Page, subject: str, day: date | None) -> Source:
    return Source(
        file.name, _mark(raw), page.blocks, subject, page.hidden, day, page.canonical, file.parent,
    )  # fmt: skip


def _decoded(raw: bytes) -> str:
    """UTF-8 where it is, else what the page says of itself, else Windows-1252: nothing is refused."""
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(name, "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    told = re.search(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,40})", raw[:2_000])
    try:
        return raw.decode(told[1].decode() if told else "cp1252", "replace")
    except LookupError:
        return raw.decode("cp1252", "replace")


def _day_in_name(name: str) -> date | None:
    match = re.search(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)", name)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


# --- mail ------------------------------------------------------------------------------------------------------------


def _mail(file: Path, raw: bytes, zone: ZoneInfo) -> Source:
    try:
        message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        html, text = _bodies(message)
    except (LookupError, ValueError, AttributeError, TypeError, RecursionError) as error:
        return _faulty(file, raw, f"is a damaged mail ({error})")
    page = read_html(html) if html else read_text(text)
    subject = re.sub(r"^(?:\s*(?:re|fwd?|fw)\s*:)+\s*", "", _header(message, "Subject"), flags=re.IGNORECASE)
    source = _source(file, raw, page, subject, _sent(message, zone) or _day_in_name(file.name))
    source.parts.update(_pictures(message))
    return source


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message[name] or "").split())
    except (ValueError, LookupError, AttributeError, TypeError, IndexError):  # headers that the parser gives up on
        return ""


def _sent(message: EmailMessage, zone: ZoneInfo) -> date | None:
    try:
        return parsedate_to_datetime(_header(message, "Date")).astimezone(zone).date()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _bodies(message: EmailMessage) -> tuple[str, str]:
    found = {"html": "", "plain": ""}
    for part in message.walk():
        kind = part.get_content_subtype()
        if part.get_content_maintype() == "text" and kind in found and not found[kind] and not part.get_filename():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                found[kind] = _in_charset(payload, part.get_content_charset())
    return found["html"], found["plain"]


def _in_charset(raw: bytes, charset: str | None) -> str:
    try:
        return raw.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return _decoded(raw)


def _pictures(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    for part in message.walk():
        if part.get_content_maintype() != "image":
            continue
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        for name in (
            str(part["Content-ID"] or "").strip("<> "),
            part.get_filename(),
            str(part["Content-Location"] or ""),
        ):
            if name:
                yield name, payload


# --- feeds -----------------------------------------------------------------------------------------------------------


def _feed(file: Path, raw: bytes, zone: ZoneInfo) -> Iterator[Source]:
    try:
        _, feed = feeds.parse(to_text(raw))
    except Unreadable as error:
        yield _faulty(file, raw, str(error))
        return
    if not feed["entries"]:
        yield _faulty(file, raw, "is no feed, or an empty one")
    for entry in feed["entries"]:
        told = [str(part.get("value", "")) for part in entry.get("content", [])]
        markup = max([*told, str(entry.get("summary", ""))], key=len)
        link = str(entry.get("link", ""))
        page = read_html(markup, link)
        headings = [block for block in page.blocks if block.kind == "heading"]
        when = entry.get("published_parsed") or entry.get("updated_parsed")
        yield Source(
            name=f"{file.name}: {entry.get('title', '')}"[:200],
            mark=_mark(b"", str(entry.get("id", "")) + link + markup),
            blocks=page.blocks,
            subject=read_text(str(entry.get("title", ""))).blocks[0].words
            if str(entry.get("title", "")).strip()
            else "",
            day=_feed_day(when, zone),
            address=link,
            folder=file.parent,
            one_item=len(headings) < 2,
        )


def _feed_day(when: Any, zone: ZoneInfo) -> date | None:
    try:
        year, month, day, hour, minute, second = tuple(when)[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
    except (TypeError, ValueError, OverflowError):
        return None


# --- pictures --------------------------------------------------------------------------------------------------------


def picture_bytes(source: Source, address: str) -> bytes | None:
    """Of a picture that came along: in the mail, in the page itself, or in a file beside it. None for one on the web."""
    if address.lower().startswith("cid:"):
        return source.parts.get(unquote(address[4:]))
    if address.lower().startswith("data:image/"):
        return _from_data(address)
    if address in source.parts:
        return source.parts[address]
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", address) or source.folder is None:
        return None
    path = unquote(urlsplit(address).path)
    try:
        place = (source.folder / path).resolve()
        inside = place.is_relative_to(source.folder.resolve())
        return place.read_bytes() if inside and place.is_file() and place.stat().st_size < MOST_BYTES else None
    except (OSError, ValueError):
        return None


def _from_data(address: str) -> bytes | None:
    head, _, data = address.partition(",")
    try:
        return base64.b64decode(data, validate=False) if ";base64" in head else unquote_to_bytes(data)
    except (binascii.Error, ValueError):
        return None
