"""Plain text that somebody typed ↔ Markdown that shows exactly this text, with paragraphs, lists and links."""

from __future__ import annotations

import re
from html import unescape

from goodnews.clean import literal_start, seen
from goodnews.markdown import with_addresses

LINE = 4_000  # characters of one paragraph
_BULLET = re.compile(r"[-*•·–]\s+(?=\S)")
_NUMBER = re.compile(r"\d{1,2}[.)]\s+(?=\S)")
_ESCAPED = re.compile(r"\\([\\`*_\[\]+#>.)-])")
_LINK = re.compile(r"\[([^\[\]]*)\]\((\S+?)\)")
_BARE = re.compile(r"<((?:https?://|[\w.+-]+@)[^<>\s]+)>")


def to_markdown(text: str, most: int) -> str:
    """Each line is a paragraph; lines that begin with a dash, a star or a bullet are a list, and so are numbered ones."""
    blocks: list[tuple[str, str]] = []
    size = 0
    for line in re.split(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", text):
        block = _block(" ".join(seen(line).split())[:LINE])
        size += len(block[1])
        if size > most:
            break
        if block[1]:
            blocks.append(block)
    return _joined(blocks)


def _block(line: str) -> tuple[str, str]:
    for kind, pattern in (("- ", _BULLET), ("1. ", _NUMBER)):
        if found := pattern.match(line):
            return kind, with_addresses(line[found.end() :])
    return "", literal_start(with_addresses(line))


def _joined(blocks: list[tuple[str, str]]) -> str:
    lines: list[str] = []
    before = None
    for kind, text in blocks:
        if before is not None and (kind != before or not kind):
            lines.append("")
        lines.append(f"{kind}{literal_start(text) if kind else text}")
        before = kind
    return "\n".join(lines)


def from_markdown(markdown: str) -> str:
    """As somebody would have typed it: what stands in the form when a story is changed."""
    lines = (_typed(line) for line in markdown.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _typed(line: str) -> str:
    line = _LINK.sub(lambda m: m[1] if m[1] == m[2] else f"{m[1]} ({m[2]})", line)
    return unescape(_ESCAPED.sub(r"\1", _BARE.sub(r"\1", line)))
