"""A story's HTML → simple Markdown: one-line paragraphs, lists, quotations, headings, emphasis, links. No pictures.

nh3 reads the HTML as a browser would and leaves a few bare tags; the text between them is escaped for Markdown. Every
block is a single line, so that nothing in it can begin a table, an underlined heading or a reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby

from goodnews.clean import HIDDEN, MARKUP, cut, literal, literal_start, seen
from goodnews.links import safe_link

TEXT = 12_000  # characters, about 2,000 words: an item, not a brochure; the rest is on the school's page
_BLOCKS = frozenset(
    "p div br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote table tr pre dl dt dd section article figure".split()
)
_CELLS = frozenset({"td", "th"})
DEEPEST = 100  # tags inside each other; page builders reach 30
HEADING = "## "
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*"}
# A bare address in the text. Bounded everywhere, so that no text takes long to look through.
_BARE = re.compile(
    r"https?://[^\s<>]{0,2000}[^\s<>.,;:!?'\"*_)\]]"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    re.IGNORECASE,
)
_TAG, _EMPTY_LINE = re.compile(r"<[A-Za-z]"), re.compile(r"\n\s*\n")
# What WordPress puts under every story.
_FOOTER = re.compile(r"The post .{1,300} appeared first on .{1,200}", re.IGNORECASE)


def to_markdown(html: str, page: str = "", most: int = TEXT) -> str:
    """`page`: the story's own address. Relative links start there, and "read more" links to it are left out."""
    import nh3

    tags = {*_BLOCKS, *_CELLS, *_MARKS, "a"}
    html = seen(html[:MARKUP])
    if not _TAG.search(html):
        html = _EMPTY_LINE.sub("<p>", html)
    safe = nh3.clean(
        html,
        tags=tags,
        clean_content_tags=set(HIDDEN),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    reader = _Reader(page)
    reader.feed(safe)
    reader.close()
    reader.end_block()
    return _joined(reader.blocks, most)


@dataclass(frozen=True, slots=True)
class _Span:
    text: str
    mark: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    words: str
    """The same without Markdown."""
    kind: str = ""
    """What its line begins with: "", "- ", "1. ", "## "."""
    quoted: bool = False


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.blocks: list[_Block] = []
        self._spans: list[_Span] = []
        self._open: list[str] = []
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.end_block()
        elif tag in _CELLS:
            self._spans.append(_Span(" "))
        elif tag == "a":
            self._link = safe_link(dict(attrs).get("href") or "", self.page)
        if tag not in {"br", "hr"} and len(self._open) < DEEPEST:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
        elif tag == "a":
            self._link = ""
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        mark = next((_MARKS[tag] for tag in self._open if tag in _MARKS), "")
        self._spans.append(_Span(data, mark, self._link))

    def end_block(self) -> None:
        spans = _merged(self._spans)
        self._spans = []
        text = "".join(map(_written, spans)).strip()
        if text and not self._is_noise(spans):
            kind = self._kind()
            line = text.replace("#", r"\#") if kind == HEADING else literal_start(text)
            plain = "".join(span.text for span in spans).strip()
            self.blocks.append(_Block(line, plain, kind, "blockquote" in self._open))

    def _is_noise(self, spans: list[_Span]) -> bool:
        said = [span for span in spans if span.text.strip()]
        whole = " ".join("".join(span.text for span in said).split())
        leads_on = bool(self.page) and all(span.link.partition("#")[0] == self.page.partition("#")[0] for span in said)
        return leads_on or bool(_FOOTER.fullmatch(whole))

    def _kind(self) -> str:
        if any(re.fullmatch("h[1-6]", tag) for tag in self._open):
            return HEADING
        lists = [tag for tag in self._open if tag in {"ul", "ol"}]
        if "li" not in self._open:
            return ""
        return "1. " if lists[-1:] == ["ol"] else "- "


def _merged(spans: list[_Span]) -> list[_Span]:
    """Neighbours alike become one: an address cut in two by an empty tag is whole again, and is then found."""
    groups = groupby((s for s in spans if s.text), key=lambda span: (span.mark, span.link))
    merged = [_Span(re.sub(r"\s+", " ", "".join(s.text for s in group)), *key) for key, group in groups]
    return [_Span(span.text) if not span.text.strip() else span for span in merged]


def _written(span: _Span) -> str:
    """Spaces stand outside of the marks: `** so **` would show its stars."""
    inner = span.text.strip()
    if not inner:
        return span.text
    before, after = span.text[: span.text.index(inner[0])], span.text[len(span.text.rstrip()) :]
    if span.link:
        text = f"[{literal(inner)}]({span.link})"
    else:
        text = with_addresses(inner)
    return f"{before}{span.mark}{text}{span.mark}{after}"


def with_addresses(text: str) -> str:
    """Addresses in the running text become links here, cleaned, and not later, when the builder finds them as they are."""
    done, at = [], 0
    for match in _BARE.finditer(text):
        done.append(literal(text[at : match.start()]))
        done.append(_bare(match[0]))
        at = match.end()
    return "".join((*done, literal(text[at:])))


def _bare(address: str) -> str:
    is_mail = not re.match("https?://", address, re.IGNORECASE)
    link = safe_link(f"mailto:{address}" if is_mail else address)
    if not link:
        return literal(address).replace("://", "&#58;//").replace("@", "&#64;")
    return f"<{link.removeprefix('mailto:')}>"


def _joined(blocks: list[_Block], most: int) -> str:
    lines: list[str] = []
    size, before = 0, None
    for block in blocks:
        between: list[str] = _between(before, block) if before else []
        new = ("> " if block.quoted else "") + block.kind + block.text
        size += len(new) + 2
        if size > most:
            lines += ["", "…"] if lines else _first_words(block, most)
            break
        lines += [*between, new]
        before = block
    return "\n".join(lines)


def _between(before: _Block, block: _Block) -> list[str]:
    if block.quoted != before.quoted:
        return [""]
    if block.kind == before.kind and block.kind in {"- ", "1. "}:
        return []
    return [">"] if block.quoted else [""]


def _first_words(block: _Block, most: int) -> list[str]:
    """Of a story that is one endless paragraph: its bare words, so that no mark stays open."""
    return [literal_start(literal(cut(block.words, most // 2)))]
