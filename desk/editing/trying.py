"""Content as if one file held another text: what a preview shows, and what the proof-reader says of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from msgspec.structs import replace

from builder import preflight
from builder.content import EDITION_FILE, item_index, read_edition_file, spare_drafts
from builder.headers import Notes, Written, take_apart
from builder.items import read_item, with_original
from builder.model import Content, Edition, Finding
from builder.press import Press


def as_if(press: Press, edition: Edition, name: str, raw: bytes) -> Content:
    """`name`: the file's, relative to the house."""
    written = take_apart(raw, name)
    bulletin = press.house.bulletins[edition.bulletin]
    if PurePosixPath(name).name == EDITION_FILE:
        told, notes = read_edition_file(bulletin, edition.day, written)
        return _with(press.content, replace(told, items=edition.items, number=edition.number), name, notes)
    item, notes = read_item(press.house, bulletin, edition.day, written)
    if item is None:
        return _with(press.content, edition, name, notes)
    item = with_original(item, item_index(press.content), notes)
    others = tuple(one for one in edition.items if one.source.file != name)
    return _with(press.content, replace(edition, items=(*others, item)), name, notes)


def _with(content: Content, edition: Edition, name: str, notes: Notes) -> Content:
    editions = tuple(edition if one.key == edition.key else one for one in content.editions)
    kept = (finding for finding in content.findings if finding.file != name)
    fresh = spare_drafts(notes.findings, [edition])
    return replace(content, editions=editions, findings=tuple(sorted({*kept, *fresh})))


def findings_of(press: Press, edition: Edition, name: str) -> tuple[Finding, ...]:
    """What the proof-reader says about this one file, and about its pictures; in the order of its lines."""
    found = preflight.check(press.content, press.house, now=press.now, root=press.root, only=[edition.key])
    items = [item for item in edition.items if item.source.file == name]
    pictures = press.picture_findings(items)
    return tuple(sorted({f for f in (*found, *pictures) if f.file == name}, key=lambda f: (f.line, f.code)))


# --- where a finding belongs in the form -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """`field`: a header, "body", or "" for the whole item. `line`: of the body, from 1; 0 for none. `words`: that line."""

    finding: Finding
    field: str
    line: int
    words: str

    @property
    def said(self) -> str:
        """Its message where it stands under its field, whose name need not be said again."""
        return self.finding.message.removeprefix(f"{self.field}: ").replace(f'"{self.field}:"', "this")


SHOWN_CHARACTERS = 90
_MISSING = re.compile(r'"([\w-]+):"')  # the header that a finding says is not there


def placed(raw: bytes, name: str, findings: Iterable[Finding]) -> list[Placed]:
    written = take_apart(raw, name)
    lines = written.body.split("\n")
    return [_place(written, lines, finding) for finding in findings]


def _place(written: Written, lines: list[str], finding: Finding) -> Placed:
    number = finding.line - written.body_line
    if finding.line >= written.body_line and written.body and number < len(lines):
        words = lines[number].strip()
        shown = words if len(words) <= SHOWN_CHARACTERS else f"{words[:SHOWN_CHARACTERS].rstrip()}…"
        return Placed(finding, "body", number + 1, shown)
    missing = _MISSING.search(finding.message) if finding.code == "missing-header" else None
    if missing:
        return Placed(finding, missing[1], 0, "")
    spans = sorted((line, header) for header, line in written.source.lines.items() if header != "body")
    before = [header for line, header in spans if line <= finding.line]
    return Placed(finding, before[-1] if before and finding.line > 1 else "", 0, "")
