"""Markdown → HTML that is safe to show anywhere, and the same words as plain text.

Raw HTML in Markdown is shown as the text it is; nh3 is the second wall. Bodies never pass through Jinja or MJML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING

from msgspec import Struct

from builder.limits import excesses
from builder.paragraphs import apart
from builder.plain import as_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from markdown import Markdown
    from nh3 import Cleaner

VERSION = "6"  # part of every cache key: raise it when the same Markdown should come out otherwise

ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in "p br hr h2 h3 h4 h5 h6 ul li blockquote strong em code pre table thead tbody tr caption".split()},
    "ol": {"start"},
    "a": {"href"},
    "img": {"src", "alt"},
    "th": {"scope", "style"},
    "td": {"style"},
}  # fmt: skip
SCHEMES = {"https", "http", "mailto", "tel"}
CAPTION = "Table:"
_HEADING = re.compile(r"h[1-6]")
# From the start of a word only: trying every letter of a long word takes a minute.
_MAIL = r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_ADDRESS = re.compile(
    r"(?P<web>https?://[^\s<>\"']*[^\s<>\"'.,;:!?()])"
    rf"|(?P<mail>{_MAIL})"
    r"|(?<![\w.+/-])(?:\+44[ ]?|0)\d(?:[ -]?\d){8,9}(?![\w-])"
)


class Body(Struct, frozen=True):
    """A body in its three forms. `html` has headings from h2 on; `email` from h4 on, with its styles inline."""

    html: str
    email: str
    text: str


def render(source: str, styles: Mapping[str, str]) -> Body:
    """`styles`: tag → CSS declarations, put inline for mail clients that read no style sheet."""
    html = to_html(source)
    return Body(html, for_email(html, styles), as_text(html))


def to_html(source: str) -> str:
    """Never raises and never takes long: what is too much for Markdown is shown as the text it is."""
    return _cleaner().clean(_convert(source))


@lru_cache(maxsize=1)
def _cleaner() -> Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=set(ALLOWED),
        attributes=ALLOWED,
        url_schemes=SCHEMES,
        link_rel=None,
        filter_style_properties={"text-align"},
    )


def _convert(source: str) -> str:
    source = source.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    if next(excesses(source), None) is None:
        before, marked, after = apart(source)
        try:
            made = _engine().reset().convert(marked) if marked else ""
            return "\n".join(filter(None, (*before, made, *after)))
        except RecursionError:
            _engine.cache_clear()  # it was left half-way
    return as_written(source)


def as_written(source: str) -> str:
    return "\n".join(f"<p>{escape(part)}</p>" for part in source.split("\n\n") if part.strip())


def for_email(html: str, styles: Mapping[str, str]) -> str:
    """Headings go two levels down, under the item's own h3, and every tag gets its style."""

    def styled(match: re.Match[str]) -> str:
        slash, tag, attributes = match.groups()
        if _HEADING.fullmatch(tag):
            tag = f"h{min(int(tag[1]) + 2, 6)}"
        refused = (
            tag == "a" and "href=" not in attributes
        )  # the link was no address: its words should not look like one
        style = "" if slash or refused else styles.get(tag, "")
        if style and 'style="' in attributes:
            attributes = attributes.replace('style="', f'style="{style};', 1)
        elif style:
            attributes = f' style="{style}"{attributes}'
        return f"<{slash}{tag}{attributes}>"

    return re.sub(r"<(/?)([a-z][a-z0-9]*)((?: [^<>]*)?)>", styled, html)


@lru_cache(maxsize=1)
def _engine() -> Markdown:
    """One instance for the life of the process: making one costs as much as converting a page."""
    from markdown import Markdown
    from markdown.extensions.sane_lists import SaneListExtension
    from markdown.extensions.tables import TableExtension

    from builder.inlines import quicken

    # By name, each would be looked for in everything that is installed.
    engine = Markdown(extensions=[TableExtension(), SaneListExtension()], output_format="html")
    engine.preprocessors.deregister("html_block")
    engine.inlinePatterns.deregister("html")
    _add_bare_links(engine)
    _add_shaping(engine)
    quicken(engine)
    return engine


def _add_bare_links(engine: Markdown) -> None:
    """Addresses that an editor just types become links, as in any mail programme."""
    from xml.etree.ElementTree import Element

    from markdown.inlinepatterns import InlineProcessor

    class BareLink(InlineProcessor):
        ANCESTOR_EXCLUDES = ("a",)

        def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element, int, int]:  # type: ignore[override]  # noqa: N802, ARG002
            address = m[0]
            link = Element("a", href=f"mailto:{address}" if "@" in address.split("/")[0] else address)
            link.text = address
            return link, m.start(0), m.end(0)

    engine.inlinePatterns.register(
        BareLink(r"https?://[^\s<>()\x02\x03]*[^\s<>()\x02\x03.,;:!?'\"*_]", engine), "url", 25
    )
    engine.inlinePatterns.register(BareLink(_MAIL, engine), "mail", 24)


def _add_shaping(engine: Markdown) -> None:
    from markdown.treeprocessors import Treeprocessor

    class Shape(Treeprocessor):
        def run(self, root: Element) -> None:
            level_headings(root)
            for table in list(root.iter("table")):
                _shape_table(root, table)

    engine.treeprocessors.register(Shape(engine), "shape", 5)


def level_headings(root: Element) -> None:
    """Whatever levels an author used, the body's headings start at h2 and skip none."""
    headings = [element for element in root.iter() if _HEADING.fullmatch(str(element.tag))]
    levels = sorted({element.tag for element in headings})
    for element in headings:
        element.tag = f"h{min(levels.index(element.tag) + 2, 6)}"


def _shape_table(root: Element, table: Element) -> None:
    for cell in table.iter("th"):
        cell.set("scope", "col")
    siblings = list(root)
    place = siblings.index(table) if table in siblings else 0
    before = siblings[place - 1] if place else None
    if before is not None and before.tag == "p" and (before.text or "").startswith(CAPTION):
        root.remove(before)
        before.tag, before.text = "caption", (before.text or "").removeprefix(CAPTION).lstrip()
        table.insert(0, before)


def inline(text: str) -> str:
    """A header's one line of text, escaped, with its addresses as links: `contact`, `returns-to`, `respond`."""

    def link(match: re.Match[str]) -> str:
        shown = match[0]
        href = shown if match["web"] else f"mailto:{shown}" if match["mail"] else "tel:" + re.sub(r"[ ()-]", "", shown)
        return f'<a href="{href}">{shown}</a>'

    return _ADDRESS.sub(link, escape(text, quote=True))


def read_styles(css: str) -> dict[str, str]:
    """The rules of a style sheet that name single tags → {tag: declarations on one line}."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    styles: dict[str, str] = {}
    for selectors, declarations in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        line = ";".join(re.sub(r"\s*:\s*", ":", part.strip()) for part in declarations.split(";") if part.strip())
        for selector in selectors.split(","):
            styles[selector.strip()] = f"{styles[selector.strip()]};{line}" if selector.strip() in styles else line
    return styles
