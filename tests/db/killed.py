"""Run as a program by test_migrations: kill -9 a migration at each of its statements, and look at what is left.

    python -m tests.db.killed STEP URL...

Each URL is an empty database; the program tries every STEPth statement, one on each, prints `alive` when the migration came to its
end before that, and a line `left N SCHEMA-LINES` otherwise. It forks, because starting Python anew costs half a second.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

from sqlalchemy import Engine, event

import db
from tests.db.schemas import described

AGAIN = 8  # so many kills until a database that was left empty is migrated to the end once more


def kill_at(url: str, number: int) -> bool:
    """Whether a child that migrates `url` was killed before its statement `number`."""
    if not (child := os.fork()):
        _migrate_until(db.open_database(url), number)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _migrate_until(engine: Engine, number: int) -> None:
    numbers = count(1)

    def before(*_: object) -> None:
        if next(numbers) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", before)
    db.migrate(engine)


def main(step: int, urls: list[str]) -> None:
    whole = 0
    for index, (number, url) in enumerate(zip(count(1, step), urls, strict=False)):
        if not kill_at(url, number):
            print("alive")
            return
        engine = db.open_database(url)
        left = len(described(engine))
        if left or not whole or index % AGAIN == 0:  # an empty database is as empty as the one before
            db.migrate(engine)
            db.check_version(engine)
            whole = len(described(engine))
        print("left", number, left, whole, flush=True)
        engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
