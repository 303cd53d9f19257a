"""What all pages stand on: what is public, how it is shown, the frame around every page, and the pictures they use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

from markupsafe import Markup
from msgspec import Struct, field

from builder.addresses import SEND_GOOD_NEWS
from builder.archive import data, html
from builder.archive.cards import Card
from builder.archive.items import Shelf, dead_links
from builder.archive.public import OTHER, Public, edition_of_file
from builder.archive.rows import CardRow
from builder.archive.viewer import WebViewer
from builder.cache import fingerprint
from builder.model import Bulletin, Publisher
from builder.pictures import Prepared
from builder.press import Press
from builder.templates import read_text, told
from builder.view import Link, PictureView, document_links

File = tuple[str, bytes]
IMAGES = "images/"
KINDS = ("actions", "consultations", "events", "good-news")
"""The lists that go across editions, by kind."""


class Page(Struct, frozen=True, kw_only=True):
    """What a page's head and frame need to know."""

    path: str
    """The folder it stands in, like `items/summit/`; empty for the home page."""
    url: str
    up: str
    """From the page's folder to the site's top."""
    title: str
    description: str = ""
    crumbs: tuple[Link, ...] = ()
    data: str = ""
    picture: PictureView | None = None
    article: bool = False
    feed: Link | None = None
    indexed: bool = True
    scope: str = ""
    """Which link of the menu the page belongs to."""
    header: str = ""
    way: str = ""
    invite: str = ""
    footer: str = ""
    """The frame's parts, when they have been drawn before; empty: the template draws them."""
    card: str = ""
    """The address of the drawn card; empty: the bulletin's."""


class Frame(Struct, frozen=True):
    """What stands around every page."""

    home: Link
    menu: tuple[tuple[str, Link], ...]
    subscribe: str
    browse: tuple[Link, ...]
    footer: tuple[Link, ...]
    style: str


