"""What all pages stand on: what is public, how it is shown, the frame around every page, and the pictures they use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from builder.archive import data, html
from builder.archive.items import Shelf, dead_links
from builder.archive.public import Public, public
from builder.cache import fingerprint
from builder.model import Bulletin, Publisher
from builder.pictures import Prepared
from builder.press import Press
from builder.templates import read_text, told
from builder.view import Link, PictureView, Viewer, document_links

File = tuple[str, bytes]
IMAGES = "images/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
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


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page."""

    home: Link
    menu: tuple[tuple[str, Link], ...]
    subscribe: str
    footer: tuple[Link, ...]
    style: str


@dataclass
class Site:
    press: Press
    pictures: dict[str, Prepared] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    """The names of the pictures that stand on a page."""

    @cached_property
    def public(self) -> Public:
        return public(self.press)

    @cached_property
    def viewer(self) -> Viewer:
        """Knows the public items only, so whatever is hidden cannot be linked to."""
        return replace(
            self.press.viewer,
            picture=self._picture,
            index=self.public.items,
            documents=document_links(self.press.content, self.press.house),
            _seen={},
        )

    @cached_property
    def shelf(self) -> Shelf:
        items = (f"{self.press.house.bulletins[key.bulletin].path}items/{key.slug}/" for key in self.public.items)
        published = frozenset([*items, *(sent.path for sent in self.public.editions)])
        return Shelf(self.press, self.public, self.viewer, dead_links(self.url, published), {})

    @cached_property
    def publisher(self) -> Publisher:
        return self.press.house.publisher

    @cached_property
    def url(self) -> str:
        return self.publisher.url

    @cached_property
    def words(self) -> dict[str, str]:
        return self.press.renderer.words["web"]

    @cached_property
    def main(self) -> Bulletin:
        return self.press.house.main_bulletin

    @cached_property
    def others(self) -> tuple[Bulletin, ...]:
        """The further bulletins that have something to show."""
        return tuple(b for b in self.press.house.bulletins.values() if not b.main and self.public.of(b))

    @cached_property
    def style(self) -> str:
        return read_text("web/style.css", self.press.search)

    @cached_property
    def frame(self) -> Frame:
        documents = [("documents", self.link("documents", "documents/"))] if self.public.documents else []
        return Frame(
            home=Link(self.main.name, f"{self.url}/"),
            menu=(("home", self.link("latest", "")), ("editions", self.link("all-editions", "editions/")), *documents),
            subscribe=f"{self.url}/subscribe",
            footer=tuple(Link(page.title, f"{self.url}/{page.slug}/") for page in self.public.pages),
            style=fingerprint(self.style)[:10],
        )

    def _picture(self, file: str) -> Prepared | None:
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

    # --- pages ---

    def page(
        self, path: str, title: str, *things: data.Data, of: str = "", crumbs: tuple[Link, ...] = (), **more: Any
    ) -> Page:
        """`things`: what search engines are told. `of`: the bulletin's name, in the window's title."""
        url = f"{self.url}/{path}"
        way = [data.breadcrumbs([*crumbs, Link(title, url)])] if crumbs else []
        name = of or self.main.name
        return Page(
            path=path,
            url=url,
            up="../" * path.count("/") or "./",
            title=" – ".join(dict.fromkeys([title, name, self.publisher.name])),
            crumbs=crumbs,
            data=data.script(*things, *way) if things or way else "",
            **more,
        )

    def write(self, template: str, page: Page, **values: Any) -> File:
        text = self.render(template, page=page, **values)
        for part in text.split(f"{self.url}/{IMAGES}")[1:]:
            self.used |= {part[: part.find('"')]} & self.pictures.keys()
        return f"{page.path}index.html", html.to_bytes(html.relative(text, self.url, page.up))

    def render(self, template: str, **values: Any) -> str:
        with told():
            found = self.press.renderer.environment.get_template(f"web/{template}")
            return found.render(frame=self.frame, **values)


T = TypeVar("T")


def beside(row: Sequence[T], at: int) -> tuple[T | None, T | None]:
    """What stands before and after a place in a row; None at its ends."""
    return (row[at - 1] if at else None), (row[at + 1] if at + 1 < len(row) else None)
