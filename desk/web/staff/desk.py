"""What every page of the desk has at hand, and how a page is made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from flask import Response, g, redirect, request, url_for
from sqlalchemy import Connection, Engine

import db
from builder.dates import say, say_clock
from builder.model import Bulletin, House
from builder.press import Press
from desk.dateboxes import Wrong
from desk.delivering import read_delivering
from desk.editing.warm import Warm
from desk.house import open_press
from desk.keeping import read_keeping
from desk.mailing.office import Office
from desk.readers.register import Register
from desk.settings import Settings, SettingsError, load_again
from desk.staff import record
from desk.staff.model import Staff
from desk.staff.openid import OpenId
from desk.web import guard
from desk.web.dated import date_problems
from desk.web.staff.looks import Looks
from desk.web.staff.policy import PAGE, protect
from subscribers.model import Proof
from subscribers.tokens import Keys

if TYPE_CHECKING:
    from desk.web.public import Problem, Public
    from desk.web.staff.route import Route

log = logging.getLogger("bulletin.desk")
ENDPOINT = "desk:"
MENU = ("week", "editions", "calendar", "stories", "subscribers", "send", "reports", "settings")
"""Routes that stand in the menu, in this order, as soon as somebody has brought them."""


@dataclass(slots=True)
class Live:
    """The settings as they are on the disk now; the last good ones while the file is wrong."""

    settings: Settings
    _stamp: tuple[int, int] = (0, 0)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> Settings:
        try:
            stat = self.settings.file.stat()
        except OSError:
            return self.settings
        stamp = (stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if stamp != self._stamp:
                self._stamp = stamp
                self._read()
        return self.settings

    def _read(self) -> None:
        try:
            self.settings = load_again(self.settings)
        except SettingsError as error:
            log.warning("bulletin.toml is not as it should be; the desk goes on with what it said before: %s", error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything comes from outside, time, chance and mail too."""

    public: Public
    """The public pages' things: sending, writer, limits, pause, random, form key."""
    live: Live
    looks: Callable[[], Looks]
    routes: Mapping[str, Route]
    warm: Warm
    """A press between requests, for pages that are asked for at every keystroke. One at a time has it."""
    signing: Callable[[], OpenId | None]

    # --- what there is ---

    @property
    def settings(self) -> Settings:
        return self.live()

    @property
    def openid(self) -> OpenId | None:
        """The council's own sign-in, where the settings name one."""
        return self.signing()

    @property
    def house(self) -> House:
        return self.live().house

    @property
    def engine(self) -> Engine:
        return self.public.engine

    @property
    def keys(self) -> Keys:
        return self.public.keys

    @property
    def now(self) -> datetime:
        return self.public.clock()

    @property
    def today(self) -> date:
        return self.now.astimezone(self.house.calendar.zone).date()

    @property
    def register(self) -> Register:
        return Register(self.engine, self.keys, read_keeping(self.settings), self.settings)

    @property
    def running(self) -> tuple[Bulletin, ...]:
        """The bulletins that still come out, the main one first."""
        today = self.today
        found = [each for each in self.house.bulletins.values() if each.last is None or each.last >= today]
        return tuple(sorted(found, key=lambda bulletin: not bulletin.main))

    @contextmanager
    def press(self) -> Iterator[Press]:
        """The house's content as it is on the disk now, drafts too."""
        press = open_press(self.settings, now=self.now, drafts=True)
        try:
            yield press
        finally:
            press.cache.close()

    @contextmanager
    def office(self) -> Iterator[Office]:
        """What the acts of sending take: drafts are no part of what is sent."""
        press = open_press(self.settings, now=self.now)
        try:
            yield Office(self.register, press, read_delivering(self.settings))
        finally:
            press.cache.close()

    # --- who does what ---

    def proof(self, how: str, **more: Any) -> Proof:
        """Whoever is signed in did this, now."""
        return Proof(self.now, how, actor=_staff().actor, **more)

    def record(self, what: str, *, about: str = "", connection: Connection | None = None, **details: Any) -> None:
        """Into the record of who did what; in the deed's own transaction where it has one.

        `what` is a code with words in desk/words/*.toml, table [acts].
        """
        actor = _staff().actor
        if connection is not None:
            record.record(connection, actor, what, self.now, about=about, **details)
            return
        with db.writing(self.engine) as own:
            record.record(own, actor, what, self.now, about=about, **details)

    # --- pages ---

    def page(self, template: str, /, title: str = "", status: int = 200, **values: Any) -> Response:
        """templates/desk/<template>.html in the frame; its title is [titles] <title or template> of desk/words/*.toml.

        `problems` (a sequence of Problem) among the values: their words are [problems] <code>.
        """
        looks = self.looks()
        form = guard.Form(self.public.form_key, self.public.clock, self.public.random)
        html = looks.environment.get_template(f"desk/{template}.html").render(
            **self._frame(), titled=title or template, form_token=form, **{"problems": (), **values}
        )
        response = Response(html, status, mimetype="text/html")
        return protect(form.bind(response), PAGE)

    def date_problems(self, field: str, label: str, wrongs: Iterable[Wrong]) -> tuple[Problem, ...]:
        """`field`: the id of the date's boxes; `label`: what the date is called."""
        return date_problems(self.looks().environment, field, label, wrongs)

    def _frame(self) -> dict[str, Any]:
        who: Staff | None = getattr(g, "staff", None)
        return {
            "publisher": self.house.publisher,
            "staff": who,
            "may": (lambda role: who is not None and who.may(role)),
            "menu": self._menu(who),
            "done": request.args.get("done", ""),
            "path": path,
            "spoken": self.spoken,
            "today": self.today,
            "top": f"{urlsplit(self.house.publisher.url).path.rstrip('/')}/",
            "now": self.now,
            "bulletin_name": self.public.name,
        }

    def _menu(self, who: Staff | None) -> list[tuple[str, bool]]:
        """(name of a route, whether this page is under it)."""
        found = [self.routes[name] for name in MENU if name in self.routes]
        shown = [route for route in found if who and (route.role is None or who.may(route.role))]
        here = _room(request.path)
        if here == "send" and all(route.name != "send" for route in shown):
            here = "editions"  # an editor approves one action there
        return [(route.name, _room(route.rule) == here) for route in shown]

    def spoken(self, moment: datetime) -> str:
        """ "Tuesday 14 January 2025, 9am" on the publisher's clock."""
        there = moment.astimezone(self.house.calendar.zone)
        return f"{say(there.date())}, {say_clock(there.time())}"

    def go(self, name: str, /, done: str = "", **values: Any) -> Response:
        """After a form: to one of our own pages, where [notices] <done> says what was done."""
        there = path(name, **values)
        return self.go_to(f"{there}?{urlencode({'done': done})}" if done else there)

    def go_to(self, there: str) -> Response:
        return redirect(there, 303)  # type: ignore[return-value]


def path(name: str, /, **values: Any) -> str:
    """The path of a route of the desk."""
    return url_for(f"{ENDPOINT}{name}", **values)


def _room(text: str) -> str:
    """'subscribers' of /desk/subscribers/17."""
    return text.strip("/").split("/")[1] if "/" in text.strip("/") else ""


def _staff() -> Staff:
    found: Staff = g.staff
    return found
