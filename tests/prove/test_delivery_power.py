"""R3: the power is cut after every write of a sending; what the ledger had acknowledged is there in every possible disk."""

from __future__ import annotations

import hashlib
import random
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import db
from tests.delivery.house import frozen
from tests.delivery.servers import MailServer
from tests.prove.power import Cut, cuts, traced

pytestmark = pytest.mark.prove

HOUSE = Path(__file__).parents[2]
READERS, CONNECTIONS = 60, 3


@dataclass
class Tally:
    cuts: int = 0
    images: int = 0
    promises: int = 0
    lost: int = 0
    damaged: int = 0
    seen: set[bytes] = field(default_factory=set)


def _proof(tmp_path: Path, synchronous: str = "") -> Tally:
    """A sending, traced; then every disk that a cut may leave behind."""
    base, marks = tmp_path / "house" / "bulletin.db", tmp_path / "marks"
    base.parent.mkdir()
    marks.touch()
    engine = db.open_database(f"sqlite:///{base}")
    db.migrate(engine)
    mailing = frozen(engine, READERS)
    engine.dispose()
    before = {str(file): file.read_bytes() for file in base.parent.glob("bulletin.db*") if not _is_scratch(file)}
    with MailServer() as server:
        sender = [
            sys.executable,
            "-m",
            "tests.prove.recorded_sender",
            f"sqlite:///{base}",
            str(mailing),
            str(server.port),
        ]
        watched = [base, Path(f"{base}-wal"), base.parent, marks]
        given = [str(CONNECTIONS), str(marks), *([synchronous] if synchronous else [])]
        steps = traced([*sender, *given], watched, tmp_path / "trace", cwd=HOUSE)
        assert len(server.taken) == READERS
    assert sum(step.call == "pwrite64" for step in steps) > 50, "the trace has seen nothing"
    tally = Tally()
    for cut in cuts(steps, before, str(marks), random.Random(7)):
        _look(cut, tmp_path / "after", tally)
    return tally


def _is_scratch(file: Path) -> bool:
    """SQLite makes the index of its log anew after a cut; locks hold nothing."""
    return file.name.endswith(("-shm", ".lock"))


def _look(cut: Cut, folder: Path, tally: Tally) -> None:
    tally.cuts += 1
    promised = _promised(cut.marks)
    for image in cut.images:
        mark = _digest(image, cut.marks)
        if mark in tally.seen:
            continue
        tally.seen.add(mark)
        tally.images += 1
        tally.promises += len(promised)
        found = _states(image, folder)
        if found is None:
            tally.damaged += 1
        else:
            tally.lost += sum(found.get(row) not in later for row, later in promised.items())


def _promised(marks: str) -> dict[int, set[str]]:
    """Row → the state it was last acknowledged in, and those that may follow it."""
    last = {int(row): state for row, state in (line.split() for line in marks.splitlines())}
    follow = {"attempting": {"attempting", "accepted", "failed", "deferred"}}
    return {row: follow.get(state, {state}) for row, state in last.items()}


def _digest(image: Mapping[str, bytes], marks: str) -> bytes:
    found = hashlib.sha256(marks.encode())
    for name in sorted(image):
        found.update(name.encode() + image[name])
    return found.digest()


def _states(image: Mapping[str, bytes], folder: Path) -> dict[int, str] | None:
    """The ledger as the next start finds it; None when the database is damaged."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in image.items():
        (folder / Path(name).name).write_bytes(content)
    connection = sqlite3.connect(folder / "bulletin.db")
    try:
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            return None
        return dict(connection.execute("SELECT id, state FROM recipient"))
    except sqlite3.DatabaseError:
        return None
    finally:
        connection.close()


def test_no_power_cut_loses_what_the_ledger_had_acknowledged(tmp_path: Path) -> None:
    tally = _proof(tmp_path)
    print(f"{tally.cuts} cuts, {tally.images} disks, {tally.promises} acknowledged changes, {tally.lost} lost")
    assert tally.cuts >= 200 and tally.promises >= 5_000
    assert (tally.lost, tally.damaged) == (0, 0)


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_control_with_a_weaker_setting_loses_what_it_had_acknowledged(tmp_path: Path, synchronous: str) -> None:
    tally = _proof(tmp_path, synchronous)
    print(f"{synchronous}: {tally.cuts} cuts, {tally.images} disks, {tally.promises} acknowledged, {tally.lost} lost")
    assert tally.lost > 100, "the proof cannot see a loss"
