"""A crawler of a published site: follows every address that its files name, and tells what leads nowhere.

It reads what readers' programs read: pages, feeds, calendars, the maps for search engines, style sheets, lists of
redirects and the search's own index.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from lxml import etree, html

from builder.archive.search.tiers import pack_path

STARTS = ("index.html", "robots.txt", "404.html")
"""What nobody needs a link to: browsers, search engines and web servers ask for them by themselves."""
APART = ("_redirects", "_redirects.*", ".nojekyll")
"""Lists that web servers read."""
APART_PAGE = "//meta[@name='robots' and contains(@content, 'noindex') or @http-equiv='refresh']"
"""A page of what was taken down or has moved: nothing of the site leads to it."""
ADDRESSES = ("href", "src", "action", "poster", "cite")
SEARCH = "search/index.bin"


@dataclass
class Crawled:
    """`broken`: (file, link) of each that leads nowhere. `unreached`: files that nothing leads to. `elsewhere`: other hosts' addresses."""

    broken: list[tuple[str, str]] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)
    astray: list[tuple[str, str]] = field(default_factory=list)
    """(page, what it calls its own address) where the two differ."""
    unmapped: list[str] = field(default_factory=list)
    """Pages that no map for search engines names, and what the maps name beyond the pages."""
    links: int = 0
    moved: set[str] = field(default_factory=set)
    """Pages that only lead on, and pages of what was taken down: nothing of the site leads to them."""


def files_of(folder: Path) -> dict[str, Callable[[], bytes]]:
    return {path.relative_to(folder).as_posix(): path.read_bytes for path in folder.rglob("*") if path.is_file()}


def crawl(files: Mapping[str, Callable[[], bytes]], url: str, served: Iterable[str]) -> Crawled:
    """`files`: path → what reads it. `url`: where the site lives. `served`: patterns of paths that a program answers."""
    told = Crawled()
    reached, mapped, names, wanted = set(STARTS), set[str](), {}, defaultdict(set)
    for path, read in files.items():
        raw = read()
        if path.endswith(".html"):
            page = html.document_fromstring(raw)
            names[path] = set(page.xpath("//@id"))
            told.astray += _astray(path, page, url)
            if path not in STARTS and page.xpath(APART_PAGE):
                told.moved.add(path)
        if path.startswith("sitemaps/"):
            mapped |= {file_of(link.removeprefix(f"{url}/")) for link in _links(path, raw, url)}
        for link in _links(path, raw, url):
            told.links += 1
            whole, part = urldefrag(urljoin(f"{url}/{path}", link))
            if not whole.startswith(f"{url}/"):
                told.elsewhere.setdefault(whole, path)
                continue
            place = file_of(unquote(urlsplit(whole).path)[len(urlsplit(url).path) + 1 :])
            if place in files:
                reached |= {place} - ({path} if path in told.moved else set())
                wanted[place].add((path, link, unquote(part)))
            elif not any(fnmatch(place.removesuffix("/index.html").removesuffix("index.html"), one) for one in served):
                told.broken.append((path, link))
    for place, asked in wanted.items():
        told.broken += [(path, link) for path, link, part in asked if part and part not in names.get(place, {part})]
    kept = told.moved | {path for path in files if any(fnmatch(path, one) for one in APART)}
    told.unreached = sorted(files.keys() - reached - kept)
    told.unmapped = sorted(({path for path in files if path.endswith(".html")} - kept - {"404.html"}) ^ mapped)
    return told


def _astray(path: str, page: html.HtmlElement, url: str) -> Iterator[tuple[str, str]]:
    """A page that leads on names another's address, and one that is not to be found names none."""
    if not page.xpath(APART_PAGE):
        said = [*page.xpath("//link[@rel='canonical']/@href"), *page.xpath("//meta[@property='og:url']/@content")]
        yield from ((path, one) for one in said or ["nothing"] if one != f"{url}/{path.removesuffix('index.html')}")


def file_of(path: str) -> str:
    """What a web server opens for a path. A folder without its slash is another address: it is not forgiven."""
    return f"{path}index.html" if not path or path.endswith("/") else path


