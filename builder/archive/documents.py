"""Long documents with a contents list that works, the privacy notice and its kin, and the page for what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from builder import dates, markdown
from builder.archive import html, lists
from builder.archive.site import File, Page, Site
from builder.model import Document
from builder.view import Link

TAKEN = ("main", "contents")  # ids that the frame has


def list_files(site: Site) -> Iterator[File]:
    if site.public.documents:
        page = site.page("documents/", site.words["documents"], crumbs=site.crumbs(), scope="documents")
        yield site.write("documents.html", page, documents=lists.documents(site.public, site.viewer))


def document_file(site: Site, document: Document) -> File:
    above = (*site.crumbs(), site.link("documents", "documents/"))
    return _document(site, document, f"documents/{document.slug}/", above, "documents")


def page_file(site: Site, page: Document) -> File:
    return _document(site, page, f"{page.slug}/", site.crumbs(), "")


def not_found(site: Site) -> File:
    """Served at any address, so it tells its own from the site's top."""
    top = f"{urlsplit(site.url).path}/"
    page = Page(path="", url="", up=top, title=site.words["not-found"], indexed=False)
    return "404.html", site.write("not-found.html", page)[1]


def _document(site: Site, document: Document, path: str, above: tuple[Link, ...], scope: str) -> File:
    body = site.viewer.body(document.body, document.source.file)
    text, headings = html.with_ids(site.shelf.body(body.html), TAKEN)
    page = site.page(path, document.title, description=document.summary, crumbs=above, scope=scope)
    return site.write(
        "document.html",
        page,
        document=document,
        body=text,
        contents=_nested(headings),
        contact=markdown.inline(document.contact) if document.contact else "",
        updated=dates.say_moment(document.updated) if document.updated else "",
    )


def _nested(headings: Iterable[tuple[int, str, str]]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Headings of the second level, each with those of the third under it."""
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    for level, name, words in headings:
        if level == 2:
            found.append((name, words, []))
        elif level == 3 and found:
            found[-1][2].append((name, words))
    return found
