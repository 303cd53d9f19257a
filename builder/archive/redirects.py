"""What former addresses answer: a page that leads on, a page that says "taken down", and the same for web servers.

A static host shows the pages. `_redirects` is read by hosts that know it, and with `_redirects.gone` by Apache;
`_redirects.nginx` and `_redirects.iis.config` are included by those servers' own configuration (docs/hosting.md);
`_redirects.json` is for anything else, `bulletin serve` too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from html import escape
from urllib.parse import urlsplit

from builder.addresses import INDEX
from builder.archive import html
from builder.archive.site import File, Page, Site
from builder.former import Answers

ALL = "_redirects.json"


def living(paths: Iterable[str]) -> set[str]:
    """The addresses of a site's files."""
    return {path.removesuffix(INDEX) if path.endswith(f"/{INDEX}") or path == INDEX else path for path in paths}


def redirect_files(site: Site, found: Answers, paths: Collection[str]) -> Iterator[File]:
    """`paths`: every other file of the site. Nothing that is there is ever covered."""
    for old, new in found.moved.items():
        if page := _page_at(old, paths):
            yield page, _moved(site, page, new)
    for old in sorted(found.gone):
        if page := _page_at(old, paths):
            yield page, _gone(site, page)
    yield "410.html", _taken_down(site)
    yield from _for_servers(found, urlsplit(site.url).path)


def _page_at(address: str, paths: Collection[str]) -> str:
    """The file that a static host shows there; none for a feed or calendar, which only a server can answer for."""
    file = f"{address}{INDEX}" if address.endswith("/") else address
    return file if file.endswith((".html", ".htm")) and file not in paths else ""


def _moved(site: Site, file: str, to: str) -> bytes:
    up = "../" * file.count("/") or "./"
    page = Page(path="", url=f"{site.url}/{to}", up=up, title=site.words["moved"])
    return html.to_bytes(html.relative(site.render("moved.html", page=page, there=up + to), site.url, up))


def _taken_down(site: Site) -> bytes:
    """What a web server shows at any such address: it tells its own links from the site's top."""
    return _gone(site, "", f"{urlsplit(site.url).path}/")


def _gone(site: Site, file: str, top: str = "") -> bytes:
    up = top or "../" * file.count("/") or "./"
    page = Page(path="", url="", up=up, title=site.words["gone"], indexed=False)
    return html.to_bytes(html.relative(site.render("gone.html", page=page), site.url, up))


def _for_servers(found: Answers, top: str) -> Iterator[File]:
    """There from the first day, since a web server's settings name them."""
    moved = {f"{top}/{old}": f"{top}/{new}" for old, new in sorted(found.moved.items())}
    gone = [f"{top}/{old}" for old in sorted(found.gone)]
    yield "_redirects", "".join(f"{old} {new} 301\n" for old, new in moved.items()).encode()
    yield "_redirects.gone", "".join(f"{old} 410\n" for old in gone).encode()
    yield "_redirects.nginx", _nginx(moved, gone).encode()
    yield "_redirects.iis.config", _iis(moved, gone).encode()
    yield ALL, (json.dumps({"top": top, "gone": gone, "moved": moved}, indent=1) + "\n").encode()


def _nginx(moved: Mapping[str, str], gone: list[str]) -> str:
    led = "".join(f"  {old} {new};\n" for old, new in moved.items())
    taken = "".join(f"  {old} 1;\n" for old in gone)
    return f'map $uri $bulletin_moved {{\n  default "";\n{led}}}\nmap $uri $bulletin_gone {{\n  default 0;\n{taken}}}\n'


def _iis(moved: Mapping[str, str], gone: list[str]) -> str:
    led = "".join(f'    <add key="{escape(old)}" value="{escape(new)}" />\n' for old, new in moved.items())
    taken = "".join(f'    <add key="{escape(old)}" value="410" />\n' for old in gone)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rewriteMaps>\n'
        f'  <rewriteMap name="BulletinMoved">\n{led}  </rewriteMap>\n'
        f'  <rewriteMap name="BulletinGone">\n{taken}  </rewriteMap>\n</rewriteMaps>\n'
    )
