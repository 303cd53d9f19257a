"""A process that opens the database again keeps the locks that it holds already: losing them damaged a database once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

import db

WRITES_AT_ONCE = (
    "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
)


def another_process_may_write(path: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", WRITES_AT_ONCE, str(path)], capture_output=True, text=True)
    assert done.returncode == 0 or "locked" in done.stderr, done.stderr
    return done.returncode == 0


def test_opening_it_again_drops_no_lock_of_this_process(tmp_path: Path) -> None:
    path = tmp_path / "bulletin.db"
    first = db.open_database(f"sqlite:///{path}")
    db.migrate(first)
    with db.writing(first) as connection:
        connection.execute(text("SELECT 1"))
        assert not another_process_may_write(path)
        second = db.open_database(f"sqlite:///{path}")
        assert not another_process_may_write(path)
        second.dispose()
    assert another_process_may_write(path)
    first.dispose()
    checked = sqlite3.connect(path)
    assert checked.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    checked.close()
