"""HTML of any age and quality → a plain row of blocks: headings, paragraphs, list items, quotations, tables, pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import unescape
from itertools import groupby
from typing import Any, Literal

from goodnews.clean import literal, literal_start, seen
from goodnews.links import safe_link

Kind = Literal["heading", "text", "item", "quote", "table", "picture", "rule"]
MOST_MARKUP = 5_000_000  # characters; the longest newsletter seen has 400,000, most of it Outlook's styles
SKIPPED = frozenset(
    "head script style noscript template svg object iframe form select textarea button map title".split()
)
BLOCKS = frozenset(
    "p div br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote table tbody thead tr td th pre dl dt dd section article main header "
    "footer aside figure figcaption center address body".split()
)
BOLD, ITALIC = {"b", "strong"}, {"i", "em"}
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|max-height\s*:\s*0|font-size\s*:\s*0", re.IGNORECASE)
_SIZE = re.compile(r"font-size\s*:\s*(\d{1,3})(?:\.\d+)?\s*(px|pt)", re.IGNORECASE)
_WEIGHT = re.compile(r"font-weight\s*:\s*(bold|[6-9]00)", re.IGNORECASE)
_BULLET = re.compile(r"^\s*[•·▪●◦‣o–-]\s+(?=\S)")
_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s+(?=\S)")
_TAG = re.compile(r"<[^<>]*>")
_UNSAID = re.compile(r"<(script|style|head|!--)\b.*?(?:</\1>|-->)", re.IGNORECASE | re.DOTALL)
# What a page can do without when it is nested too deep: its layout, not its words.
_NESTING = re.compile(
    r"</?(?:div|span|font|b|i|u|em|strong|table|tbody|tr|td|center|blockquote|section|article)\b[^<>]*>", re.IGNORECASE
)
BIG, BIGGER = 17, 21  # px: text of this size that stands alone is a heading, whatever its tag
LONGEST_HEADING = 110
DEEPEST = 200  # tags: with fewer, nothing can be nested deeper than the parser goes


@dataclass(frozen=True, slots=True)
class Block:
    kind: Kind
    markdown: str = ""
    words: str = ""
    level: int = 0
    """Of a heading 1 to 6; of a list item how deep it stands."""
    ordered: bool = False
    source: str = ""
    """A picture's address, as it stands."""
    link: str = ""
    """Where a heading or picture leads."""
    width: int = 0


@dataclass(frozen=True, slots=True)
class _Span:
    text: str
    bold: bool = False
    italic: bool = False
    link: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    blocks: tuple[Block, ...]
    title: str = ""
    hidden: str = ""
    """Words that nobody sees on the page: mail programmes show them as the preheader."""
    canonical: str = ""
    base: str = ""


def read_html(markup: str, base: str = "") -> Page:
    """Never raises for what somebody wrote: markup that is cut off, nested a thousand deep or not HTML at all gives blocks."""
    from lxml import etree

    markup = seen(markup[:MOST_MARKUP])
    if not markup.strip():
        return Page(())
    try:
        tree = _parsed(markup)
        if _lost(tree, markup):  # the parser stops at some depth, and says nothing
            tree = _parsed(_NESTING.sub(" ", markup))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return read_text(_TAG.sub(" ", markup))
    canonical = _attribute(tree, "link", "href", rel="canonical")
    title = " ".join(seen(tree.findtext(".//title") or "").split())
    base = _attribute(tree, "base", "href") or base or canonical
    reader = _Reader(base)
    body = tree.find("body")
    for event, element in etree.iterwalk(body if body is not None else tree, events=("start", "end")):
        if isinstance(element.tag, str):
            reader.start(element) if event == "start" else reader.end(element)
        elif event == "end":
            reader.data(element.tail or "")
    reader.end_block()
    return Page(tuple(reader.blocks), title, " ".join(seen(reader.hidden).split())[:300], canonical, base)


def _parsed(markup: str) -> Any:
    from lxml import html

    parser = html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    return html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)


def _lost(tree: Any, markup: str) -> bool:
    """Whether something was said in the markup that is not in its tree, which is as deep as trees can be."""
    said = unescape(_TAG.sub(" ", _UNSAID.sub(" ", markup)))
    kept = "".join(tree.itertext())
    return markup.count("<") > DEEPEST and len(re.sub(r"\W+", "", said)) > len(re.sub(r"\W+", "", kept)) + 3


