"""What to look for afterwards, and the search: words however they are written, pictures by their bytes, addresses."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path
from typing import Any

from builder.model import Item

TITLE, SENTENCE, QUOTATION = 12, 24, 60  # letters and digits: fewer could be anybody's words
_TAG, _LINK = re.compile(r"<[^<>]*>"), re.compile(r"\]\([^()]*\)")
_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n\s*(?:[-*>#]|\d+[.)])\s*")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\[nrt]")
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
_NAMES_IT = re.compile(r"(?:^|/)(?:_redirects[^/]*|permalinks\.txt|archive/state)$")


@dataclass(frozen=True, slots=True)
class Traces:
    words: frozenset[str]
    """Letters and digits only, so that neither tags nor folding nor quoting hide them."""
    hashes: frozenset[str]
    names: frozenset[str]
    """Of published pictures."""
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True, order=True)
class Trace:
    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def traces_of(
    items: Iterable[Item], pictures: Iterable[bytes], names: Iterable[str], addresses: Iterable[str]
) -> Traces:
    return Traces(
        words=frozenset(words for item in items for words in _words_of(item)),
        hashes=frozenset(hashlib.sha256(raw).hexdigest() for raw in pictures),
        names=frozenset(names),
        addresses=frozenset(addresses),
    )


def _words_of(item: Item) -> Iterator[str]:
    shown = _bare(item.title)
    if len(shown) >= TITLE:
        yield shown
    more = [item.summary, item.picture.alt if item.picture else ""]
    for part in (*more, *_END.split(_LINK.sub("]", item.body))):
        found = _bare(part or "")
        if len(found) >= SENTENCE:
            yield found


def without_common(traces: Traces, items: Iterable[Item], others: Iterable[str]) -> Traces:
    """What other items say too ("To book a place, write to …") is nobody's own, unless it is a title or long enough to quote."""
    titles = {title for item in items if len(title := _bare(item.title)) >= SENTENCE}
    texts = [_bare(_LINK.sub("]", text)) for text in others]
    short = {words for words in traces.words - titles if len(words) < QUOTATION}
    common = {words for words in short if any(words in text for text in texts)}
    return Traces(traces.words - common, traces.hashes, traces.names, traces.addresses)


# Deleting bytes is a hundred times as fast as looking at each character, and a site has three hundred million.
_NO_WORD = bytes(n for n in range(128) if not chr(n).isalnum())
_CURLY = "‘’“”–—…\u00a0\u00ad\u200b"


def _bare(text: str) -> str:
    text = text.lower()
    for sign in _CURLY:
        text = text.replace(sign, "")
    return text.encode("utf-8", "surrogatepass").translate(None, _NO_WORD).decode("utf-8", "surrogatepass")


def search(root: Path, folders: Iterable[str], traces: Traces, stubs: Iterable[str] = ()) -> tuple[Trace, ...]:
    """`stubs`: files that answer at the addresses, and may name them."""
    spared = set(stubs)
    found = set[Trace]()
    for folder in folders:
        for file in _files(root / folder):
            name = file.relative_to(root).as_posix()
            with suppress(FileNotFoundError):
                found |= set(_in_file(name, file.read_bytes(), traces, name in spared or bool(_NAMES_IT.search(name))))
    return tuple(sorted(found))


def _files(folder: Path) -> Iterator[Path]:
    for inner, _, names in os.walk(folder):
        yield from (Path(inner) / name for name in names)


def _in_file(name: str, raw: bytes, traces: Traces, spared: bool) -> Iterator[Trace]:
    if hashlib.sha256(raw).hexdigest() in traces.hashes or Path(name).name in traces.names:
        yield Trace(name, "the picture itself")
        return
    text = _text(name, raw)
    if text is None:
        return
    for picture in sorted(traces.names):
        if picture in text:
            yield Trace(name, f"the picture's name, {picture}")
    for address in sorted(traces.addresses):
        if not spared and re.search(rf"(?<![\w-]){re.escape(address.rstrip('/'))}(?![\w-])", text):
            yield Trace(name, f"the address /{address}")
    yield from (Trace(name, f'its words, "{words[:40]}…"') for words in _said(text, traces.words))


def _said(text: str, wanted: Iterable[str]) -> Iterator[str]:
    if not wanted:
        return
    text = unescape(unescape(text))
    forms = {_bare(text), _bare(_TAG.sub("", text)), _bare(_ESCAPED.sub(_plain, text))}
    yield from (words for words in sorted(wanted) if any(words in form for form in forms))


def _plain(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else " "


def _text(name: str, raw: bytes) -> str | None:
    """What a file says; None for a picture or another thing without words."""
    if raw[:2] == b"\x1f\x8b":
        with suppress(OSError, EOFError):
            raw = gzip.decompress(raw)
    if name.endswith(".eml") or raw[:20].lower().startswith((b"received:", b"return-path:", b"from:")):
        return _letter(raw)
    if name.endswith(".json"):
        with suppress(ValueError, RecursionError):
            return "\n".join(_strings(json.loads(raw)))
    return None if raw.startswith(_PICTURES) or raw[8:12] == b"WEBP" else raw.decode("utf-8", "replace")


def _letter(raw: bytes) -> str:
    try:
        message = message_from_bytes(raw, policy=policy.default)
        parts = [str(message["Subject"] or "")]
        for part in message.walk():
            with suppress(KeyError, LookupError, ValueError):
                if part.get_content_maintype() == "text":
                    parts.append(str(part.get_content()))
    except RecursionError:  # somebody nested it a thousand deep: it is searched as it lies
        return raw.decode("utf-8", "replace")
    return "\n".join(parts)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def says(text: str, traces: Traces) -> bool:
    named = any(name in text for name in (*traces.names, *traces.addresses))
    return named or any(True for _ in _said(text, traces.words))


def frame_says(frame: bytes, traces: Traces) -> bool:
    """A frozen letter of the ledger: its reader's spots are fenced by NULs, the rest is the message."""
    raw = b"".join(part for n, part in enumerate(frame.split(b"\0")) if n % 2 == 0)
    return says(_letter(raw), traces)
