"""One run of the builder, put together once: content, templates, pictures and cache in; letters and pages out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from builder.audience import in_order
from builder.cache import Cache, Passing
from builder.content import item_index, read_content
from builder.model import Content, Edition, Finding, House, Item, Letter, Tags, Variant
from builder.pictures import PictureError, Prepared, prepare
from builder.select import in_letters, in_order_of, per_audience, receives, variants
from builder.templates import environment, read_words
from builder.view import EditionView, Viewer, allows, beside, document_links

if TYPE_CHECKING:
    from jinja2 import Environment

    from builder.letter.render import Renderer

_IN_BODY = re.compile(r"!\[[^\[\]]*\]\(\s*<?([^()<>\s]+)")


class Press(Struct, dict=True):
    """`now` is handed in: the same content, settings and moment give the same bytes."""

    root: Path
    house: House
    search: tuple[Path, ...]
    now: datetime
    kept: Path
    """The folder for caches; deleting it costs only time."""
    drafts: bool = False
    _pictures: dict[str, Prepared | PictureError] = field(default_factory=dict)

    @cached_property
    def cache(self) -> Cache:
        return Cache(self.kept / "builder.db")

    def close(self) -> None:
        """What was worked out is kept. A cache that nobody asked for is not even opened."""
        if "cache" in self.__dict__:
            self.cache.close()

    @cached_property
    def bodies(self) -> Cache:
        """Where rendered texts are kept."""
        return self.cache

    @cached_property
    def content(self) -> Content:
        return read_content(self.root, self.house)

    @cached_property
    def words(self) -> dict[str, dict[str, str]]:
        return read_words(self.search)

    @cached_property
    def pages(self) -> Environment:
        """The templates of web pages. They need nothing of what makes letters, which takes a moment to load."""
        made = environment(self.search, self.kept / "templates")
        made.globals.update(words=self.words, publisher=self.house.publisher, site=self.house.publisher.url)
        made.auto_reload = False
        return made

    @cached_property
    def renderer(self) -> Renderer:
        from builder.letter.render import Renderer

        return Renderer(self.house, self.search, self.cache, self.kept / "templates")

    @cached_property
    def viewer(self) -> Viewer:
        return Viewer(
            house=self.house,
            words=self.renderer.words,
            styles=self.renderer.styles,
            cache=self.bodies,
            now=self.now,
            picture=self.picture,
            index=item_index(self.content),
            documents=document_links(self.content.documents, self.house),
            releases={d.slug: d.release for d in self.content.documents if d.release},
        )

    def having(self, content: Content, *, drafts: bool, trying: bool = False) -> Press:
        """The same press over other content: what was compiled, cached and prepared is shared.

        `trying`: the content is what somebody has not saved; nothing that is rendered of it is kept.
        """
        other = Press(self.root, self.house, self.search, self.now, self.kept, drafts, self._pictures)
        other.__dict__.update(content=content, cache=self.cache, words=self.words, renderer=self.renderer)
        if trying:
            other.__dict__["bodies"] = Passing(self.cache)
        return other

    def picture(self, file: str) -> Prepared | None:
        """A picture by its file, relative to the house. None when it cannot be had: `picture_findings` says why."""
        if file not in self._pictures:
            self._pictures[file] = self._prepare(file)
        made = self._pictures[file]
        return made if isinstance(made, Prepared) else None

    def lend(self, file: str, picture: Path) -> None:
        """Shows a picture under a name that content/ does not have yet: for a preview. Raises PictureError and OSError."""
        self._pictures[file] = prepare(picture, self.kept / "pictures", self.cache)

    def _prepare(self, file: str) -> Prepared | PictureError:
        source = (self.root / file).resolve()
        try:
            if not source.is_relative_to((self.root / "content").resolve()):
                raise PictureError("The picture is outside content/. Copy it into the edition's images/ folder.")
            return prepare(source, self.kept / "pictures", self.cache)
        except PictureError as error:
            return error
        except OSError:
            return PictureError(f"There is no picture {file}.")

    def picture_findings(self, items: Iterable[Item]) -> tuple[Finding, ...]:
        """Each picture of these items that cannot be had, where it is named."""
        named = ((item, file, line) for item in items for file, line in pictures_named(item))
        return tuple(
            Finding(item.source.file, line, "bad-image", "block", str(self._pictures[file]))
            for item, file, line in named
            if self.picture(file) is None
        )

    def letter_pictures(self, edition: Edition, viewer: Viewer | None = None) -> Iterator[Prepared]:
        """The pictures that its letters show: mail programmes fetch them from the site."""
        viewer = viewer or self.viewer
        for item in self.items(edition):
            shown = item.original or item
            if allows(item, "email"):
                found = (viewer.picture(file) for file, _ in pictures_named(shown))
                yield from (prepared for prepared in found if prepared)

    def sends(self, edition: Edition) -> datetime:
        return self.house.sends(edition.bulletin, edition.day)

    def items(self, edition: Edition) -> tuple[Item, ...]:
        """The items that its letters may carry, in order."""
        if self.drafts:
            return in_order_of(self.house.bulletins[edition.bulletin], edition.items)
        chosen = in_letters(edition, now=self.now, sends=self.sends(edition))
        return in_order_of(self.house.bulletins[edition.bulletin], chosen)

    def variants(self, edition: Edition, choices: Iterable[Tags] | None = None) -> tuple[Variant, ...]:
        """`choices` as readers made them; without them, the house's personas and every single tag."""
        return variants(self.items(edition), self.choices() if choices is None else choices, self.house.audiences)

    def choices(self, asked: Iterable[Tags] = ()) -> Iterator[Tags]:
        yield from asked
        yield from self.house.personas.values()
        yield from (frozenset({tag.id}) for tag in self.house.audiences.tags)

    def receives(self, edition: Edition, tags: Tags) -> tuple[str, ...]:
        """The slugs of the items that reach a reader with these tags, in order."""
        return receives(self.items(edition), tags, self.house.audiences)

    def per_audience(self, edition: Edition) -> dict[str, int]:
        """How many of its items each single audience gets."""
        return per_audience(self.items(edition), self.house.audiences)

    def in_order(self, tags: Iterable[str]) -> tuple[str, ...]:
        return in_order(tags, self.house.audiences)

    def view(self, edition: Edition, variant: Variant) -> EditionView:
        wanted = set(variant.items)
        return self.viewer.edition(edition, tuple(i for i in self.items(edition) if i.slug in wanted))

    def letter(self, edition: Edition, variant: Variant) -> Letter:
        return self.renderer.letter(self.view(edition, variant), variant)


def pictures_named(item: Item) -> Iterator[tuple[str, int]]:
    """Each picture that an item names, in its header or its body: (file, line)."""
    if item.picture:
        yield item.picture.file, item.source.line("image")
    for match in _IN_BODY.finditer(item.body):
        yield beside(item.source.file, match[1]), item.source.line("body") + item.body.count("\n", 0, match.start())
