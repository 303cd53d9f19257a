"""Sources → editions in content/, each once: what has been brought in already, or stands in the way, is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from builder.model import Bulletin
from builder.press import Press
from desk.past.sorting import Draft, sort_out
from desk.past.sources import Source, find_files, read_sources
from desk.past.writing import NOTE, Brought, Fetch, lay_out, write

FIRST_YEAR, LAST_YEAR = 1990, 2100


def bring(
    press: Press,
    paths: tuple[Path, ...],
    bulletin: Bulletin,
    *,
    day: date | None,
    fetch: Fetch | None,
    dry: bool,
    subscribers: bool,
) -> list[Brought]:
    """`day`: of a single source that does not tell its own. Sources of one day become one edition."""
    known = _marks(press.root)
    taken = {item.slug for edition in press.content.of(bulletin.id) for item in edition.items}
    taken |= {address.rstrip("/").rpartition("/")[2] for address in press.content.register.first}
    done = []
    for source in _joined(s for f in find_files(paths) for s in read_sources(f, press.house.calendar.zone)):
        brought = _one(press, source, bulletin, known, taken, day, fetch, subscribers=subscribers)
        if not brought.skipped:
            known[source.mark] = brought.folder
            if not dry:
                write(press.root, brought.files)
        done.append(brought)
    return done


def _one(
    press: Press,
    source: Source,
    bulletin: Bulletin,
    known: dict[str, str],
    taken: set[str],
    day: date | None,
    fetch: Fetch | None,
    *,
    subscribers: bool,
) -> Brought:
    if source.fault:
        return Brought(source, skipped=f"it {source.fault}")
    if source.mark in known:
        return Brought(source, known[source.mark], skipped=f"it is in {known[source.mark]} already")
    draft = sort_out(source, bulletin, day)
    if draft.day is None:
        return Brought(source, skipped="it does not say its day. Bring it in alone, with --date 2019-03-05")
    if not FIRST_YEAR <= draft.day.year <= LAST_YEAR:
        return Brought(source, skipped=f"its day would be {draft.day}. Say it with --date")
    folder = press.root / "content" / bulletin.id / str(draft.day)
    if (folder / "edition.md").exists() or folder.relative_to(press.root).as_posix() in known.values():
        return Brought(source, skipped=f"there is an edition of {bulletin.id} on {draft.day}")
    return lay_out(_told_late(press, draft), bulletin, taken, fetch, subscribers=subscribers)


def _told_late(press: Press, draft: Draft) -> Draft:
    if draft.day and draft.day > press.now.date():
        draft.notes.append(f"Its day, {draft.day}, is still to come.")
    return draft


def _joined(sources: Iterable[Source]) -> Iterator[Source]:
    """Entries of a feed that are one item each, of one day, are one edition."""
    waiting: dict[date, Source] = {}
    for source in sources:
        if not source.one_item or source.day is None:
            yield source
        elif source.day in waiting:
            waiting[source.day] = _with(waiting[source.day], source)
        else:
            waiting[source.day] = _with(replace(source, blocks=(), one_item=False, address="", mark=""), source)
    yield from waiting.values()


def _with(edition: Source, entry: Source) -> Source:
    from desk.past.blocks import Block
    from goodnews.clean import literal

    heading = Block("heading", literal(entry.subject), entry.subject or entry.name, 1, link=entry.address)
    lower = tuple(replace(b, level=min(b.level + 1, 6)) if b.kind == "heading" else b for b in entry.blocks)
    mark = f"{edition.mark[:8]}{entry.mark[:8]}"
    return replace(edition, blocks=(*edition.blocks, heading, *lower), subject="", mark=mark)


def _marks(root: Path) -> dict[str, str]:
    """What has been brought in, by its mark → the edition's folder."""
    found = {}
    for note in (root / "content").glob(f"*/*/{NOTE}"):
        match = re.search(r"^mark: ([0-9a-f]+)$", note.read_text("utf-8", errors="replace"), re.MULTILINE)
        if match and (note.parent / "edition.md").exists():
            found[match[1]] = note.parent.relative_to(root).as_posix()
    return found
