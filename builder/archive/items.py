"""Items → what the pages show of them: no style for mail clients, no photo without consent, no link to a hidden item."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from builder import dates
from builder.archive import html
from builder.archive.public import Public
from builder.items import last_moment
from builder.kinds import Event
from builder.model import Item
from builder.press import Press
from builder.view import Fact, ItemView, SectionView, Viewer

_PAGE = re.compile(r"((?:[a-z0-9-]+/)?)(items|editions)/([^/]+)(?:/.*)?")


class WebItem(Struct, frozen=True, kw_only=True):
    """An item as a page shows it."""

    item: Item
    view: ItemView
    page: str
    """Its body with headings from h2 on: the item is the page."""
    inner: str
    """Its body with headings from h4 on: the item is one of an edition."""
    banner: str = ""
    """Why it is out of date; empty while it is not."""
    calendar: str = ""
    """The address of the event as a calendar file; empty for all but events."""
    closes: str = ""
    """The day on which an answer is wanted at the latest, as spoken; empty when none is, or when it is over."""
    description: str = ""
    corrections: tuple[tuple[str, str], ...] = ()
    """What was mended, the newest first: (the day, as spoken; what)."""
    cancelled: bool = False


class WebSection(Struct, frozen=True):
    id: str
    title: str
    intro: str
    items: tuple[WebItem, ...]


class Shelf(Struct):
    """Every public item, made ready once."""

    press: Press
    public: Public
    viewer: Viewer
    dead: html.Dead
    _made: dict[int, tuple[Any, frozenset[str]]]

    def of(self, item: Item) -> WebItem:
        """An item as it stands in one edition; a guest is another object in each."""
        return self.public.noted(self._made, id(item), lambda: self._make(item))

    def forget(self) -> None:
        self._made.clear()

    def sections(self, sections: Iterable[SectionView], items: Iterable[Item]) -> tuple[WebSection, ...]:
        """`sections` were made from these items, in this order."""
        waiting = iter(items)
        return tuple(
            WebSection(s.id, s.title, s.intro, tuple(self.of(next(waiting)) for _ in s.items)) for s in sections
        )

    def _make(self, item: Item) -> WebItem:
        view = self._for_web(self.viewer.item(item))
        page = self.body(view.body.html)
        if not view.picture_on_web:
            page = html.without_pictures(page)
        banner = self._banner(item)
        mended = corrections(item, self.public.now)
        return WebItem(
            item=item,
            view=view,
            page=page,
            inner=html.lowered(page, 2),
            banner=banner,
            calendar=f"{view.url}event.ics" if isinstance(item.details, Event) else "",
            closes="" if banner else self._closes(item),
            description=html.shortened(view.summary or html.plain(page) or view.title, 200),
            corrections=tuple((dates.say_short(day), what) for day, what in reversed(mended)),
            cancelled=_is_off(item),
        )

    def _for_web(self, view: ItemView) -> ItemView:
        """The viewer's links are to what is public already, but for an excerpt's original and the facts' styles."""
        return replace(
            view,
            facts=tuple(_plain(fact) for fact in view.facts),
            contact=_plain(view.contact) if view.contact else None,
            picture=view.picture if view.picture_on_web else None,
            related=tuple(link for link in view.related if not self.dead(link.url)),
        )

    def body(self, source: str) -> str:
        return html.for_page(source, self.dead, self.viewer.say("web", "table"))

    def _banner(self, item: Item) -> str:
        told = (item.original or item).details
        if isinstance(told, Event) and _is_off(item):
            why = "" if told.cancelled.lower() == "yes" else f" {told.cancelled}"
            return self.viewer.say("web", "cancelled") + why
        if any(i.expired_by(self.public.now) for i in (item, item.original) if i):
            return self.viewer.say("web", "expired")
        if is_over(item, self.public.now):
            return self.viewer.say("web", f"over-{(item.original or item).kind}")
        return ""

    def _closes(self, item: Item) -> str:
        names = {"closes", "action-by"}
        return next((fact.text for fact in self.viewer.item(item).facts if fact.name in names), "")


def _plain(fact: Fact) -> Fact:
    return replace(fact, html=html.without_style(fact.html))


def _is_off(item: Item) -> bool:
    told = (item.original or item).details
    return isinstance(told, Event) and is_cancelled(told)


def corrections(item: Item, now: datetime) -> tuple[tuple[date, str], ...]:
    """Those that everyone may know of by then, the oldest first."""
    return tuple(one for one in (item.original or item).corrected if one[0] <= now.date())


def is_cancelled(event: Event) -> bool:
    return event.cancelled.lower() not in ("", "no")


def is_over(item: Item, now: datetime) -> bool:
    """Whether the last day that the item itself names has passed. `now` is on the publisher's clock."""
    last = last_moment((item.original or item).details)
    return last is not None and last.end(now.tzinfo).timestamp() <= now.timestamp()  # type: ignore[arg-type]


def dead_links(site: str, is_page: Callable[[str, str, str], bool]) -> html.Dead:
    """`is_page`: whether (bulletin's path, "items" or "editions", name) is there for everyone. Other addresses live."""

    def dead(address: str) -> bool:
        if not address.lower().startswith(f"{site.lower()}/"):
            return False
        match = _PAGE.fullmatch(re.split(r"[?#]", address[len(site) + 1 :])[0])
        return match is not None and not is_page(*match.groups())

    return dead