class Site(Struct, dict=True):
    press: Press
    public: Public
    pictures: dict[str, Prepared] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """The names of the pictures that stand on a page."""
    _drawn: dict[tuple[Any, ...], Markup] = field(default_factory=dict)
    _shelfmarks: dict[tuple[str, ...], Markup] = field(default_factory=dict)
    _cards: dict[str, Card] = field(default_factory=dict)

    @cached_property
    def viewer(self) -> WebViewer:
        return WebViewer(
            house=self.press.house,
            words=self.press.words,
            styles={},
            cache=self.press.cache,
            now=self.press.now,
            picture=self._picture,
            documents=document_links(self.public.documents, self.press.house),
            public=self.public,
        )

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.press, self.public, self.viewer, dead_links(self.url, self.public.is_page), {})

    @cached_property
    def publisher(self) -> Publisher:
        return self.press.house.publisher

    @cached_property
    def url(self) -> str:
        return self.publisher.url

    @cached_property
    def words(self) -> dict[str, str]:
        return self.press.words["web"]

    @cached_property
    def main(self) -> Bulletin:
        return self.press.house.main_bulletin

    @cached_property
    def others(self) -> tuple[Bulletin, ...]:
        """The further bulletins that have something to show."""
        shown = {place.bulletin for place in self.public.places}
        return tuple(b for b in self.press.house.bulletins.values() if not b.main and b.id in shown)

    @cached_property
    def style(self) -> str:
        return read_text("web/style.css", self.press.search)

    @cached_property
    def frame(self) -> Frame:
        documents = [("documents", self.link("documents", "documents/"))] if self.public.documents else []
        return Frame(
            home=Link(self.main.name, f"{self.url}/"),
            menu=(
                ("home", self.link("latest", "")),
                ("editions", self.link("all-editions", "editions/")),
                *documents,
                ("search", self.link("search", "search/")),
            ),
            subscribe=f"{self.url}/subscribe",
            browse=(
                *(self.link(f"list-{name}", f"{name}/") for name in KINDS),
                self.link("audiences", "for/"),
            ),
            footer=(
                self.link("send-good-news", SEND_GOOD_NEWS),
                *(Link(page.title, f"{self.url}/{page.slug}/") for page in self.public.pages),
            ),
            style=fingerprint(self.style)[:10],
        )

    def _picture(self, file: str) -> Prepared | None:
        self.public.asked.add(edition_of_file(file) or OTHER)
        prepared = self.press.picture(file)
        if prepared:
            self.pictures[prepared.name] = prepared
        return prepared

    # --- links ---

    def link(self, word: str, path: str) -> Link:
        return Link(self.words[word], f"{self.url}/{path}")

    def crumbs(self, bulletin: Bulletin | None = None) -> tuple[Link, ...]:
        """The way from the site's top to a bulletin's home."""
        own = () if bulletin is None or bulletin.main else (Link(bulletin.name, f"{self.url}/{bulletin.path}"),)
        return (self.link("home", ""), *own)

    def feed(self, bulletin: Bulletin) -> Link:
        return Link(bulletin.name, f"{self.url}/{bulletin.path}feed.xml")

    def card(self, bulletin: Bulletin) -> Card:
        """A bulletin's, for all of its pages that have none of their own."""
        if bulletin.id not in self._cards:
            self._cards[bulletin.id] = Card(self.publisher.name, self.main.name, bulletin.name, "", bulletin.strapline)
        return self._cards[bulletin.id]

    def card_of(self, edition: CardRow) -> Card:
        more = " · ".join(filter(None, (edition.number, edition.special)))
        return Card(self.publisher.name, edition.name, edition.day, more, edition.standfirst)

    def shelfmark(self, audience: tuple[str, ...], section: str, up: str) -> str:
        """Who an item is for and where its like stand, drawn once for all items that say the same."""
        key = (*audience, section, up)
        if key not in self._shelfmarks:
            tags = self.press.house.audiences.tags
            drawn = self.render(
                "shelfmark.html",
                audience=[Link(tag.name, f"{self.url}/for/{tag.id}/") for tag in tags if tag.id in audience],
                section=next((Link(s.title, f"{self.url}/sections/{s.id}/") for s in self.main.sections if s.id == section), None),
            )  # fmt: skip
            self._shelfmarks[key] = self._placed(drawn, up)
        return self._shelfmarks[key]

    def _placed(self, part: str, up: str) -> Markup:
        """A part of a page's body."""
        return Markup(html.relative(f"<body{part}", self.url, up).removeprefix("<body"))

    # --- pages ---

    def page(
        self, path: str, title: str, *things: data.Data, of: str = "", crumbs: tuple[Link, ...] = (), **more: Any
    ) -> Page:
        """`things`: what search engines are told. `of`: the bulletin's name, in the window's title."""
        url, up = f"{self.url}/{path}", "../" * path.count("/") or "./"
        more.setdefault("card", f"{self.url}/{self.card(more.pop('whose', self.main)).path}")
        way = [data.breadcrumbs([*crumbs, Link(title, url)])] if crumbs else []
        name = of or self.main.name
        feed = more.get("feed")
        return Page(
            path=path,
            url=url,
            up=up,
            title=" – ".join(dict.fromkeys([title, name, self.publisher.name])),
            crumbs=crumbs,
            data=data.script(*things, *way) if things or way else "",
            header=self._header(up, more.get("scope", ""), url),
            way=self._part("crumbs", up, crumbs=crumbs),
            invite=self._part("invite", up),
            footer=self._part("footer", up, feed=feed),
            **more,
        )

    def _header(self, up: str, scope: str, url: str) -> str:
        """The same for all pages of a depth, but for the page that the menu leads to."""
        here = url if scope and any(link.url == url for _, link in self.frame.menu) else ""
        return self._part("header", up, scope=scope, url=here)

    def _part(self, name: str, up: str, url: str = "", **told: Any) -> str:
        """A part of the frame, drawn once for all pages that tell the same of themselves."""
        key = (name, up, url, *told.values())
        if key not in self._drawn:
            drawn = self.render(f"{name}.html", page=Page(path="", url=url, up=up, title="", **told))
            self._drawn[key] = self._placed(drawn, up)
        return self._drawn[key]

    def forget(self) -> None:
        """What was drawn is not needed any more; memory is."""
        self._drawn.clear()

    def write(self, template: str, page: Page, **values: Any) -> File:
        text = self.render(template, page=page, **values)
        for part in text.split(f"{self.url}/{IMAGES}")[1:]:
            self.used |= {part[: part.find('"')]} & self.pictures.keys()
        return f"{page.path}index.html", html.to_bytes(html.relative(text, self.url, page.up))

    def render(self, template: str, **values: Any) -> str:
        try:
            return self.press.pages.get_template(f"web/{template}").render(frame=self.frame, **values)
        except Exception:
            with told():
                raise


T = TypeVar("T")


def beside(row: Sequence[T], at: int) -> tuple[T | None, T | None]:
    """What stands before and after a place in a row; None at its ends."""
    return (row[at - 1] if at else None), (row[at + 1] if at + 1 < len(row) else None)
