"""A whole public site for a test: its house, database, clock and mailbox, and a reader who uses nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

import db
from desk.settings import Settings, load
from desk.staff import entrance, store
from desk.staff.model import Role
from desk.web.staff import session
from subscribers.address import parse
from tests.editions import ROOT

MORNING = datetime(2025, 1, 22, 9, tzinfo=UTC)
URL = "http://localhost"


@dataclass
class Clock:
    """Each look at it is three seconds later, as if somebody filled in the form."""

    at: datetime = MORNING
    step: timedelta = timedelta(seconds=3)

    def __call__(self) -> datetime:
        self.at += self.step
        return self.at


def make_house(folder: Path, url: str = URL, more: Mapping[str, str] | None = None) -> Settings:
    """The shipped house with a folder for var/ and site/ of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("content", "bulletin.toml"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return load(folder, None, {"BULLETIN__PUBLISHER__URL": url, **(more or {})})


@dataclass(frozen=True)
class Mail:
    """A letter as its reader has it."""

    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)  # type: ignore[return-value]

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def to(self) -> str:
        return str(self.message["To"])

    def part(self, kind: str) -> str:
        found = self.message.get_body((kind,))
        assert found is not None
        return str(found.get_content())

    @property
    def text(self) -> str:
        return self.part("plain")

    def link(self, page: str) -> str:
        """The path of the link to that page, from the text."""
        found = re.search(rf"https?://[^\s()]+/{page}/[^\s()]+", self.text)
        assert found, f"no link to {page} in:\n{self.text}"
        return urlsplit(found[0]).path


@dataclass
class Place:
    app: Flask
    engine: Engine
    settings: Settings
    outbox: Path
    clock: Clock
    paused: list[float] = field(default_factory=list)

    @property
    def mail(self) -> list[Mail]:
        return [Mail(file.read_bytes()) for file in sorted(self.outbox.glob("*.eml"))]

    def mail_to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mail if mail.to == address]

    def reader(self, **environ: Any) -> Reader:
        return Reader(self, self.app.test_client(), environ)

    def at_desk(self, role: Role = "administrator", name: str = "") -> Reader:
        """Somebody with this role, signed in at the desk."""
        address = parse(f"{role}@norfolk.example")
        with db.writing(self.engine) as connection:
            who = store.by_key(connection, address.key) or store.add(
                connection, address, role, self.clock.at, name=name or f"A {role}"
            )
            token = entrance.begin(connection, who, self.clock.at)
        reader = self.reader()
        reader.client.set_cookie(session.COOKIE, token)
        return reader

    def everything(self) -> dict[str, list[Any]]:
        """The whole database."""
        with self.engine.connect() as connection:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"))
            return {
                name: [tuple(row) for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
                for name in names.scalars().all()
            }


@dataclass
class Reader:
    """Somebody with a browser: fetches pages, fills in their forms, presses their buttons."""

    place: Place
    client: FlaskClient
    environ: Mapping[str, Any] = field(default_factory=dict)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, environ_overrides=dict(self.environ), **more)

    def post(self, path: str, data: Mapping[str, Any] | None = None, *, form: str = "", **more: Any) -> TestResponse:
        """As the form on the page `form` (default: the same path) sends it."""
        shown = self.get(form or path)
        found = re.search(r'name="form" value="([^"]+)"', shown.text)
        filled = {"form": found[1] if found else "", **(data or {})}
        return self.client.post(path, data=filled, environ_overrides=dict(self.environ), **more)

    def sign_up(self, address: str, **data: Any) -> TestResponse:
        return self.post("/subscribe", {"address": address, "bulletin": "weekly", **data})

    def subscribe(self, address: str, **data: Any) -> Mail:
        """All the way to the welcome letter."""
        assert self.sign_up(address, **data).status_code == 200
        answer = self.post(self.place.mail_to(address)[-1].link("confirm"))
        assert answer.status_code == 200, answer.text
        return self.place.mail_to(address)[-1]


def forms(html: str) -> Iterator[str]:
    """The token of every form on a page."""
    yield from re.findall(r'name="form" value="([^"]+)"', html)
