"""What every public page has at hand, and how a page is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Response
from markupsafe import escape
from sqlalchemy import Engine

from builder.model import Bulletin, House
from desk.notes.letters import Sending, Writer, name_of
from desk.settings import Settings
from desk.web.guard import Form
from desk.web.limits import Limits
from desk.web.reading import Reading
from subscribers import store
from subscribers.model import Basis, Proof, Subscriber
from subscribers.tokens import Keys, Link, read_link


class BadLink(Exception):
    """A link that we never made, or one that a mail programme has cut short."""


class Nobody(Exception):
    """A link of ours whose reader is no longer held."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to mend in a form. `field`: the id of its first input; `said`: words of its own."""

    field: str
    code: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """Everything comes from outside, time, chance and mail too."""

    live: Callable[[], Settings]
    """The settings as they stand now: staff may change some of them while the pages are served."""
    engine: Engine
    keys: Keys
    form_key: bytes
    bases: Mapping[str, Basis]
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    pause: Callable[[float], None]
    reading: Reading
    sending: Sending
    limits: Limits
    outbox: Path
    """The folder of letters that are only files."""
    reports: Path
    """The folder of what staff were told: it names people too."""

    @property
    def house(self) -> House:
        return self.live().house

    @property
    def writer(self) -> Writer:
        """By the names that the settings have now."""
        return Writer(self.house, self.keys, self.sending, lambda: self.reading().stationery)

    @property
    def offered(self) -> tuple[Bulletin, ...]:
        """The bulletins that still come out, the main one first."""
        today = self.today
        running = [b for b in self.house.bulletins.values() if b.last is None or b.last >= today]
        return tuple(sorted(running, key=lambda bulletin: not bulletin.main))

    @property
    def today(self) -> date:
        return self.clock().astimezone(self.house.calendar.zone).date()

    def name(self, bulletin: str) -> str:
        return name_of(self.house, bulletin)

    def proof(self, how: str, wording: str = "") -> Proof:
        return Proof(self.clock(), how, wording=wording)

    def link(self, token: str, purpose: str) -> Link:
        """Raises BadLink."""
        found = read_link(self.keys, token)
        if found is None or found.purpose != purpose:
            raise BadLink
        return found

    def person(self, token: str) -> Subscriber:
        """Whose preferences these are. Raises BadLink, Nobody."""
        link = self.link(token, "preferences")
        found = store.glance(self.engine, link.subscriber_id)
        if found is None:
            raise Nobody
        return found

    def page(self, template: str, title: str = "", status: int = 200, **values: Any) -> Response:
        """templates/public/<template>.html; its title is [public] "title-…" of words.toml."""
        read = self.reading()
        said = read.words[f"title-{title or template}"]
        shown = f"{said} – {read.frame.home.text} – {self.house.publisher.name}"
        if values.get("problems"):
            shown = read.words["title-problem"].format(title=shown)
        form = Form(self.form_key, self.clock, self.random)
        content = read.environment.get_template(f"public/{template}.html").render(
            frame=read.frame, said=said, top=read.top, form_token=form, **values
        )
        before, between, after = read.shell
        html = f"{before}{escape(shown)}{between}{content}{after}"
        return form.bind(Response(html, status, mimetype="text/html"))
