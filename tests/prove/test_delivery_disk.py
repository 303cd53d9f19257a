"""R4 and R5: the disk is full, or breaks, at every write of a sending: told, nothing lost, nothing twice, and resuming goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine

import db
from delivery.ledger import books
from delivery.model import State
from tests.delivery.house import deliver, frozen
from tests.delivery.servers import MailServer
from tests.prove.test_delivery_kills import Zygote, way

pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("delivery disk")]

READERS, CONNECTIONS = 30, 3
PAGE = 4096
ROOM = 64 * 2**20


@dataclass
class Tally:
    points: int = 0
    failed: int = 0
    twice: int = 0
    lost: int = 0
    wrong_sums: int = 0
    quiet: list[str] = field(default_factory=list)
    """Points at which the sender failed without saying why."""

    def __str__(self) -> str:
        return f"{self.points} points, {self.failed} stopped the sender, {self.twice} twice, {self.lost} lost"


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """What the senders write on their standard error."""
    (tmp_path / "said").touch()
    return tmp_path / "said"


@pytest.fixture
def zygote(said: Path) -> Iterator[Zygote]:
    if not shutil.which("strace"):
        pytest.fail("this proof needs strace: apt-get install strace")
    with said.open("a") as file:
        running = Zygote(stderr=file)
        yield running
        running.close()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A database with a frozen mailing."""
    file = tmp_path / "template.db"
    engine = db.open_database(f"sqlite:///{file}")
    db.migrate(engine)
    frozen(engine, READERS)
    engine.dispose()
    return file


Suffer = Callable[[str, int], int]


def _point(template: Path, folder: Path, suffer: Suffer, heal: Callable[[], None], tally: Tally, said: Path) -> int:
    """A sending that suffers, then one that resumes it. The first one's status."""
    for old in folder.glob("bulletin.db*"):
        old.unlink()
    shutil.copy(template, folder / "bulletin.db")
    url = f"sqlite:///{folder}/bulletin.db"
    before = said.stat().st_size
    with MailServer() as server:
        status = suffer(url, server.port)
        server.settle()
        heal()
        engine = db.open_database(url)
        deliver(engine, 1, server.port)
        server.settle()
        _count(engine, server, tally)
        engine.dispose()
    tally.points += 1
    tally.failed += status != 0
    words = said.read_text()[before:]
    if status != 0 and not any(word in words for word in ("full", "disk I/O error", "unable to open")):
        tally.quiet.append(f"status {status}: {words[-200:]}")
    return status


def _count(engine: Engine, server: MailServer, tally: Tally) -> None:
    with engine.connect() as connection:
        fates = list(books.fates(connection, 1))
        tally.wrong_sums += books.counts(connection, 1) != books.recount(connection, 1)
    tally.twice += sum(copies > 1 for copies in server.copies.values())
    tally.lost += READERS - len(fates)
    for fate in fates:
        is_there = server.copies[fate.address] >= 1
        tally.lost += not (fate.state is State.IN_DOUBT or (fate.state is State.ACCEPTED and is_there))


def _nothing() -> None:
    pass


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("lasts", ["+", ""], ids=["from then on", "once"])
def test_a_disk_that_fails_at_any_write_or_sync_loses_nothing_and_sends_nothing_twice(
    zygote: Zygote, template: Path, said: Path, tmp_path: Path, error: str, lasts: str
) -> None:
    tally = Tally()
    for call in ("pwrite64", "fdatasync"):
        quiet = 0
        for number in range(1, 1000):

            def suffer(url: str, port: int, call: str = call, number: int = number) -> int:
                given = f"error={error}:when={number}{lasts}"
                return zygote.meets(call, given, url, 1, port, CONNECTIONS, "impatient", way(number))

            # Once, the second try gets over it: only when many in a row change nothing have all calls been met.
            quiet = 0 if _point(template, tmp_path, suffer, _nothing, tally, said) else quiet + 1
            if quiet == (2 if lasts else 25):
                break
    print(f"{error}{lasts}: {tally}")
    assert tally.points >= (60 if lasts else 50)
    assert tally.failed >= (50 if lasts else 1)
    assert (tally.twice, tally.lost, tally.wrong_sums, tally.quiet) == (0, 0, 0, [])


@contextmanager
def small_disk(folder: Path) -> Iterator[Callable[[int], None]]:
    """A file system in memory; told a number of bytes, it is as large as what is on it and that much more."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.fail(f"this proof mounts a file system, which root must do: {made.stderr.decode().strip()}")

    def resize(free: int) -> None:
        used = os.statvfs(folder)
        size = (used.f_blocks - used.f_bfree) * used.f_frsize + free
        subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _on_a_full_disk(zygote: Zygote, template: Path, said: Path, folder: Path, flag: str, step: int) -> Tally:
    """With no room at all, a page more, … until there is enough."""
    tally = Tally()
    with small_disk(folder) as resize:
        for pages in range(0, 400, step):

            def suffer(url: str, port: int, pages: int = pages) -> int:
                resize(pages * PAGE)
                return zygote.run(url, 1, port, CONNECTIONS, "impatient", way(pages // step), flag)

            if _point(template, folder, suffer, lambda: resize(ROOM), tally, said) == 0:
                break
    return tally


def test_a_disk_that_is_full_after_any_page_loses_nothing_and_sends_nothing_twice(
    zygote: Zygote, template: Path, said: Path, tmp_path: Path
) -> None:
    tally = _on_a_full_disk(zygote, template, said, tmp_path / "disk", "", 1)
    print(f"full disk: {tally}")
    assert tally.failed >= 30
    assert (tally.twice, tally.lost, tally.wrong_sums, tally.quiet) == (0, 0, 0, [])


def test_the_control_that_lets_the_dot_go_before_the_ledger_sends_twice_on_a_full_disk(
    zygote: Zygote, template: Path, said: Path, tmp_path: Path
) -> None:
    tally = _on_a_full_disk(zygote, template, said, tmp_path / "disk", "wrong", 6)
    print(f"control: {tally}")
    assert tally.twice > 0, "the proof cannot see a letter that goes twice"
