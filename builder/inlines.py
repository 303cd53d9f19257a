"""Python-Markdown without its idle work: a pattern is tried only where what it begins with occurs.

The output is the same, because a pattern that begins with `[` cannot match where there is none; a test compares both
on everything that hypothesis and the shipped content come up with. It makes the conversion twice as fast.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import HTML_EMPTY, Element

from markdown import Markdown
from markdown.blockprocessors import ParagraphProcessor
from markdown.inlinepatterns import LinkInlineProcessor
from markdown.serializers import RE_AMP
from markdown.treeprocessors import InlineProcessor
from markdown.util import AtomicString

# What a pattern cannot do without. A pattern that is not listed is always tried.
TRIGGERS = {
    "backtick": "`",
    "escape": "\\",
    "reference": "[",
    "link": "[",
    "image_link": "![",
    "image_reference": "![",
    "short_reference": "[",
    "short_image_ref": "![",
    "autolink": "<",
    "automail": "<",
    "linebreak": "  \n",
    "entity": "&",
    "url": "://",
    "mail": "@",
}
EITHER = re.compile(r"[*_]")  # em_strong has two
ANY = re.compile(r"[`\\\[<&*_@]|://|  \n")
# These find nothing in a text that defines no references.
REFERENCES = {"reference", "short_reference", "image_reference", "short_image_ref"}


class QuickInlines(InlineProcessor):
    """The name of the method is how Python spells a private one of the class above: there is no other door."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        names = {md.inlinePatterns.get_index_for_name(name): name for name in TRIGGERS}
        self._plan = [
            (pattern, TRIGGERS.get(names.get(place, ""), ""), names.get(place) in REFERENCES)
            for place, pattern in enumerate(md.inlinePatterns)
        ]
        self._emphasis = md.inlinePatterns.get_index_for_name("em_strong")

    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        return super().run(tree, ancestors) if ANY.search("\n".join(self.md.lines)) else tree  # type: ignore[attr-defined]

    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803
        if isinstance(data, AtomicString) or not ANY.search(data):
            return data
        start, no_references = 0, not self.md.references
        while patternIndex < len(self._plan):
            pattern, trigger, needs_references = self._plan[patternIndex]
            idle = (no_references and needs_references) or trigger not in data
            if idle or (patternIndex == self._emphasis and not EITHER.search(data)):
                patternIndex, start = patternIndex + 1, 0  # noqa: N806
                continue
            data, matched, start = self._InlineProcessor__applyPattern(pattern, data, patternIndex, start)  # type: ignore[attr-defined]
            if not matched:
                patternIndex += 1  # noqa: N806
        return data


BRACKET = re.compile(r"[\[\]]")
NEAR = 40  # brackets; a link of a person closes after two or four


class Brackets:
    """Where a `[` is closed. The library walks to the end of the paragraph, letter by letter, for each one that never is."""

    def __init__(self) -> None:
        self._data = ""
        self._closes: dict[int, int] = {}

    def text(self, data: str, index: int) -> tuple[str, int, bool]:
        """In the place of LinkInlineProcessor.getText: (what stands up to the `]`, where it goes on, whether there is one)."""
        end = self._near(data, index)
        if end is None:
            end = self._far(data, index)
        return (data[index:], len(data), False) if end < 0 else (data[index:end], end + 1, True)

    def _near(self, data: str, index: int) -> int | None:
        depth = 1
        for found, _ in zip(BRACKET.finditer(data, index), range(NEAR), strict=False):
            depth += 1 if found[0] == "[" else -1
            if not depth:
                return found.start()
        return None

    def _far(self, data: str, index: int) -> int:
        """Worked out for all of them at once, and kept as long as the text is the same."""
        if data is not self._data:
            self._data, self._closes, opened = data, {}, []
            for found in BRACKET.finditer(data):
                if found[0] == "[":
                    opened.append(found.end())
                elif opened:
                    self._closes[opened.pop()] = found.start()
        return self._closes.get(index, -1)


class PlainLine(ParagraphProcessor):
    """One line that begins with a letter is a paragraph: no other block does."""

    def test(self, parent: Element, block: str) -> bool:  # noqa: ARG002
        return block[:1].isalpha() and "\n" not in block


def to_html(root: Element) -> str:
    """As Python-Markdown writes a tree, without what only other trees hold: comments, name spaces, scripts."""
    parts: list[str] = []
    _write(root, parts)
    return "".join(parts)


def _write(element: Element, parts: list[str]) -> None:
    attributes = "".join(f' {name}="{_escaped(value, quotes=True)}"' for name, value in sorted(element.items()))
    parts.append(f"<{element.tag}{attributes}>")
    if element.text:
        parts.append(_escaped(element.text))
    for child in element:
        _write(child, parts)
    if element.tag not in HTML_EMPTY:
        parts.append(f"</{element.tag}>")
    if element.tail:
        parts.append(_escaped(element.tail))


def _escaped(text: str, *, quotes: bool = False) -> str:
    """An ampersand that begins an entity stays."""
    if "&" in text:
        text = RE_AMP.sub("&amp;", text)
    text = text.replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if quotes else text


def quicken(engine: Markdown) -> None:
    """After every pattern is registered."""
    brackets = Brackets()
    for pattern in engine.inlinePatterns:
        if isinstance(pattern, LinkInlineProcessor):
            pattern.getText = brackets.text  # type: ignore[method-assign]
    engine.treeprocessors.register(QuickInlines(engine), "inline", 20)
    engine.parser.blockprocessors.register(PlainLine(engine.parser), "plain", 200)
    engine.serializer = to_html
