"""A bulletin's own pages: its home, its editions by year, each edition in full, and its feed."""

from __future__ import annotations

from collections.abc import Iterator

from builder.archive import data, feeds, html, lists
from builder.archive.items import WebSection
from builder.archive.public import Sent
from builder.archive.site import File, Site, beside
from builder.archive.standfirst import standfirst
from builder.model import Bulletin
from builder.view import Link

PREVIOUS = 6  # editions on a home page below the latest; all others are one press away
COMING = 6


def bulletin_files(site: Site, bulletin: Bulletin) -> Iterator[File]:
    yield _home(site, bulletin)
    yield _editions(site, bulletin)
    for sent in site.public.of(bulletin):
        yield _edition(site, sent)
    yield _feed(site, bulletin)


def _home(site: Site, bulletin: Bulletin) -> File:
    latest = next(iter(site.public.of(bulletin)), None)
    url = f"{site.url}/{bulletin.path}"
    page = site.page(
        bulletin.path,
        bulletin.name,
        data.bulletin(bulletin.name, url, site.publisher),
        description=bulletin.strapline,
        crumbs=() if bulletin.main else site.crumbs(),
        feed=site.feed(bulletin),
        scope="home" if bulletin.main else "",
    )
    earlier = [sent for sent in lists.line(site.public, bulletin) if sent is not latest]
    return site.write(
        "home.html",
        page,
        bulletin=bulletin,
        latest=lists.card(latest, site.viewer, bulletin.id) if latest else None,
        sections=_sections(site, latest) if latest else (),
        cards=[lists.card(sent, site.viewer, bulletin.id) for sent in earlier[:PREVIOUS]],
        editions=f"{url}editions/",
        ended=_successor(site, bulletin),
        coming=lists.coming(site.shelf, COMING) if bulletin.main else (),
        others=[_other(site, other) for other in site.others] if bulletin.main else (),
        documents=lists.documents(site.public, site.viewer) if bulletin.main else (),
    )


def _other(site: Site, bulletin: Bulletin) -> tuple[Link, str, lists.Card]:
    newest = lists.card(site.public.of(bulletin)[0], site.viewer, "")
    return Link(bulletin.name, f"{site.url}/{bulletin.path}"), bulletin.strapline, newest


def _successor(site: Site, bulletin: Bulletin) -> Link | None:
    """The bulletin that took this one's place."""
    successors = (b for b in site.press.house.bulletins.values() if bulletin.id in b.succeeds)
    return next((Link(b.name, f"{site.url}/{b.path}") for b in successors), None)


def _editions(site: Site, bulletin: Bulletin) -> File:
    cards = [lists.card(sent, site.viewer, bulletin.id) for sent in lists.line(site.public, bulletin)]
    page = site.page(
        f"{bulletin.path}editions/",
        site.words["all-editions"],
        of=bulletin.name,
        description=site.words["all-editions-of"].format(name=bulletin.name),
        crumbs=site.crumbs(bulletin),
        feed=site.feed(bulletin),
        scope="editions" if bulletin.main else "",
    )
    return site.write("editions.html", page, bulletin=bulletin, years=lists.years(cards))


def _edition(site: Site, sent: Sent) -> File:
    view = site.viewer.edition(sent.edition, sent.items)
    bulletin = sent.bulletin
    page = site.page(
        sent.path,
        view.day,
        data.edition(view, sent.at, site.publisher),
        of=bulletin.name,
        description=standfirst(sent.items, site.words),
        crumbs=(*site.crumbs(bulletin), site.link("all-editions", f"{bulletin.path}editions/")),
        feed=site.feed(bulletin),
        article=True,
    )
    line = lists.line(site.public, bulletin)
    newer, older = beside(line, line.index(sent))
    return site.write(
        "edition.html",
        page,
        edition=view,
        opening=html.lowered(site.shelf.body(view.opening.html), 1),
        sections=_sections(site, sent),
        older=lists.card(older, site.viewer, bulletin.id) if older else None,
        newer=lists.card(newer, site.viewer, bulletin.id) if newer else None,
    )


def _sections(site: Site, sent: Sent) -> tuple[WebSection, ...]:
    return site.shelf.sections(site.viewer.edition(sent.edition, sent.items).sections, sent.items)


def _feed(site: Site, bulletin: Bulletin) -> File:
    editions = site.public.of(bulletin)
    found = feeds.entries(editions, site.shelf)
    first = bulletin.first or min((sent.edition.day for sent in editions), default=feeds.NEVER.date())
    text = site.render(
        "feed.xml",
        bulletin=bulletin,
        id=feeds.tag(site.url, first, f"{bulletin.id}/"),
        url=f"{site.url}/{bulletin.path}",
        updated=feeds.updated(found),
        entries=found,
    )
    return f"{bulletin.path}feed.xml", html.to_bytes(text)
