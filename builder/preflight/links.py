"""Links as they are written: their words (Q2) and their addresses (Q6). Where they lead inside is in `inside`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import islice
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from builder.model import Finding, Item
from builder.preflight.checks import Check
from builder.preflight.passages import Passage, headers_in_words
from builder.preflight.prose import MAIL, URL, Prose

GENERIC = Check("generic-link", "block", "Q2", "Screen readers list links by their words alone: “here” leads nowhere.")
NO_TEXT = Check("link-without-text", "block", "E5", "A link without words cannot be seen or heard.")
ADDRESS_AS_TEXT = Check("address-as-text", "advice", "Q2", "A spelled-out web address is read out letter by letter.")
BROKEN = Check("broken-link", "warn", "Q6", "Markdown shows it as brackets instead of a link.")
BAD_ADDRESS = Check("bad-address", "block", "Q6", "The address cannot be opened.")
NOT_HTTPS = Check("link-not-https", "warn", "Q6", "Browsers warn of pages without https.")
SHORTENED = Check("shortened-link", "warn", "Q6", "Readers cannot see where it leads; schools' filters block it.")
TRACKED = Check("tracked-link", "warn", "Q6", "No reader is watched; campaign parameters do just that.")
WRAPPED = Check("wrapped-link", "block", "Q6", "A copied mail-filter address holds the mailbox it was copied from.")
INTERNAL = Check("internal-address", "warn", "Q6", "Only people inside the network can open it.")
CHECKS = (
    GENERIC, NO_TEXT, ADDRESS_AS_TEXT, BROKEN, BAD_ADDRESS, NOT_HTTPS, SHORTENED, TRACKED, WRAPPED, INTERNAL,
)  # fmt: skip

MOST = 200  # links in one text
# Link texts made of nothing but these say nothing of their page.
EMPTY_WORDS = frozenset(
    "a about an and at below click continue details document download find follow for from full further go here "
    "info information it learn link links more now of on online open our out page pdf please press read see site "
    "tap that the this to url us via view visit web webpage website with you your".split()
)
ENDS_WITH_HERE = 4  # words: "book your place here" still says nothing until its last word
SHORTENERS = frozenset(
    ["bit.ly", "buff.ly", "cutt.ly", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "shorturl.at", "t.co", "t.ly", "tiny.cc", "tinyurl.com", "tr.im", "v.gd"]
)  # fmt: skip
WRAPPERS = ("safelinks.protection.outlook.com", "urldefense.com", "urldefense.proofpoint.com", "mimecastprotect.com")
TRACKERS = re.compile(
    r"utm_\w+|mc_[ce]id|fbclid|gclid|dclid|msclkid|yclid|igshid|_hs\w+|vero_id|mkt_tok", re.IGNORECASE
)
INSIDE_NAMES = (".local", ".internal", ".intranet", ".lan", ".corp", ".home", ".localdomain")

_LINK = re.compile(
    r"(?<!!)\[(?P<text>[^\[\]]{0,300})\](?:\(\s{0,5}<?(?P<address>[^()<>\s]{0,2000}(?:\([^()\s]{0,200}\)[^()<>\s]{0,200}){0,3})>?"
    r"(?:\s{1,5}(?:\"[^\"\n]{0,200}\"|'[^'\n]{0,200}'))?\s{0,5}\)|\[[^\[\]]{0,100}\])"
)
_DEFINITION = re.compile(r"^ {0,3}\[[^\[\]\n]{1,100}\]:\s{0,5}<?(?P<address>[^\s<>]{1,2000})", re.MULTILINE)
_ADDRESS = re.compile(URL)
_MISWRITTEN = re.compile(
    r"\[[^\[\]\n]{1,200}\] \((?:https?:|www\.|mailto:)[^()\n]{0,500}\)|\([^()\n]{1,200}\)\[(?:https?:|www\.|mailto:)"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


class Link(Struct, frozen=True):
    address: str
    offset: int
    text: str | None = None
    """None for an address that stands by itself."""


def check(passage: Passage) -> Iterator[Finding]:
    if not passage.is_body:
        return
    prose = passage.prose
    for link in islice(links(prose), MOST):
        for kind, text in _faults(link):
            yield kind.at(prose.file, prose.line_at(link.offset), text)
    for match in islice(_MISWRITTEN.finditer(prose.text), MOST):
        text = f'"{match[0][:60]}" does not become a link. Write [its words](its address) without a space between.'
        yield BROKEN.at(prose.file, prose.line_at(match.start()), text)


def check_headers(item: Item) -> Iterator[Finding]:
    for name, text in headers_in_words(item):
        for match in islice(_ADDRESS.finditer(text), MOST):
            for kind, fault in address_faults(match[0].rstrip(".,;:!?)'\"")):
                yield kind.on(item.source, name, f"{name}: {fault}")


def links(prose: Prose) -> Iterator[Link]:
    """Every link of a text, in no particular order."""
    rest = prose.text
    for match in _LINK.finditer(prose.text):
        yield Link(match["address"] if match["address"] is not None else "#", match.start(), match["text"])
    for match in _DEFINITION.finditer(prose.text):
        yield Link(match["address"], match.start())
    rest = _DEFINITION.sub(_blank, _LINK.sub(_blank, prose.text))
    for match in _ADDRESS.finditer(rest):  # Markdown makes links of those that begin with https://
        yield Link(match[0].rstrip(".,;:!?)]'\"*_"), match.start())


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def is_generic(text: str) -> bool:
    words = re.findall(r"[a-z0-9']+", text.lower())
    if not words:
        return False
    return all(word in EMPTY_WORDS for word in words) or (words[-1] == "here" and len(words) <= ENDS_WITH_HERE)


def _faults(link: Link) -> Iterator[tuple[Check, str]]:
    if link.text is not None:
        plain = re.sub(r"[*_`]", "", link.text).strip()
        if not plain:
            yield NO_TEXT, f"The link to {link.address} has no words. Put them between the [ ]."
        elif is_generic(plain):
            yield GENERIC, f'The link "{plain}" does not say where it leads. Name its page.'
        elif re.fullmatch(r"(?:https?://|www\.)\S+", plain):
            yield ADDRESS_AS_TEXT, f'The link "{plain[:60]}" is read out as an address. Name its page.'
    yield from address_faults(link.address)


def address_faults(address: str) -> Iterator[tuple[Check, str]]:
    """What is wrong with an address, except where it leads in this house."""
    if not address:
        yield BAD_ADDRESS, "The link has no address. Put it between the ( )."
    elif re.match(r"https?:", address, re.IGNORECASE):
        yield from _web_faults(address)
    elif address.lower().startswith("mailto:"):
        to = address[7:].partition("?")[0]
        if not all(re.fullmatch(MAIL, part.strip()) for part in to.split(",")):
            yield BAD_ADDRESS, f'"{to}" is not a mail address.'
    elif address.lower().startswith("tel:"):
        if not re.fullmatch(r"\+?[\d ().-]{3,24}", address[4:]):
            yield BAD_ADDRESS, f'"{address[4:]}" is not a telephone number.'
    elif address.lower().startswith("www."):
        yield BROKEN, f'"{address}" is no link without https:// before it.'
    elif re.fullmatch(MAIL, address):
        yield BAD_ADDRESS, f'"{address}" needs mailto: before it.'
    elif _SCHEME.match(address) or address.startswith("\\"):
        yield BAD_ADDRESS, f'"{address[:60]}" cannot be opened by readers. Use an https:// address.'


def _web_faults(address: str) -> Iterator[tuple[Check, str]]:
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not re.fullmatch(r"[\w.:-]+", host) or ".." in host or parts.username:
        yield BAD_ADDRESS, f'"{address[:80]}" is not a web address. Copy it again from the browser.'
        return
    if _is_inside(host):
        yield INTERNAL, f'Readers outside the network cannot open "{host}".'
    elif parts.scheme == "http":
        yield NOT_HTTPS, f'"{address[:80]}" is not secure. Try it with https://.'
    if host.removeprefix("www.") in SHORTENERS:
        yield SHORTENED, f'"{host}" hides where the link leads. Use the full address.'
    if any(host.endswith(wrapper) for wrapper in WRAPPERS):
        yield WRAPPED, "This address was copied out of a mail filter. Open it and copy the page's own address."
    elif names := sorted({name for name, _ in parse_qsl(parts.query) if TRACKERS.fullmatch(name)}):
        yield TRACKED, f"The address carries {', '.join(names)}, which watches readers. Cut it off."


def _is_inside(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(INSIDE_NAMES)
