"""The content folder → editions, documents and pages, and everything in it that could not be understood."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from builder import addresses, former
from builder.audience import did_you_mean
from builder.dates import YEARS, read_moment
from builder.headers import Notes, Written, nothing, take_apart
from builder.items import formerly, read_item, read_release, slug_of, with_original
from builder.model import Bulletin, Content, Document, Edition, Finding, House, Item, ItemKey, Register

RESERVED = {"documents", "pages", "letters"}
EDITION_FILE = "edition.md"
Signature = tuple[tuple[str, int, int, int], ...]
Read = tuple[Edition, list[Finding]]
Memory = dict[Path, tuple[Signature, Read]]
SETTLED_NS = 50_000_000  # file systems tell times in steps, the coarsest in use of 10 ms
EDITION_HEADERS = ("subject", "preheader", "title", "number", "special", "formerly", "checked")
DOCUMENT_HEADERS = ("title", "summary", "updated", "contact", "release", "formerly", "checked")
PAGE_HEADERS = tuple(name for name in DOCUMENT_HEADERS if name != "release")


def read_content(root: Path, house: House, memory: Memory | None = None) -> Content:
    """Everything under `root`/content, editions by date. Never raises for what a person wrote: it is in `findings`.

    `memory`: of earlier readings with the same `house`; only editions whose files changed since are read again.
    """
    findings: list[Finding] = []
    editions: list[Edition] = []
    for bulletin, day, folder in edition_folders(root, house, findings):
        edition, notes = _remembered(memory, folder, lambda: read_edition(root, house, bulletin, day, folder))  # noqa: B023
        editions.append(edition)
        findings += notes
    editions = _join_excerpts(editions, findings)
    editions = _share_items(editions, house, findings)
    findings += _slugs_taken_twice(editions)
    documents = read_documents(root, "documents", house, findings)
    pages = read_documents(root, "pages", house, findings)
    content = Content(tuple(_number(editions, house)), documents, pages, (), read_addresses(root, findings))
    faults = former.faults(addresses.places(content, house), content.register, house)
    told = spare_drafts((*findings, *faults), editions)
    return replace(content, findings=tuple(sorted(set(told))))


def read_addresses(root: Path, findings: list[Finding]) -> Register:
    """The register of all addresses that were ever published."""
    try:
        text = (root / addresses.FILE).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return Register()
    register, faults = addresses.read_register(text)
    findings += faults
    return register


def spare_drafts(findings: Iterable[Finding], editions: Iterable[Edition]) -> Iterator[Finding]:
    """A draft goes nowhere yet, so nothing in it blocks."""
    drafts = {item.source.file for edition in editions for item in edition.items if item.draft}
    for finding in findings:
        milder = finding.severity == "block" and finding.file in drafts
        yield replace(finding, severity="warn") if milder else finding


def _remembered(memory: Memory | None, folder: Path, read: Callable[[], Read]) -> Read:
    if memory is None:
        return read()
    signature = _signature(folder)
    known = memory.get(folder)
    if known is None or known[0] != signature:
        # What was written in this very instant may be written again without another time.
        known = memory[folder] = (signature if _settled(signature) else (), read())
    return known[1]


def _signature(folder: Path) -> Signature:
    """Of each file: its name, time, size and number. Times alone would miss a file that was put back."""
    stats = ((path, path.lstat()) for path in (*_item_files(folder), folder / EDITION_FILE) if path.is_file())
    return tuple((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino) for path, stat in stats)


def _settled(signature: Signature) -> bool:
    return all(time.time_ns() - written > SETTLED_NS for _, written, _, _ in signature)


def edition_folders(root: Path, house: House, findings: list[Finding]) -> Iterator[tuple[Bulletin, date, Path]]:
    for folder in _folders(root / "content"):
        bulletin = house.bulletins.get(folder.name)
        if bulletin is None:
            if folder.name not in RESERVED:
                hint = did_you_mean(folder.name, house.bulletins) or " Add it to bulletin.toml, or rename the folder."
                findings.append(_block(root, folder, "unknown-bulletin", f'"{folder.name}" is not a bulletin.{hint}'))
            continue
        for inner in _folders(folder):
            try:
                yield bulletin, folder_day(inner.name), inner
            except ValueError:
                text = f'"{inner.name}" is not a date. An edition\'s folder is named like 2025-01-14.'
                findings.append(_block(root, inner, "bad-folder", text))


def folder_day(name: str) -> date:
    """date.fromisoformat also takes 20250114 and 2025-W03-2, which would give one day several folders."""
    day = date.fromisoformat(name)
    if day.isoformat() != name or day.year not in YEARS:
        raise ValueError(name)
    return day


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(Path(entry) for entry in os.scandir(parent) if entry.is_dir() and not entry.name.startswith("."))


def _block(root: Path, path: Path, code: str, message: str) -> Finding:
    return Finding(_name(root, path), 0, code, "block", _printable(message))


def _name(root: Path, path: Path) -> str:
    return _printable(path.as_posix().removeprefix(f"{root.as_posix()}/"))


def _printable(text: str) -> str:
    """File names may hold bytes that are no text; Python keeps them as lone surrogates, which no output accepts."""
    return text.encode("utf-8", "backslashreplace").decode()


def read_edition(
    root: Path, house: House, bulletin: Bulletin, day: date, folder: Path, raw: Mapping[str, bytes] | None = None
) -> tuple[Edition, list[Finding]]:
    """`raw`: what is in its files, when they have been read already."""
    findings: list[Finding] = []
    items: list[Item] = []
    for path in _item_files(folder):
        item, notes = read_item(house, bulletin, day, _open(root, path, raw))
        findings += notes.findings
        if item:
            items.append(item)
    path = folder / EDITION_FILE
    if not path.is_file():
        findings.append(_block(root, path, "missing-edition", "The edition has no edition.md with its subject."))
        written = nothing(_name(root, path))
    else:
        written = _open(root, path, raw)
    edition, notes = read_edition_file(bulletin, day, written)
    return replace(edition, items=tuple(items)), findings + notes.findings


def _item_files(folder: Path) -> list[Path]:
    return [folder.joinpath(*name) for name in sorted((*_items(folder), *_items(folder, "good-news")))]


def _items(folder: Path, *inner: str) -> Iterator[tuple[str, ...]]:
    with suppress(OSError):
        for name in os.listdir(folder.joinpath(*inner)):  # noqa: PTH208
            if name.endswith(".md") and name != EDITION_FILE and not name.startswith("."):
                yield (*inner, name)


def _open(root: Path, path: Path, raw: Mapping[str, bytes] | None = None) -> Written:
    file = _name(root, path)
    try:
        return take_apart((raw or {}).get(str(path)) or path.read_bytes(), file)
    except OSError as error:
        return nothing(file, Finding(file, 0, "unreadable", "block", f"The file cannot be read: {error.strerror}."))


def read_edition_file(bulletin: Bulletin, day: date, written: Written) -> tuple[Edition, Notes]:
    notes = Notes(written.source.file, list(written.findings))
    _check_headers(written, EDITION_HEADERS, notes)
    if written.headers and not written.headers.get("subject"):
        notes.add("missing-subject", 1, 'The edition has no subject. Add a line "subject: …".')
    edition = Edition(
        bulletin=bulletin.id,
        day=day,
        source=written.source,
        subject=_line(written, "subject"),
        preheader=_line(written, "preheader"),
        title=_line(written, "title"),
        special=_line(written, "special"),
        number=_edition_number(written, notes),
        formerly=formerly(written, notes),
        opening=written.body,
    )
    return edition, notes


def _line(written: Written, name: str) -> str:
    """A header that is one line of words, however many it was written over."""
    return " ".join(written.headers.get(name, "").split())


def _edition_number(written: Written, notes: Notes) -> int | None:
    text = written.headers.get("number", "")
    if not text:
        return None
    if text.isdecimal() and text.isascii() and len(text) < 7:
        return int(text)
    notes.add("bad-value", written.source.line("number"), f'number: "{text}" is not a whole number.')
    return None


def _check_headers(written: Written, known: tuple[str, ...], notes: Notes) -> None:
    for name in written.headers.keys() - set(known):
        hint = did_you_mean(name, known) or f" Known here: {', '.join(known)}."
        notes.add("unknown-header", written.source.line(name), f'"{name}" is not a header.{hint}')


def _join_excerpts(editions: list[Edition], findings: list[Finding]) -> list[Edition]:
    originals = {item.key: item for edition in editions for item in edition.items}
    joined = []
    for edition in editions:
        items = []
        for item in edition.items:
            notes = Notes(item.source.file)
            items.append(with_original(item, originals, notes))
            findings += notes.findings
        joined.append(replace(edition, items=tuple(items)))
    return joined


def _share_items(editions: list[Edition], house: House, findings: list[Finding]) -> list[Edition]:
    """Items that name other editions in `also:` stand in those too."""
    guests: dict[str, list[Item]] = {}
    known = {edition.key for edition in editions}
    for item in (item for edition in editions for item in edition.items):
        for bulletin, day in dict.fromkeys(item.also):
            key = f"{bulletin}/{day}"
            if key == f"{item.key.bulletin}/{item.key.day}":
                continue
            guests.setdefault(key, []).append(as_guest(item, house.bulletins[bulletin]))
            if key not in known:
                text = f"also: there is no edition {key} yet."
                line = item.source.line("also")
                findings.append(Finding(item.source.file, line, "also-nowhere", "warn", text))
    return [replace(e, items=(*e.items, *guests.get(e.key, ()))) for e in editions]


def as_guest(item: Item, bulletin: Bulletin) -> Item:
    if any(section.id == item.section for section in bulletin.sections):
        return item
    return replace(item, section=bulletin.section_of(item.kind))


def _slugs_taken_twice(editions: Iterable[Edition]) -> Iterator[Finding]:
    """An item's slug is its permanent address, so a bulletin can give it only once."""
    first: dict[tuple[str, str], Item] = {}
    for item in (item for edition in editions for item in edition.items):
        holder = first.setdefault((item.key.bulletin, item.slug), item)
        if holder.source.file != item.source.file:
            text = f'The address "{item.slug}" belongs to {holder.source.file}. Rename this file.'
            yield Finding(item.source.file, 0, "slug-taken", "block", text)


