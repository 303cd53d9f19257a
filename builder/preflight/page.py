"""A letter's HTML → its elements and visible words, for the checks of `letter`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from msgspec import Struct, field

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
INLINE = frozenset("a abbr b bdi bdo cite code em font i mark q s small span strong sub sup u".split())
UNSEEN = frozenset(["head", "script", "style", "title", "template"])


class Element(Struct, eq=False):
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    """Its children without the words between them."""
    style: str = ""
    is_hidden: bool = False

    def __post_init__(self) -> None:
        """`style` and `is_hidden` follow from the rest. Each check asks every element: said once, an edition is read in half the time."""
        self.style = "".join(self.attributes.get("style", "").split()).lower()
        self.is_hidden = (
            self.tag in UNSEEN or "display:none" in self.style or self.attributes.get("aria-hidden") == "true"
        )

    def add(self, child: Element) -> None:
        self.children.append(child)
        self.elements.append(child)

    def nearest(self, tag: str) -> Element | None:
        """The innermost element of this tag around it."""
        around = self.parent
        while around and around.tag != tag:
            around = around.parent
        return around

    def all(self, *tags: str) -> Iterator[Element]:
        """It and everything in it, in order; only these tags, if any are given."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            if not tags or element.tag in tags:
                yield element
            waiting.extend(reversed(element.elements))

    def text(self, *, hidden: bool = False, skip: Callable[[Element], bool] | None = None) -> str:
        """Its words as a reader sees them, blocks a space apart. `skip`: elements to leave out."""
        parts: list[str] = []
        waiting: list[Element | str] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                parts.append(node)
            elif (hidden or not node.is_hidden) and not (skip and skip(node)):
                gap = "" if node.tag in INLINE else " "
                waiting += [gap, *reversed(node.children), gap]
        return " ".join("".join(parts).split())


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.top = Element("", {})
        self.here = self.top

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.add(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.add(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        element: Element | None = self.here
        while element and element.tag != tag:
            element = element.parent
        if element and element.parent:
            self.here = element.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


def read(html: str) -> Element:
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.top