def _attribute(tree: Any, tag: str, name: str, **having: str) -> str:
    found = (e.get(name) or "" for e in tree.iter(tag) if all(e.get(key) == value for key, value in having.items()))
    return next((value for value in found if value), "")


def read_text(text: str) -> Page:
    """Plain text: a short line without an end stands for a heading when a longer one follows."""
    lines = [" ".join(seen(line).split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    blocks = []
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if _BULLET.match(line) and len(line) > 2:
            blocks.append(_item(_BULLET.sub("", line), 0, ordered=False))
        elif _looks_like_heading(line) and len(after) > len(line) and len(after) > 60:
            blocks.append(Block("heading", _escaped(line), line, 2))
        else:
            blocks.append(Block("text", literal_start(_escaped(line)), line))
    return Page(tuple(blocks))


def _looks_like_heading(line: str) -> bool:
    return len(line) <= LONGEST_HEADING and not line.endswith((".", ":", ",", ";", "!")) and line[:1].isupper()


class _Reader:
    def __init__(self, base: str) -> None:
        self.base = base
        self.blocks: list[Block] = []
        self.hidden = ""
        self._spans: list[_Span] = []
        self._open: list[tuple[Any, str, bool, int]] = []
        """(element, tag, bold, size) of what is open around here."""
        self._skip: Any = None
        self._skips_hidden = False
        self._link = ""
        self._listed: tuple[bool, bool] | None = None
        """A paragraph that Word shows as a list item: (is one, ordered)."""

    def start(self, element: Any) -> None:
        if self._skip is not None:
            if self._skips_hidden:
                self.hidden += f"{element.text or ''} "
            return
        tag, style = _tag(element), element.get("style") or ""
        if self._skipped(element, tag, style):
            return
        if tag in BLOCKS:
            self.end_block()
        bold, size = self._inherited()
        self._open.append((element, tag, bold or tag in BOLD or bool(_WEIGHT.search(style)), _size(style) or size))
        if tag == "a":
            self._link = safe_link(element.get("href") or "", self.base)
        if tag == "img":
            self._picture(element)
        if tag == "hr":
            self.blocks.append(Block("rule"))
        if "mso-list" in style.lower() and tag == "p":
            self._listed = (True, False)
        self.data(element.text or "")

    def end(self, element: Any) -> None:
        if self._skip is not None:
            if self._skip is element:
                self._skip = None
                self.data(element.tail or "")
            elif self._skips_hidden:
                self.hidden += f"{element.tail or ''} "
            return
        tag = _tag(element)
        if tag in BLOCKS:
            self.end_block()
        if self._open and self._open[-1][0] is element:
            self._open.pop()
        if tag == "a":
            self._link = ""
        self.data(element.tail or "")

    def data(self, text: str) -> None:
        text = seen(text)  # an entity may have been one of those that nobody sees
        if text and self._skip is None:
            bold, size = self._inherited()
            italic = any(tag in ITALIC for _, tag, _, _ in self._open)
            self._spans.append(_Span(text, bold, italic, self._link, size))

    def end_block(self) -> None:
        spans, self._spans = _merged(self._spans), []
        listed, self._listed = self._listed, None
        words = " ".join("".join(span.text for span in spans).split())
        if not words:
            return
        tags = [tag for _, tag, _, _ in self._open]
        heading = next((int(tag[1]) for tag in reversed(tags) if re.fullmatch("h[1-6]", tag)), 0)
        heading = heading or _shown_as_heading(spans, words, tags)
        markdown = "".join(map(_written, spans)).strip()
        if heading and len(words) <= 3 * LONGEST_HEADING:
            link = next((span.link for span in spans if span.link), "")
            self.blocks.append(Block("heading", _escaped(words), words, heading, link=link))
        elif "li" in tags or listed or _BULLET.match(words):
            depth = max(sum(tag in {"ul", "ol"} for tag in tags) - 1, 0)
            ordered = (listed or (False, False))[1] or next(
                (tag for tag in reversed(tags) if tag in {"ul", "ol"}), ""
            ) == "ol"
            bare = _BULLET.sub("", markdown) if "li" not in tags else markdown
            self.blocks.append(replace(_item(words, depth, ordered=ordered), markdown=bare))
        else:
            self.blocks.append(Block("quote" if "blockquote" in tags else "text", literal_start(markdown), words))

    def _skipped(self, element: Any, tag: str, style: str) -> bool:
        if tag == "table" and _is_data(element):
            self.end_block()
            self.blocks.append(_table(element))
            self._skip, self._skips_hidden = element, False
            return True
        ignored = "mso-list" in style.lower() and "ignore" in style.lower()
        if ignored:
            self._listed = (True, bool(_NUMBER.match(f"{''.join(element.itertext()).strip()} x")))
        hidden = bool(_HIDDEN.search(style)) or element.get("hidden") is not None
        if tag in SKIPPED or hidden or ignored:
            self._skip, self._skips_hidden = element, hidden and not self.blocks
            if self._skips_hidden:
                self.hidden += f"{element.text or ''} "
            return True
        return False

    def _inherited(self) -> tuple[bool, int]:
        return (self._open[-1][2], self._open[-1][3]) if self._open else (False, 0)

    def _picture(self, element: Any) -> None:
        width, height = _pixels(element.get("width")), _pixels(element.get("height"))
        source = (element.get("src") or "").strip()
        if not source or 0 < width <= 3 or 0 < height <= 3:
            return  # a counter of who opened it, or a spacer
        alt = " ".join(seen(element.get("alt") or "").split())
        spans, self._spans = self._spans, []
        self.blocks.append(Block("picture", words=alt, source=source, link=self._link, width=width))
        self._spans = spans


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _pixels(text: str | None) -> int:
    match = re.match(r"\s*(\d{1,5})\s*(?:px)?\s*$", text or "")
    return int(match[1]) if match else 0


def _size(style: str) -> int:
    match = _SIZE.search(style)
    return int(int(match[1]) * (4 / 3 if match[2].lower() == "pt" else 1)) if match else 0


def _shown_as_heading(spans: list[_Span], words: str, tags: list[str]) -> int:
    """A line that stands alone, bold or large: editors without headings make them so."""
    if not _looks_like_heading(words) or "li" in tags or len(words) < 3:
        return 0
    told = [span for span in spans if span.text.strip()]
    size = min(span.size for span in told)
    if size >= BIGGER:
        return 2
    return 3 if size >= BIG or all(span.bold for span in told) else 0


def _item(words: str, depth: int, *, ordered: bool) -> Block:
    return Block("item", _escaped(words), words, depth, ordered)


# --- tables of facts -------------------------------------------------------------------------------------------------


def _is_data(table: Any) -> bool:
    """Newsletters are laid out in tables; one with headings and nothing but words is a table."""
    return table.find(".//th") is not None and table.find(".//table") is None and table.find(".//img") is None


def _table(table: Any) -> Block:
    rows = [
        [" ".join(seen("".join(cell.itertext())).split()) for cell in row.iter("td", "th")] for row in table.iter("tr")
    ]
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    lines = [
        f"| {' | '.join(_escaped(c).replace('|', '&#124;') for c in [*r, *[''] * (width - len(r))])} |" for r in rows
    ]
    words = " ".join(" ".join(row) for row in rows)
    return Block("table", "\n".join([*lines[:1], f"|{' --- |' * width}", *lines[1:]]), words)


# --- words -----------------------------------------------------------------------------------------------------------


def _merged(spans: list[_Span]) -> list[_Span]:
    groups = groupby((s for s in spans if s.text), key=lambda s: (s.bold, s.italic, s.link, s.size))
    return [_Span(re.sub(r"\s+", " ", "".join(s.text for s in group)), *key) for key, group in groups]


def _written(span: _Span) -> str:
    """Spaces stand outside of the marks: `** so **` would show its stars."""
    inner = span.text.strip()
    if not inner:
        return " "
    before, after = " " * (span.text[0] == " "), " " * (span.text[-1] == " ")
    text = f"[{_escaped(inner)}]({span.link})" if span.link else _escaped(inner)
    mark = "**" if span.bold else "*" if span.italic else ""
    return f"{before}{mark}{text}{mark}{after}"


def _escaped(text: str) -> str:
    return literal(text)
