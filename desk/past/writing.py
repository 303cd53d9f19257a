"""An edition that was sorted out → files in content/, each name free, each picture beside its item; never over what is there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from builder.addresses import as_address
from builder.headers import MAX_FILE_BYTES
from builder.model import Bulletin
from builder.pictures import PictureError, taken_in
from desk.past.blocks import Block
from desk.past.sorting import Draft, ItemDraft, signature, to_markdown
from desk.past.sources import Source, picture_bytes
from goodnews.clean import line

NOTE = "imported.txt"
TITLE, SUBJECT = 200, 300
Fetch = Callable[[str], bytes | None]
"""A picture's address on the web → its bytes, or None."""


@dataclass(slots=True)
class Brought:
    """What became of one source."""

    source: Source
    folder: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """Path in the house → content, not written yet."""
    items: int = 0
    pictures: int = 0
    left_over: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    """Why nothing was brought in."""


def lay_out(draft: Draft, bulletin: Bulletin, taken: set[str], fetch: Fetch | None, *, subscribers: bool) -> Brought:
    """`taken`: the bulletin's slugs; what is given here is added. Nothing is written yet."""
    done = Brought(draft.source, f"content/{bulletin.id}/{draft.day}", notes=list(draft.notes))
    done.left_over += draft.left_over
    for place, item in enumerate(draft.items, 1):
        slug = free_name(item.title, taken)
        _put(done, f"{done.folder}/{slug}.md", _item(item, slug, place, bulletin, done, fetch, subscribers=subscribers))
        done.items += 1
    _put(done, f"{done.folder}/edition.md", _edition(draft))
    if not draft.items and not draft.opening:
        done.skipped = "nothing was found in it"
    note = [f"source: {draft.source.name}", f"mark: {draft.source.mark}", ""]
    told = [*(f"! {text}" for text in done.notes), *(f"- {text}" for text in done.left_over)]
    done.files[f"{done.folder}/{NOTE}"] = "\n".join([*note, *told, ""]).encode("utf-8", "replace")
    return done


def _put(done: Brought, name: str, text: str) -> None:
    raw = text.encode("utf-8", "replace")
    if len(raw) > MAX_FILE_BYTES:
        done.notes.append(
            f"{name} was too long for one item ({len(raw) // 1000} kB) and is cut; the source has the rest."
        )
        raw = raw[: MAX_FILE_BYTES - 1_000].rpartition(b"\n")[0] + b"\n"
    done.files[name] = raw


def free_name(title: str, taken: set[str]) -> str:
    words = re.findall(r"[a-z0-9]+", title.lower().replace("'", "").replace("’", ""))
    slug = "-".join(words)[:60].strip("-") or "item"
    name, number = slug, 2
    while name in taken:
        name, number = f"{slug}-{number}", number + 1
    taken.add(name)
    return name


def _edition(draft: Draft) -> str:
    headers = [f"subject: {line(draft.subject, SUBJECT)}"]
    if draft.preheader:
        headers.append(f"preheader: {line(draft.preheader, 130)}")
    if draft.number is not None:
        headers.append(f"number: {draft.number}")
    if old := _former(draft.source.address):
        headers.append(f"formerly: {old}")
    return _file(headers, to_markdown(draft.opening))


def _former(address: str) -> str:
    """Where it was on the old site, when that is a path that a site of ours can answer at."""
    path = re.sub(r"^https?://[^/]*", "", address)
    try:
        return f"/{found}" if path not in ("", "/") and "?" not in path and (found := as_address(path)) else ""
    except ValueError:
        return ""


def _item(
    item: ItemDraft, slug: str, place: int, bulletin: Bulletin, done: Brought, fetch: Fetch | None, *, subscribers: bool
) -> str:
    headers = [f"title: {line(item.title, TITLE)}"]
    if signed := signature(item):
        headers += [
            "kind: message",
            f"signed: {line(signed[0], 200)}",
            *(f"  {line(post, 200)}" for post in signed[1:]),
        ]
    if section := _section(item, bulletin, done):
        headers.append(f"section: {section}")
    headers.append(f"weight: {place * 10}")  # in the order that they had
    if subscribers:
        headers.append("visibility: subscribers")
    pictures = [text for block in item.pictures for text in [_picture(block, slug, done, fetch)] if text]
    if pictures:
        name, alt = pictures[0]
        headers += [f"image: {name}", *([f"alt: {line(alt, 300)}"] if alt else [])]
    shown = [f"![{_in_brackets(alt)}]({name})" for name, alt in pictures[1:]]
    link = [f"[{_in_brackets(line(item.title, TITLE))}]({item.link})"] if item.link else []
    return _file(headers, "\n\n".join([*filter(None, [to_markdown(item.blocks)]), *link, *shown]))


def _file(headers: Iterable[str], body: str) -> str:
    return "\n".join(["---", *headers, "---", body, ""])


def _in_brackets(text: str) -> str:
    return re.sub(r"[\[\]\\]", "", line(text, 300))


def _section(item: ItemDraft, bulletin: Bulletin, done: Brought) -> str:
    if not item.section:
        return ""
    said = item.section.casefold()
    for section in bulletin.sections:
        if section.title and (section.title.casefold() in said or said in section.title.casefold()):
            return section.id
    done.left_over.append(f"Section heading: {item.section} (over “{item.title}”)")
    return ""


# --- pictures --------------------------------------------------------------------------------------------------------


def _picture(block: Block, slug: str, done: Brought, fetch: Fetch | None) -> tuple[str, str] | None:
    """(its file, its alt text). None when it cannot be had: then it is listed."""
    address = block.source
    raw = picture_bytes(done.source, address)
    if raw is None and fetch and re.match("https?:", address, re.IGNORECASE):
        raw = fetch(address)
    shown = address if len(address) < 200 else f"{address[:100]}…"
    if raw is None:
        done.left_over.append(f"Picture that is not here: {shown} {f'({block.words})' if block.words else ''}".strip())
        return None
    try:
        made, suffix = taken_in(raw, shown)
    except (PictureError, io.UnsupportedOperation) as error:
        done.left_over.append(f"Picture that cannot be shown: {shown}: {error}")
        return None
    name = f"images/{slug}-{sha256(made).hexdigest()[:8]}{suffix}"
    done.files[f"{done.folder}/{name}"] = made
    done.pictures += 1
    return name, block.words


def write(root: Path, files: dict[str, bytes]) -> None:
    """edition.md last: a folder without it is not an edition yet, and the next run brings it in again."""
    for name in sorted(files, key=lambda each: each.endswith(("/edition.md", f"/{NOTE}"))):
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f".{place.name}.partial")
        partial.write_bytes(files[name])
        partial.replace(place)
