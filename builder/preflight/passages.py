"""An edition laid out for the proof-reader: what readers see, in their order, each passage with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from builder.calendar import sending
from builder.model import Bulletin, Content, Document, Edition, House, Item, Letter, Source, Tags
from builder.preflight import prose
from builder.preflight.prose import Prose
from builder.select import in_order_of


class Passage(Struct, frozen=True):
    """`part` is title, summary, body, subject, preheader or opening."""

    part: str
    prose: Prose
    source: Source

    @property
    def is_body(self) -> bool:
        return self.part in {"body", "opening"}


class Proof(Struct, frozen=True, kw_only=True):
    """One edition and all that is needed to judge it. `items`: every one but drafts, as readers meet them."""

    content: Content
    house: House
    root: Path
    now: datetime
    edition: Edition
    bulletin: Bulletin
    items: tuple[Item, ...]
    letters: tuple[Letter, ...] = ()
    readers: Mapping[Tags, int] | None = None

    @property
    def sends(self) -> datetime:
        """Its sending moment on the calendar; on the day itself, not earlier than now."""
        planned = sending(self.bulletin, self.house.calendar, self.edition.day)
        today = self.now.astimezone(self.house.calendar.zone).date() == self.edition.day
        return max(planned, self.now.astimezone(planned.tzinfo)) if today else planned

    def passages(self) -> Iterator[Passage]:
        yield from of_edition(self.edition)
        for item in self.items:
            yield from of_item(item)


def lay_out(
    content: Content,
    house: House,
    root: Path,
    now: datetime,
    edition: Edition,
    letters: tuple[Letter, ...] = (),
    readers: Mapping[Tags, int] | None = None,
) -> Proof:
    bulletin = house.bulletins[edition.bulletin]
    items = in_order_of(bulletin, (item for item in edition.items if not item.draft))
    return Proof(
        content=content,
        house=house,
        root=root,
        now=now,
        edition=edition,
        bulletin=bulletin,
        items=items,
        letters=letters,
        readers=readers,
    )


def of_edition(edition: Edition) -> Iterator[Passage]:
    yield _passage("subject", edition.source, edition.subject)
    yield _passage("preheader", edition.source, edition.preheader)
    yield _passage("opening", edition.source, edition.opening)


def of_item(item: Item) -> Iterator[Passage]:
    yield _passage("title", item.source, item.title)
    yield _passage("summary", item.source, item.summary)
    yield _passage("body", item.source, item.body)


def of_document(document: Document) -> Iterator[Passage]:
    yield _passage("title", document.source, document.title)
    yield _passage("summary", document.source, document.summary)
    yield _passage("body", document.source, document.body)


def _passage(part: str, source: Source, text: str) -> Passage:
    line = source.line("body" if part == "opening" else part)
    return Passage(part, prose.read(source.file, line, text), source)


def headers_in_words(item: Item) -> Iterator[tuple[str, str]]:
    """(header, its text) of the headers that hold addresses, numbers and places in the writer's own words."""
    yield "contact", item.contact
    for name in item.details.__struct_fields__:
        value = getattr(item.details, name)
        if isinstance(value, str) and value:
            yield name.replace("_", "-"), value
