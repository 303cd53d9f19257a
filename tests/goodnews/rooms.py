"""A whole newsroom on a house of its own: content that may be written to, a database, letters as files, a clock that stands."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

import db
from desk import rounds
from desk.goodnews.newsroom import Newsroom, read_stationery
from desk.house import open_press
from desk.notes.carrying import make_postman
from desk.notes.letters import Writer
from desk.notes.outbox import Outbox
from desk.settings import Settings, load
from goodnews import store
from goodnews.model import Held
from subscribers.tokens import Keys
from tests.editions import ROOT

NOW = datetime(2025, 1, 22, 9, tzinfo=UTC)  # a Wednesday: copy for 28 January closes tomorrow at noon


@cache
def _compiled() -> Path:
    """Templates are compiled once for all houses of a run: they are the same."""
    folder = tempfile.mkdtemp(prefix="bulletin-templates-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def share_templates(folder: Path) -> None:
    """To be called before a new house is used."""
    kept = folder / "var" / "cache"
    kept.mkdir(parents=True)
    (kept / "templates").symlink_to(_compiled())


@dataclass
class Paper:
    settings: Settings
    engine: Engine
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.keys = Keys(b"l" * 32, b"a" * 32)
        stationery = read_stationery(self.settings, self.now)
        postman = make_postman(self.engine, self.settings, lambda: self.now)
        sending = Outbox(self.settings.house.publisher, lambda: self.now, postman.hurry)
        self.room = Newsroom(
            live=lambda: self.settings,
            engine=self.engine,
            keys=self.keys,
            clock=lambda: self.now,
            writer=Writer(self.settings.house, self.keys, sending, lambda: stationery),
            random=os.urandom,
        )

    @property
    def root(self) -> Path:
        return self.settings.root

    @property
    def letters(self) -> list[str]:
        """Subjects of letters, with what they say."""
        found = []
        for file in sorted((self.root / "var" / "outbox").glob("*.eml")):
            message: Any = message_from_bytes(file.read_bytes(), policy=policy.default)
            found.append(f"{message['To']} | {message['Subject']}\n{message.get_body(('plain',)).get_content()}")
        return found

    def look(self, read: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with db.reading(self.engine) as connection:
            return read(connection, *args, **more)

    @property
    def stories(self) -> list[Held]:
        return self.look(store.listed)  # type: ignore[no-any-return]

    def publish(self) -> None:
        press = open_press(self.settings, now=self.now)
        rounds.publish_archive(press)
        press.cache.close()

    def anywhere(self, *words: bytes, under: tuple[str, ...] = ("content", "site", "out", "var/cache")) -> list[str]:
        """Files that hold any of these words."""
        files = [file for folder in under for file in (self.root / folder).rglob("*") if file.is_file()]
        return [str(f.relative_to(self.root)) for f in files if any(word in f.read_bytes() for word in words)]


def make_paper(folder: Path, engine: Engine, *bulletins: str) -> Paper:
    """The shipped house with content of its own, cut down to these bulletins' last editions."""
    share_templates(folder)
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "bulletin.toml", folder / "bulletin.toml")
    (folder / "content" / "permalinks.txt").unlink(missing_ok=True)
    for name in ("together", "ecourier", "send"):
        if name not in bulletins:
            shutil.rmtree(folder / "content" / name)
    shutil.rmtree(folder / "content" / "weekly" / "2025-01-14")
    shutil.rmtree(folder / "content" / "documents")
    for file in (folder / "content" / "weekly").glob("*/*.md"):
        if file.name != "edition.md":
            file.unlink()
    return Paper(load(folder, None, {"BULLETIN__PUBLISHER__URL": "http://localhost"}), engine)