def _links(path: str, raw: bytes, url: str) -> Iterator[str]:
    name = path.rpartition("/")[2]
    if path.endswith(".html"):
        yield from _of_page(html.document_fromstring(raw))
        if path == "search/index.html":
            yield f"{url}/{SEARCH}"
    elif path.endswith((".xml", ".rss")):
        yield from _of_xml(etree.fromstring(raw, etree.XMLParser(resolve_entities=False)))
    elif path.endswith(".json"):
        yield from re.findall(r'"(https?://[^"\s]+)"', raw.decode())
    elif path.endswith(".ics"):
        yield from re.findall(r"^URL[^:]*:(\S+)", re.sub(r"\r\n[ \t]", "", raw.decode()), re.M)
    elif path.endswith(".js"):
        yield from (f"{url}/{name}" for name in re.findall(r"import\(`\$\{top\}([^`]+)`\)", raw.decode()))
    elif path.endswith(".css"):
        yield from re.findall(r"url\(['\"]?([^'\")]+)", raw.decode())
    elif name in ("_redirects", "_redirects.nginx", "robots.txt"):
        yield from re.findall(r"https?://[^\s\"';]+", raw.decode())
    elif path.startswith("search/") and path.endswith(".bin"):
        yield from _of_search(path, raw, url)


def _of_page(page: html.HtmlElement) -> Iterator[str]:
    for name in ADDRESSES:
        yield from (link for link in page.xpath(f"//@{name}") if not link.startswith(("mailto:", "tel:", "data:")))
    for wide in page.xpath("//@srcset"):
        yield from (one.split()[0] for one in wide.split(","))
    for told in page.xpath("//meta[@property='og:url' or @property='og:image']/@content"):
        yield told
    for told in page.xpath("//meta[@http-equiv='refresh']/@content"):
        yield told.partition("url=")[2]
    for told in page.xpath("//script[@type='application/ld+json']/text()"):
        yield from (link for link in _addresses(json.loads(told)) if "schema.org" not in link)


def _addresses(told: object) -> Iterator[str]:
    if isinstance(told, dict):
        for value in told.values():
            yield from _addresses(value)
    elif isinstance(told, list):
        for value in told:
            yield from _addresses(value)
    elif isinstance(told, str) and told.startswith(("http://", "https://")) and " " not in told:
        yield told


def _of_xml(root: etree._Element) -> Iterator[str]:
    for element in root.iter(etree.Element):
        name = etree.QName(element).localname
        if element.get("href"):
            yield element.get("href", "")
        if name in ("loc", "link", "url", "comments") and (element.text or "").strip():
            yield (element.text or "").strip()
        if element.get("url"):
            yield element.get("url", "")
        if name in ("content", "summary") and element.get("type") == "html" and element.text:
            yield from _of_page(html.document_fromstring(f"<html><body>{element.text}</body></html>"))


def _of_search(path: str, raw: bytes, url: str) -> Iterator[str]:
    """The index names its files; the postings in them name the items' files; those name the results' pages."""
    raw = gzip.decompress(raw)
    if path == SEARCH:
        for tier in json.loads(raw)["tiers"]:
            yield from (f"{url}/{pack_path(stem)}" for stem, _, _ in tier["f"])
    elif path.startswith("search/items/"):
        yield from (f"{url}/{row[0]}" for row in json.loads(raw))
    else:
        at = 0
        while at < len(raw):
            size = int.from_bytes(raw[at : at + 4], "big")
            head = json.loads(raw[at + 4 : at + 4 + size])
            at += 4 + size
            for length in head["l"]:
                yield from (f"{url}/search/items/{number}.bin" for number in _editions(raw[at : at + length]))
                at += length


def _editions(raw: bytes) -> Iterator[int]:
    at = 0
    while at < len(raw):
        number, at = _number(raw, at)
        length, at = _number(raw, at)
        yield number
        at += length


def _number(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (raw[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if raw[at - 1] < 128:
            return value, at
