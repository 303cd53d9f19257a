"""A small house, and content written into it as an editor would."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from builder import preflight
from builder.content import read_content
from builder.headers import Notes, take_apart
from builder.items import read_item
from builder.model import (
    Audiences,
    Axis,
    Break,
    Bulletin,
    Calendar,
    Content,
    Edition,
    Finding,
    House,
    Item,
    Publisher,
    Section,
    Source,
    Tag,
    Tags,
    Term,
    Words,
)

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2025, 1, 10, 12, tzinfo=LONDON)
DAY = date(2025, 1, 14)
RELEASED = datetime(2025, 1, 14, 9, tzinfo=LONDON)

PHASE = Axis(
    "phase", "Phase", "", (Tag("early-years", "Early years"), Tag("primary", "Primary"), Tag("post-16", "Post-16"))
)
ROLE = Axis("role", "Role", "", (Tag("head", "Head"), Tag("office", "Office")))
SECTIONS = (
    Section("news", "News", frozenset({"news", "message", "case-study", "excerpt", "appointment", "notice"})),
    Section("actions", "Actions", frozenset({"action", "consultation", "feedback"})),
    Section("events", "Events", frozenset({"event"})),
    Section("good-news", "Good news", frozenset({"good-news"})),
)
WEEKLY = Bulletin("weekly", "Weekly update", "", "", SECTIONS, weekday=1, main=True, succeeds=("together",))
HOUSE = House(
    publisher=Publisher("A council", "A team", "1 High Street, Ambridge AM1 1AA", "https://news.example", "a@council.example", "a@council.example"),
    audiences=Audiences((PHASE, ROLE), {"schools": frozenset({"primary"}), "leaders": frozenset({"head"})}),
    bulletins={
        "weekly": WEEKLY,
        "together": Bulletin("together", "Together", "", "", SECTIONS, last=date(2024, 12, 9)),
        "send": Bulletin("send", "SEND bulletin", "", "", SECTIONS, numbered=False),
    },
    calendar=Calendar(
        LONDON,
        (Term("Spring 2025", date(2025, 1, 6), date(2025, 4, 4), (Break("Half-term", date(2025, 2, 17), date(2025, 2, 21)),)),),
    ),
    release_groups={"inclusion": RELEASED},
    words=Words(frozenset({"UK", "NHS"})),
)  # fmt: skip

EDITION = """---
subject: Summit places, and two deadlines
preheader: Also inside: a new service director, and good news from Oak Primary.
---
"""
ITEM = """---
title: {title}
summary: One plain sentence.
{headers}---
{body}
"""
BODY = "You can now book a place at the summit."


def item(body: str = BODY, title: str = "Inclusion summit", **headers: str) -> str:
    """An item's file; `action_by` is the header action-by."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return ITEM.format(title=title, headers=lines, body=body)


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Paths are relative to content/."""
    for name, text in files.items():
        path = root / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def found(
    root: Path,
    files: Mapping[str, str | bytes],
    *,
    house: House = HOUSE,
    now: datetime = NOW,
    readers: Mapping[Tags, int] | None = None,
) -> tuple[Finding, ...]:
    """What preflight says of some files."""
    write(root, files)
    return preflight.check(read_content(root, house), house, now=now, root=root, readers=readers)


def edition_with(day: str = "2025-01-14", edition: str = EDITION, **items: str) -> dict[str, str | bytes]:
    """An edition of the weekly; `summit` is the file summit.md."""
    return {
        f"weekly/{day}/edition.md": edition,
        **{f"weekly/{day}/{name.replace('_', '-')}.md": text for name, text in items.items()},
    }


def of_item(text: str, **more: str) -> list[tuple[str, int]]:
    """(code, line) of what preflight says of one item, summit.md, in a fair edition; without any file."""
    read = [_read(name, written) for name, written in {"summit": text, **more}.items()]
    edition = Edition(
        bulletin="weekly",
        day=DAY,
        source=Source("content/weekly/2025-01-14/edition.md"),
        subject="Summit places, and two deadlines",
        preheader="Also inside: a new service director, and good news from Oak Primary.",
        items=tuple(entry for entry, _ in read if entry),
    )
    told = tuple(finding for _, notes in read for finding in notes.findings)
    content = Content((edition,), (), (), told)
    findings = preflight.check(content, HOUSE, now=NOW, root=Path("/nowhere"))
    return [(f.code, f.line) for f in findings if f.file.endswith("summit.md")]


def _read(name: str, text: str) -> tuple[Item | None, Notes]:
    file = f"content/weekly/2025-01-14/{name.replace('_', '-')}.md"
    return read_item(HOUSE, WEEKLY, DAY, take_apart(text.encode(), file))


def read_one(text: str) -> Item:
    entry, _ = _read("summit", text)
    assert entry
    return entry


def codes(body: str, **headers: str) -> list[str]:
    """The codes that an item with this body gets."""
    return [code for code, _ in of_item(item(body, **headers))]


def with_personas(personas: Mapping[str, Tags]) -> House:
    return replace(HOUSE, personas=personas)


def png(width: int = 8, height: int = 8) -> bytes:
    """A real picture, made by hand."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = (b"\0" + b"\x40\x80\xc0" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
