"""The viewer of the web pages: it knows public items only, so whatever is hidden cannot be linked to."""

from __future__ import annotations

import re
from datetime import date
from hashlib import blake2b
from typing import Any

from msgspec import field

from builder import markdown
from builder.archive.public import Public
from builder.items import read_key
from builder.markdown import Body
from builder.model import Item, ItemKey
from builder.view import ItemView, Viewer, beside

Bodies = dict[bytes, str]
"""A hash of a body's Markdown → its HTML."""
DOCUMENTS = "documents"
"""Stands among what was asked for when an answer depends on which documents there are."""
_ITEM_FILE = re.compile(r"content/([a-z0-9-]+)/(\d{4}-\d\d-\d\d)/(?:good-news/)?([^/]+)\.md")
_DOCUMENT_FILE = re.compile(r"content/documents/([^/]+)\.md")


class WebViewer(Viewer, kw_only=True):
    """Bodies have their HTML only."""

    public: Public
    known: Bodies = field(default_factory=dict)
    """What came of bodies in the last build."""
    used: Bodies = field(default_factory=dict)
    """Those that were asked for since it was last emptied."""
    _made: dict[str, str] = field(default_factory=dict)
    _shown: dict[int, tuple[Any, frozenset[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is worked out before it is asked for."""

    def item(self, item: Item) -> ItemView:
        """Made once. It is kept with its item, so that no other item can have the same id."""
        kept: tuple[Item, ItemView] = self.public.noted(self._shown, id(item), lambda: (item, self._item(item)))
        return kept[1]

    def forget(self) -> None:
        self._made.clear()
        self._shown.clear()

    def body(self, source: str, file: str) -> Body:
        html = self._made.get(source)
        if html is None:
            key = blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            html = self._made[source] = self.used[key] = self.known.get(key) or markdown.to_html(source)
        return Body(self._place(html, file) if "<img" in html or '="' in html else html, "", html)

    def resolve(self, target: str, file: str) -> str:
        path, _, fragment = target.partition("#")
        if path.startswith("/"):
            return self.house.publisher.url + target
        page = self._page(beside(file, path))
        return (page or target) if not (page and fragment) else f"{page}#{fragment}"

    def _page(self, file: str) -> str:
        document = _DOCUMENT_FILE.fullmatch(file)
        if document:
            self.public.asked.add(DOCUMENTS)
            link = self.documents.get(document[1])
            return link.url if link else ""
        match = _ITEM_FILE.fullmatch(file)
        if not match or match[1] not in self.house.bulletins:
            return ""
        try:
            item = self.public.get(ItemKey(match[1], date.fromisoformat(match[2]), match[3]))
        except ValueError:
            return ""
        return self.item_url(item) if item and item.source.file == file else ""

    def _find(self, name: str, near: Item) -> Item | None:
        self.public.asked.add(DOCUMENTS)
        if "/" not in name:
            return self.public.find(near.key.bulletin, name)
        try:
            key = read_key(name)
        except ValueError:
            return None
        return self.public.get(key) if key.bulletin in self.house.bulletins else None

    def _facts(self, item: Item) -> list[Any]:
        if getattr((item.original or item).details, "document", ""):
            self.public.asked.add(DOCUMENTS)
        return Viewer._facts(self, item)
