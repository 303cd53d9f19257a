"""The plain data that every template sees: dates spoken, links absolute, pictures placed, order settled.

Templates hold words and order; nothing is left for them to decide.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from itertools import groupby
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from builder import dates, markdown
from builder.cache import Cache, fingerprint
from builder.content import Index
from builder.facts import DateBlock, date_block, spoken
from builder.items import read_key
from builder.kinds import Action, Consultation, GoodNews, Lines, Message
from builder.markdown import Body
from builder.model import Bulletin, Document, Edition, House, Item, ItemKey
from builder.pictures import Prepared

Words = Mapping[str, Mapping[str, str]]
_RELATIVE = re.compile(r'(href|src)="(?!https?:|mailto:|tel:|#)([^"]*)"')
_ANY_PICTURE = re.compile(r"<img [^>]*>")
_PICTURE = re.compile(r'<img ([^>]*?)src="([^"]+)"([^>]*)>')


class Link(Struct, frozen=True):
    text: str
    url: str


class Fact(Struct, frozen=True):
    """One line of an item's facts: "When: Friday 14 February 2025, 10am to 4pm"."""

    name: str
    label: str
    text: str
    html: str


class PictureView(Struct, frozen=True):
    url: str
    width: int
    height: int
    alt: str
    credit: str = ""


class ItemView(Struct, frozen=True, kw_only=True):
    slug: str
    anchor: str
    kind: str
    label: str
    title: str
    url: str
    """The permalink; empty for an item that only subscribers see."""
    summary: str
    body: Body
    facts: tuple[Fact, ...] = ()
    contact: Fact | None = None
    picture: PictureView | None = None
    picture_in_email: bool = True
    picture_on_web: bool = True
    date_block: DateBlock | None = None
    signed: Lines | None = None
    school: str = ""
    original: Link | None = None
    related: tuple[Link, ...] = ()
    subscribers_only: bool = False
    deadline: str = ""
    reference: str = ""
    cut: bool = False
    """The letter was too long: only the summary is shown, with a link to the rest."""


class SectionView(Struct, frozen=True):
    id: str
    title: str
    intro: str
    items: tuple[ItemView, ...]


class EditionView(Struct, frozen=True, kw_only=True):
    """One selection of an edition's items, in order, ready for any template."""

    bulletin: str
    name: str
    strapline: str
    why: str
    subject: str
    preheader: str
    title: str
    day: str
    iso: str
    number: str
    special: str
    url: str
    useful: str
    """What an item's name is put behind to ask whether it was useful; empty where nobody is asked."""
    opening: Body
    sections: tuple[SectionView, ...]

    @property
    def items(self) -> tuple[ItemView, ...]:
        return tuple(item for section in self.sections for item in section.items)

    @property
    def actions(self) -> tuple[ItemView, ...]:
        return tuple(item for item in self.items if item.deadline)


_ITEM_FILE = re.compile(r"content/([^/]+)/(\d{4}-\d{2}-\d{2})/(?:good-news/)?([^/]+)\.md")


