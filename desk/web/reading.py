"""What the pages take from content and templates: read together, kept for a minute, and the last good reading stays."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from jinja2 import Environment

from builder.archive.build import open_site
from builder.archive.site import Frame, Page, Site
from builder.audience import reaches
from builder.cache import fingerprint
from builder.dates import say
from builder.model import Audiences, BuilderError, Item, ItemKey, Tags
from builder.press import Press
from builder.templates import read_text, told
from builder.view import Link
from desk.notes.letters import Stationery, composed
from desk.web.useful import Asked, asked

KEPT = timedelta(minutes=1)
MARK = "\0"  # in no page
FILES = ("web/style.css", "web/icon.svg", "public/public.css", "public/good-news.js")
log = logging.getLogger("bulletin.web")


@dataclass(frozen=True, slots=True)
class Latest:
    """A bulletin's newest edition. `items`: all that its letters carried; only those in `public` may be named."""

    name: str
    day: str
    url: str
    items: tuple[Item, ...]
    public: frozenset[ItemKey]

    def taste(self, chosen: Tags, audiences: Audiences) -> Taste:
        """What a reader with these choices would have received. Nothing chosen: everything."""
        theirs = [item for item in self.items if reaches(item.audience, chosen, audiences.axes)]
        titles = tuple(item.title for item in theirs if item.key in self.public)
        return Taste(self.name, self.day, self.url, titles, len(theirs) - len(titles), len(self.items))


@dataclass(frozen=True, slots=True)
class Taste:
    """One edition as somebody would have received it. `hidden`: for subscribers only, so they are counted, not named."""

    name: str
    day: str
    url: str
    titles: tuple[str, ...]
    hidden: int
    all: int


@dataclass(frozen=True, slots=True)
class Read:
    environment: Environment
    words: Mapping[str, str]
    frame: Frame
    top: str
    """The path of the site's top, with a slash at its end."""
    latest: Mapping[str, Latest]
    asked: Mapping[tuple[str, str], Asked]
    """The editions of which readers may say what was useful."""
    stationery: Stationery
    files: Mapping[str, bytes]
    """Style sheets and icon, by name."""
    shell: tuple[str, str, str]
    """What stands before a page's title, between it and the content, and after that: the same for every page."""


@dataclass(slots=True)
class Reading:
    """`open_press` puts a press together; each reading uses a new one."""

    open_press: Callable[[], Press]
    clock: Callable[[], datetime]
    _read: Read | None = None
    _at: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> Read:
        """Raises BuilderError only when nothing good was ever read."""
        now = self.clock()
        if self._read and self._at and now - self._at < KEPT:
            return self._read
        with self._lock:
            if not (self._read and self._at and now - self._at < KEPT):
                self._read, self._at = self._again(), now
        return self._read

    def _again(self) -> Read:
        try:
            return read(self.open_press())
        except BuilderError as error:
            if self._read is None:
                raise
            log.warning("The house cannot be read just now; the pages go on with what was read before: %s", error)
            return self._read


def read(press: Press) -> Read:
    site = open_site(press)
    files = {name: read_text(name, press.search) for name in FILES}
    top = f"{urlsplit(site.url).path}/"
    latest = _latest(site)
    words = press.renderer.words["public"]
    try:
        letters = composed(press)
    finally:
        press.close()
    environment = press.renderer.environment
    environment.auto_reload = False  # the next reading has another one
    frame = _from_top(site.frame, site.url, top)
    return Read(
        environment=environment,
        words=words,
        frame=frame,
        top=top,
        latest={name: replace(found, url=found.url.replace(f"{site.url}/", top, 1)) for name, found in latest.items()},
        asked=asked(site),
        stationery=Stationery(letters, words, {name: found.url for name, found in latest.items()}),
        files={name.rpartition("/")[2]: text.encode() for name, text in files.items()},
        shell=_shell(environment, frame, top, fingerprint(files["public/public.css"])[:10]),
    )


def _shell(environment: Environment, frame: Frame, top: str, style: str) -> tuple[str, str, str]:
    page = Page(path="", url="", up=top, title=MARK, indexed=False)
    with told():
        template = environment.get_template("public/base.html")
        before, between, after = template.render(frame=frame, page=page, top=top, style=style, content=MARK).split(MARK)
    return before, between, after


def _from_top(frame: Frame, url: str, top: str) -> Frame:
    """The frame's links as paths, so that the pages stay together under whatever name they are visited."""

    def moved(links: Iterable[Link]) -> tuple[Link, ...]:
        return tuple(Link(link.text, link.url.replace(f"{url}/", top, 1)) for link in links)

    home, *menu = moved([frame.home, *(link for _, link in frame.menu)])
    scopes = [scope for scope, _ in frame.menu]
    return Frame(
        home,
        tuple(zip(scopes, menu, strict=True)),
        f"{top}subscribe",
        moved(frame.browse),
        moved(frame.footer),
        frame.style,
    )


def _latest(site: Site) -> dict[str, Latest]:
    found = {}
    for bulletin in site.press.house.bulletins.values():
        sent = site.public.newest(bulletin)
        if sent:
            public = {item.key for item in sent.items}
            items = site.press.items(site.public.whole(sent.edition.key) or sent.edition)
            shown = frozenset(item.key for item in items if item.key in public)
            url = f"{site.url}/{sent.path}"
            found[bulletin.id] = Latest(bulletin.name, say(sent.edition.day), url, items, shown)
    return found
