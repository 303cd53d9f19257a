"""The crawler that looks after the archive's links sees each kind of link that leads nowhere."""

from __future__ import annotations

import gzip
import json
from functools import partial

import pytest

from tests.builder.crawl import Crawled, crawl

URL = "https://a.example"
HEAD = '<!doctype html><html lang="en"><head><title>x</title><link rel="canonical" href="{}"><meta property="og:url" content="{}"></head><body>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><link href="{}"/><content type="html">{}</content></feed>'


def page(path: str, body: str) -> bytes:
    return (HEAD.format(*[f"{URL}/{path}"] * 2) + body).encode()


def small() -> dict[str, bytes]:
    return {
        "index.html": page("", '<a href="items/a/#part">A</a> <img src="a.png" alt=""> <a href="feed.xml">f</a> <a href="subscribe">s</a>'),
        "items/a/index.html": page("items/a/", '<h2 id="part">Part</h2>'),
        "a.png": b"",
        "feed.xml": ATOM.format(f"{URL}/items/a/", "").encode(),
        "404.html": b'<title>x</title><meta name="robots" content="noindex">',
        "robots.txt": f"Sitemap: {URL}/sitemap.xml".encode(),
        "sitemap.xml": f"<sitemapindex><sitemap><loc>{URL}/sitemaps/a.xml</loc></sitemap></sitemapindex>".encode(),
        "sitemaps/a.xml": f"<urlset><url><loc>{URL}/</loc></url><url><loc>{URL}/items/a/</loc></url></urlset>".encode(),
    }  # fmt: skip


def crawled(site: dict[str, bytes]) -> Crawled:
    return crawl({path: partial(bytes, raw) for path, raw in site.items()}, URL, ("subscribe",))


def test_a_whole_site_has_nothing_to_tell_of() -> None:
    told = crawled(small())
    assert (told.broken, told.unreached, told.astray, told.unmapped) == ([], [], [], [])


BROKEN = {
    "page": ("index.html", page("", '<a href="items/b/">B</a>')),
    "folder without its slash": ("index.html", page("", '<a href="items/a">A</a>')),
    "part of a page": ("index.html", page("", '<a href="items/a/#other">A</a>')),
    "picture": ("index.html", page("", '<img src="b.png" alt="">')),
    "form": ("index.html", page("", '<form action="find/"></form>')),
    "schema.org": ("index.html", page("", f'<script type="application/ld+json">{{"url": "{URL}/b/"}}</script>')),
    "card": ("index.html", page("", f'<meta property="og:image" content="{URL}/b.png">')),
    "feed": ("feed.xml", ATOM.format(f"{URL}/items/b/", "").encode()),
    "words of a feed": ("feed.xml", ATOM.format("", f"&lt;a href='{URL}/items/b/'&gt;").encode()),
    "RSS": ("feed.rss", f"<rss><channel><item><link>{URL}/items/b/</link></item></channel></rss>".encode()),
    "JSON feed": ("feed.json", json.dumps({"items": [{"url": f"{URL}/items/b/"}]}).encode()),
    "calendar": ("a.ics", f"BEGIN:VEVENT\r\nURL:{URL}/items\r\n /b/\r\n".encode()),
    "map": ("sitemap.xml", f"<urlset><url><loc>{URL}/items/b/</loc></url></urlset>".encode()),
    "search's result": ("search/items/1.bin", gzip.compress(json.dumps([["items/b/", "B"]]).encode())),
    "search's bucket": ("search/index.bin", gzip.compress(b'{"tiers": [{"name": "new", "f": [["new-1", 0, 1]]}]}')),
    "list for servers": ("_redirects.nginx", f"  /old/ {URL}/items/b/;\n".encode()),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_leads_nowhere_is_seen(what: str) -> None:
    path, raw = BROKEN[what]
    assert path in {file for file, _ in crawled({**small(), path: raw}).broken}


def test_what_nothing_leads_to_and_what_calls_itself_by_another_name_is_seen() -> None:
    told = crawled({**small(), "b.png": b"", "items/c/index.html": page("items/a/", "")})
    assert told.unreached == ["b.png", "items/c/index.html"]
    assert told.astray == [("items/c/index.html", f"{URL}/items/a/")] * 2
    assert told.unmapped == ["items/c/index.html"]
