"""A feed's bytes → its text, with no more entries than wanted, and a look at its shape before anything is built from it."""

from __future__ import annotations

import codecs
import re
from xml.parsers import expat

from goodnews.clean import seen

ENCODINGS = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d", re.IGNORECASE
)
DEEPEST = 200  # elements inside each other; XHTML in Atom reaches 30
MOST_ATTRIBUTES = 100  # of one element; feedparser's time grows with their square
REPAIRABLE = 500_000  # characters; a damaged feed is read by a parser that needs 5 s a megabyte
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(r"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTRY_END = re.compile(r"</(?:[A-Za-z][\w.-]{0,40}:)?(?:item|entry)\s{0,10}>", re.IGNORECASE)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

_ENTITIES = "declares entities, which can blow up to any size. No news feed needs them."


class Unreadable(Exception):
    """The message goes on after "The feed"."""


def to_text(raw: bytes, charset: str = "") -> str:
    """The feed's own word on its encoding counts before the server's, which knows only its configuration."""
    for bom, encoding in _BOMS:
        if raw.startswith(bom):
            return _tidy(raw[len(bom) :].decode(encoding, "replace"))
    for encoding in (_looks_like(raw), _declared(raw), charset, "utf-8", "windows-1252"):
        if encoding and ENCODINGS.fullmatch(encoding):
            try:
                return _tidy(raw.decode(encoding))
            except (UnicodeDecodeError, LookupError):
                continue
    return _tidy(raw.decode("utf-8", "replace"))


def _looks_like(raw: bytes) -> str:
    return {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(raw[:2], "")


def _declared(raw: bytes) -> str:
    found = _DECLARED.match(raw[:400].decode("ascii", "replace"))
    return found[1] if found and not found[1].lower().startswith("utf-16") else ""


def _tidy(text: str) -> str:
    """Without the declaration of an encoding that is no longer true, and without what no XML may hold."""
    text = _DECLARATION.sub("", _NOT_XML.sub("", text.removeprefix("\ufeff")), count=1).lstrip()
    start = len(_head(text))
    return re.sub(r"\s+", "\n", text[:start]) + text[start:]


def _head(text: str) -> str:
    """What comes before the first element. feedparser's time grows with the square of the white space in it."""
    found = re.search(r"<\w", text)
    return text[: found.start()] if found else text


def first_entries(text: str, most: int) -> tuple[str, bool]:
    """The text with its first `most` entries, and whether there were more. What is around the entries stays."""
    ends = [match.end() for match in _ENTRY_END.finditer(text)]
    if len(ends) <= most:
        return text, False
    return text[: ends[most - 1]] + text[ends[-1] :], True


def look_over(text: str) -> str:
    """What is wrong with it as XML, in few words; empty when nothing is. Raises Unreadable for what is no feed's shape.

    Entities are refused where they are declared, before one is expanded (W7).
    """
    if re.search(r"<!\s{0,9}ENTITY", _head(text), re.IGNORECASE):
        raise Unreadable(_ENTITIES)
    try:
        _Shape().check(text)
    except expat.ExpatError as error:
        if len(text) > REPAIRABLE:
            raise Unreadable(f"is damaged ({_where(error)}), and too large to be repaired.") from error
        return _where(error)
    return ""


def _where(error: expat.ExpatError) -> str:
    return seen(f"line {error.lineno}: {expat.ErrorString(error.code)}")


class _Shape:
    def __init__(self) -> None:
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.EntityDeclHandler = self._entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def check(self, text: str) -> None:
        self._parser.Parse(text.encode(), True)

    def _entity(self, *_: object) -> None:
        raise Unreadable(_ENTITIES)

    def _start(self, _name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST or len(attributes) > MOST_ATTRIBUTES:
            raise Unreadable("is nested deeper, or has more attributes, than any news feed.")

    def _end(self, _name: str) -> None:
        self._depth -= 1
