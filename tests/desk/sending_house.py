"""The shipped house in a folder of its own, with readers, and a mail server that keeps what it takes."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from click.testing import CliRunner, Result

from builder.archive import kept
from desk.cli import main
from desk.house import open_press
from desk.mailing.selecting import everything
from desk.rounds import publish_archive
from desk.settings import load
from tests.databases import open_migrated
from tests.editions import ROOT

NOW = "2025-01-14T09:00"
DAY = "2025-01-14"
NAME = f"weekly-{DAY}"
# Address → audience, as staff would type them in.
READERS = {
    "head@primary.norfolk-schools.co.uk": "primary,head",
    "senco@secondary.norfolk-schools.co.uk": "secondary,senco",
    "governor@norfolk-schools.co.uk": "governor",
    "parent@home.co.uk": "parents-carers",
    "everyone@home.co.uk": "",
}


@dataclass
class Inbox:
    """What a real SMTP server (aiosmtpd) was given."""

    letters: list[tuple[str, bytes]] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters += [(recipient, content) for recipient in envelope.rcpt_tos]
        return "250 2.0.0 kept"

    @property
    def addresses(self) -> list[str]:
        return sorted(address for address, _ in self.letters)

    def letter(self, address: str) -> EmailMessage:
        (raw,) = [raw for to, raw in self.letters if to == address]
        return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


@contextmanager
def receiving() -> Iterator[tuple[Inbox, int]]:
    """An inbox and its server's port."""
    inbox = Inbox()
    with socket.socket() as free:  # aiosmtpd cannot be asked which port it was given
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield inbox, port
    finally:
        controller.stop()


@cache
def _warm_house() -> Path:
    """The shipped house, its archive, letters and empty database made once: a test then waits for none of them."""
    folder = Path(tempfile.mkdtemp(prefix="bulletin-house-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copy(ROOT / "bulletin.toml", folder)
    press = open_press(load(folder, None, {}), now=datetime.fromisoformat(f"{NOW}+00:00"))
    publish_archive(press)
    for edition in press.content.editions:
        press.letter(edition, everything(press, edition))
    press.cache.close()
    open_migrated(folder / "var" / "bulletin.db").dispose()
    return folder


def make_house(folder: Path, *, published: bool = True) -> Path:
    """Not `published`: with no archive yet, so that the first sending makes it."""
    warm = _warm_house()
    shutil.copytree(warm, folder, ignore=shutil.ignore_patterns("site", *() if published else ("archive",)))
    if published:
        shutil.copytree(warm / "site", folder / "site", copy_function=os.link)  # no file of a site is written twice
        built = kept.load(warm / "var" / "cache", warm / "site")
        built.site, built.spare = kept.identity(folder / "site"), (0, 0)
        kept.prepare(built, folder / "var" / "cache")
    return folder


def over_smtp(port: int) -> dict[str, str]:
    """The settings that lead to the server of a test."""
    return {
        "BULLETIN__DELIVERY__TRANSPORT": "smtp",
        "BULLETIN__DELIVERY__HOST": "127.0.0.1",
        "BULLETIN__DELIVERY__PORT": str(port),
        "BULLETIN__DELIVERY__TLS": "none",
        "BULLETIN__DELIVERY__PATIENCE_SECONDS": "1",
    }


@dataclass(frozen=True)
class Desk:
    """A person at the command line."""

    house: Path
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, typed: str | None = None, **environ: str) -> Result:
        given = ["--directory", str(self.house), *words]
        return CliRunner().invoke(main, given, catch_exceptions=False, env={**self.environ, **environ}, input=typed)

    def ok(self, *words: str, **environ: str) -> Result:
        done = self.run(*words, **environ)
        assert done.exit_code == 0, done.output
        return done

    def json(self, *words: str, **environ: str) -> dict[str, Any]:
        done = self.run(*words, "--json", **environ)
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def status(self, *words: str) -> dict[str, int]:
        """It always adds up."""
        counts = self.json("status", *words)
        assert counts["recipients"] == sum(number for state, number in counts.items() if state != "recipients"), counts
        return counts

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """The real program, in a process of its own."""
        command = [sys.executable, "-m", "desk.cli", "--directory", str(self.house), *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **self.environ, **environ}, text=True, stdout=pipe, stderr=pipe
        )

    def subscribe(self, readers: dict[str, str] = READERS) -> None:
        for address, audience in readers.items():
            self.ok("subscribers", "add", address, "--audience", audience)

    def import_list(self, number: int) -> None:
        """A list as people have it: so many readers, of three kinds."""
        kinds = ("primary,head", "governor", "parents-carers")
        rows = [f"reader{n}@school{n % 7}.co.uk,{kinds[n % 3].replace(',', ';')}" for n in range(number)]
        file = self.house / "list.csv"
        file.write_text("Email,Tags\n" + "\n".join(rows) + "\n")
        self.ok("subscribers", "import", str(file), "--source", "old", "--map", "Tags=phase", "--yes")

    def edit(self, name: str = "edition.md", words: str = "\nOne sentence more.\n") -> None:
        with (self.house / "content" / "weekly" / DAY / name).open("a") as file:
            file.write(words)


def titles(letter: EmailMessage) -> set[str]:
    """The titles of its items, from the headings of the HTML part."""
    body = letter.get_body(("html",))
    assert body is not None
    return set(re.findall(r"<h3[^>]*>(?:<a[^>]*>)?([^<]+)", str(body.get_content())))


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