class Viewer(Struct):
    """Turns items into what templates see; remembers each, because most stand in several variants."""

    house: House
    words: Words
    styles: Mapping[str, str]
    cache: Cache
    now: datetime
    picture: Callable[[str], Prepared | None]
    """A picture's file, relative to the house → the picture ready to publish; None when it cannot be had."""
    index: Index = field(default_factory=Index)
    documents: Mapping[str, Link] = field(default_factory=dict)
    releases: Mapping[str, datetime] = field(default_factory=dict)
    """Of documents that are held back, or were."""
    _styles_key: str = ""
    _seen: dict[ItemKey, tuple[Item, ItemView]] = field(default_factory=dict)
    _pages: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._styles_key = fingerprint(markdown.VERSION, *(f"{k}{v}" for k, v in self.styles.items()))
        self._pages = {f"content/documents/{slug}.md": link.url for slug, link in self.documents.items()}

    def _page(self, file: str) -> str | None:
        """The address of an item's or a document's page, by its file."""
        if file in self._pages:
            return self._pages[file]
        found = _ITEM_FILE.fullmatch(file)
        try:
            item = self.index.get(ItemKey(found[1], date.fromisoformat(found[2]), found[3])) if found else None
        except ValueError:
            return None
        return self.item_url(item) if item and item.source.file == file else None

    def edition(self, edition: Edition, items: tuple[Item, ...]) -> EditionView:
        """`items`: the selection, in order."""
        bulletin = self.house.bulletins[edition.bulletin]
        return EditionView(
            bulletin=bulletin.id,
            name=bulletin.name,
            strapline=bulletin.strapline,
            why=bulletin.why,
            subject=edition.subject,
            preheader=edition.preheader,
            title=edition.title or dates.say(edition.day),
            day=dates.say(edition.day),
            iso=edition.day.isoformat(),
            number=self.say("letter", "number", number=edition.number) if edition.number is not None else "",
            special=edition.special,
            url=self.edition_url(edition),
            useful=self.useful_url(edition.bulletin, edition.day),
            opening=self.body(edition.opening, edition.source.file),
            sections=self._sections(bulletin, items),
        )

    def _sections(self, bulletin: Bulletin, items: tuple[Item, ...]) -> tuple[SectionView, ...]:
        titles = {section.id: section for section in bulletin.sections}
        return tuple(
            SectionView(id_, titles[id_].title, titles[id_].intro, tuple(map(self.item, members)))
            for id_, members in groupby(items, key=lambda item: item.section)
        )

    def item(self, item: Item) -> ItemView:
        known = self._seen.get(item.key)
        if known and known[0] is item:
            return known[1]
        view = self._item(item)
        self._seen[item.key] = (item, view)
        return view

    def _item(self, item: Item) -> ItemView:
        shown = item.original or item
        return ItemView(
            slug=item.slug,
            anchor=f"item-{item.slug}",
            kind=item.kind,
            label=self._label(item),
            title=item.title,
            url="" if item.subscribers_only else self.item_url(item),
            summary=item.summary or shown.summary,
            body=self._body_of(item),
            facts=tuple(self._facts(item)),
            contact=self._fact("contact", shown.contact) if shown.contact else None,
            picture=self._picture(shown),
            picture_in_email=allows(item, "email"),
            picture_on_web=allows(item, "web"),
            date_block=date_block(item.details),
            signed=item.details.signed if isinstance(item.details, Message) else None,
            school=item.details.school if isinstance(item.details, GoodNews) else "",
            original=self._original(item),
            related=tuple(self._related(item)),
            subscribers_only=item.subscribers_only,
            deadline=dates.say_moment(item.details.action_by) if isinstance(item.details, Action) else "",
            reference=item.details.reference if isinstance(item.details, Action) else "",
        )

    # --- words and addresses ---

    def say(self, table: str, name: str, **values: object) -> str:
        return self.words[table][name].format(**values)

    def edition_url(self, edition: Edition) -> str:
        return f"{self._base(edition.bulletin)}editions/{edition.day}/"

    def useful_url(self, bulletin: str, day: date) -> str:
        asks = self.house.bulletins[bulletin].asks
        return f"{self.house.publisher.url}/useful/{bulletin}/{day}/" if asks else ""

    def item_url(self, item: Item) -> str:
        return f"{self._base(item.key.bulletin)}items/{item.slug}/"

    def _base(self, bulletin: str) -> str:
        return f"{self.house.publisher.url}/{self.house.bulletins[bulletin].path}"

    def _label(self, item: Item) -> str:
        bulletin = item.original.key.bulletin if item.original else item.key.bulletin
        return self.say("kinds", item.kind, bulletin=self.house.bulletins[bulletin].name)

    # --- bodies ---

    def body(self, source: str, file: str) -> Body:
        """Markdown, from the cache if it was converted before, with this file's relative links and pictures placed."""
        key = fingerprint("body", self._styles_key, source)
        made = self.cache.get(key)
        if made is None:
            body = markdown.render(source, self.styles)
            made = [body.html, body.email, body.text]
            self.cache.put(key, made)
        page, email, text = made
        return Body(self._place(page, file), self._place(email, file), self._place_text(text, file))

    def _body_of(self, item: Item) -> Body:
        own = self.body(item.body, item.source.file)
        if not allows(item, "email"):
            own = replace(own, email=_ANY_PICTURE.sub("", own.email))
        if item.original is None:
            return own
        quoted = self.body(item.original.summary or _first_paragraph(item.original.body), item.original.source.file)
        parts = [part for part in (own, quoted) if part.text]
        return Body(
            *("\n".join(p.html for p in parts), "\n".join(p.email for p in parts), "\n\n".join(p.text for p in parts))
        )

    def _place(self, form: str, file: str) -> str:
        if "<img" in form:
            form = _PICTURE.sub(lambda m: self._place_picture(m, file), form)
        return _RELATIVE.sub(lambda m: f'{m[1]}="{html.escape(self.resolve(html.unescape(m[2]), file))}"', form)

    def _place_text(self, text: str, file: str) -> str:
        return re.sub(r"\((?!https?:)([^()\s]+\.md(?:#[\w-]+)?)\)", lambda m: f"({self.resolve(m[1], file)})", text)

    def _place_picture(self, match: re.Match[str], file: str) -> str:
        prepared = self.picture(beside(file, html.unescape(match[2])))
        if prepared is None:
            return ""
        size = f'width="{prepared.width}" height="{prepared.height}"'
        style = ' style="max-width:100%;height:auto;border:0"'
        return f'<img {match[1]}src="{self.picture_url(prepared)}" {size}{style}{match[3]}>'

    def resolve(self, target: str, file: str) -> str:
        """A link as written in `file` → an absolute address. What leads nowhere stays: the proof-reader tells it."""
        path, _, fragment = target.partition("#")
        if path.startswith("/"):
            return self.house.publisher.url + target
        page = self._page(beside(file, path))
        return (page or target) if not (page and fragment) else f"{page}#{fragment}"

    def picture_url(self, prepared: Prepared) -> str:
        return f"{self.house.publisher.url}/images/{prepared.name}"

    def _picture(self, item: Item) -> PictureView | None:
        if item.picture is None or not (prepared := self.picture(item.picture.file)):
            return None
        credit = self.say("letter", "credit", credit=item.picture.credit) if item.picture.credit else ""
        return PictureView(self.picture_url(prepared), prepared.width, prepared.height, item.picture.alt, credit)

    def _original(self, item: Item) -> Link | None:
        if item.original is None or item.original.subscribers_only:
            return None
        return Link(self.say("letter", "original"), self.item_url(item.original))

    def _related(self, item: Item) -> list[Link]:
        found = []
        for name in item.related:
            other = self._find(name, item)
            if other and self._may_name(other, item):
                found.append(Link(other.title, self.item_url(other)))
            elif link := self._document(name, item):
                found.append(link)
        return found

    def _may_name(self, other: Item, item: Item) -> bool:
        """Whether an item may name another: not one that is still held back when its edition goes out."""
        return not (other.subscribers_only or other.draft) and other.released_by(self._goes_out(item))

    def _document(self, slug: str, item: Item) -> Link | None:
        release = self.releases.get(slug)
        return None if release and release > self._goes_out(item) else self.documents.get(slug)

    def _goes_out(self, item: Item) -> datetime:
        return max(self.now, self.house.sends(item.key.bulletin, item.key.day))

    def _find(self, name: str, near: Item) -> Item | None:
        if "/" not in name:
            return self.index.named(near.key.bulletin, name)
        try:
            key = read_key(name)
        except ValueError:
            return None
        return self.index.get(key)

    # --- facts ---

    def _facts(self, item: Item) -> list[Fact]:
        """An excerpt tells its original's facts."""
        shown = item.original or item
        facts = [self._fact(name, text) for name, text in spoken(shown.details) if text]
        if isinstance(shown.details, Consultation) and (link := self._document(shown.details.document, item)):
            facts.append(self._link_fact("document", link))
        return facts

    def _fact(self, name: str, text: str) -> Fact:
        shown = markdown.inline(text).replace("<a ", f'<a style="{self.styles.get("a", "")}" ')
        return Fact(name, self.words["facts"][name], text, shown)

    def _link_fact(self, name: str, link: Link) -> Fact:
        style = self.styles.get("a", "")
        shown = f'<a style="{style}" href="{html.escape(link.url)}">{html.escape(link.text)}</a>'
        return Fact(name, self.words["facts"][name], f"{link.text} ({link.url})", shown)


def allows(item: Item, channel: str) -> bool:
    """A school's photo goes only where its consent says."""
    shown = item.original or item
    if not isinstance(shown.details, GoodNews):
        return True
    consent = shown.details.photo_consent
    return consent is not None and channel in consent.channels


def _first_paragraph(body: str) -> str:
    return body.strip().split("\n\n", 1)[0]


def beside(file: str, target: str) -> str:
    """`../a.md` as written in content/weekly/2025-01-14/b.md → content/weekly/a.md."""
    parts: list[str] = []
    for part in (PurePosixPath(file).parent / target).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def document_links(documents: Iterable[Document], house: House) -> dict[str, Link]:
    return {d.slug: Link(d.title, f"{house.publisher.url}/documents/{d.slug}/") for d in documents}