def _number(editions: list[Edition], house: House) -> Iterator[Edition]:
    """Numbers that editions do not give themselves go on from the one before, and from the bulletins succeeded."""
    last: dict[str, int] = {}
    for edition in sorted(editions, key=lambda e: (e.day, e.bulletin)):
        bulletin = house.bulletins[edition.bulletin]
        if not bulletin.numbered:
            yield replace(edition, number=None)
            continue
        before = max((last[b] for b in (bulletin.id, *bulletin.succeeds) if b in last), default=0)
        number = edition.number if edition.number is not None else before + 1
        last[bulletin.id] = max(number, last.get(bulletin.id, 0))
        yield replace(edition, number=number)


def read_documents(root: Path, folder: str, house: House, findings: list[Finding]) -> tuple[Document, ...]:
    documents = []
    for path in sorted((root / "content" / folder).glob("*.md")):
        written = _open(root, path)
        notes = Notes(written.source.file, list(written.findings))
        _check_headers(written, DOCUMENT_HEADERS if folder == "documents" else PAGE_HEADERS, notes)
        slug = slug_of(PurePosixPath(written.source.file), notes)
        documents.append(_document(slug, written, house, notes))
        findings += notes.findings
    return tuple(documents)


def _document(slug: str, written: Written, house: House, notes: Notes) -> Document:
    title = _line(written, "title")
    if written.headers and not title:
        notes.add("missing-title", 1, 'There is no title. Add a line "title: …".')
    updated = None
    if text := written.headers.get("updated", ""):
        try:
            updated = read_moment(text, house.calendar.zone)
        except ValueError as error:
            notes.add("bad-date", written.source.line("updated"), f"updated: {error}")
    return Document(
        slug=slug,
        source=written.source,
        title=title or slug,
        summary=_line(written, "summary"),
        body=written.body,
        contact=written.headers.get("contact", ""),
        updated=updated,
        release=read_release(written.headers, house, notes, written.source.line("release"))[0],
        formerly=formerly(written, notes),
    )


class Index:
    """Every item by its key, or by its name. Found in its edition when it is asked for: a preview asks for three of thousands."""

    def __init__(self, editions: Iterable[Edition] = ()) -> None:
        self._editions = {(edition.bulletin, edition.day): edition for edition in editions}
        self._named: dict[tuple[str, str], Item] = {}

    def get(self, key: ItemKey) -> Item | None:
        edition = self._editions.get((key.bulletin, key.day))
        items = edition.items if edition else ()
        return next((item for item in items if item.slug == key.slug and item.key == key), None)

    def named(self, bulletin: str, slug: str) -> Item | None:
        """The first item of that name, which is the only one in a house without faults."""
        if not self._named:
            for edition in self._editions.values():
                for item in edition.items:
                    self._named.setdefault((item.key.bulletin, item.slug), item)
        return self._named.get((bulletin, slug))

    def __iter__(self) -> Iterator[ItemKey]:
        return iter(dict.fromkeys(item.key for edition in self._editions.values() for item in edition.items))


def item_index(content: Content) -> Index:
    return Index(content.editions)
