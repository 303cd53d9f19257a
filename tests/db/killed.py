"""Run as a program by test_migrations: kill -9 a migration at each of its statements, and look at what is left.

    python -m tests.db.killed URL...

Each URL is an empty database; the program tries the Nth statement on the Nth, prints `alive` when the migration came to its
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


def main(urls: list[str]) -> None:
    for number, url in enumerate(urls, 1):
        if not kill_at(url, number):
            print("alive")
            return
        engine = db.open_database(url)
        left = described(engine)
        db.migrate(engine)
        db.check_version(engine)
        print("left", number, len(left), len(described(engine)), flush=True)
        engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1:])
