"""Every file of the public site, each path once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from builder.archive import html
from builder.archive.bulletins import bulletin_files
from builder.archive.documents import document_files, not_found, page_files
from builder.archive.feeds import Place
from builder.archive.permalinks import item_files
from builder.archive.redirects import redirect_files
from builder.archive.site import IMAGES, File, Site
from builder.pictures import Prepared
from builder.press import Press
from builder.templates import read_text

INDEX = "index.html"


def archive(press: Press) -> Iterator[File]:
    """Every file of the public site as (path, bytes), each path once. The same press gives the same bytes."""
    site = Site(press)
    written: set[str] = set()
    for path, content in _pages(site):
        if path not in written:
            written.add(path)
            yield path, content
    yield from _machines(site, written)
    yield from redirect_files(site, written)
    yield "style.css", site.style.encode("utf-8")
    yield "icon.svg", read_text("web/icon.svg", press.search).encode("utf-8")
    for picture in sorted(_pictures(site), key=lambda picture: picture.name):
        yield f"{IMAGES}{picture.name}", picture.file.read_bytes()


def _pictures(site: Site) -> set[Prepared]:
    """Those on pages, and those in letters that have gone out, under names that nobody can guess or read."""
    letters = (site.press.letter_pictures(sent.edition) for sent in site.public.editions)
    return {*(site.pictures[name] for name in site.used), *(picture for found in letters for picture in found)}


def _pages(site: Site) -> Iterator[File]:
    for bulletin in (site.main, *site.others):
        yield from bulletin_files(site, bulletin)
    for item in sorted(site.public.items.values(), key=lambda item: str(item.key)):
        yield from item_files(site, item)
    yield from document_files(site)
    yield from page_files(site)


def _machines(site: Site, written: set[str]) -> Iterator[File]:
    yield not_found(site)
    days = _days(site)
    folders = sorted(path.removesuffix(INDEX) for path in written if path.endswith(INDEX))
    places = [Place(f"{site.url}/{folder}", days.get(folder)) for folder in folders]
    yield "sitemap.xml", html.to_bytes(site.render("sitemap.xml", places=places))
    yield "robots.txt", html.to_bytes(site.render("robots.txt"))


def _days(site: Site) -> dict[str, date]:
    """The folders of which it is known since when they are as they are."""
    days = {sent.path: sent.edition.day for sent in site.public.editions}
    for item in site.public.items.values():
        days[site.viewer.item_url(item).removeprefix(f"{site.url}/")] = site.public.published(item).date()
    return days
