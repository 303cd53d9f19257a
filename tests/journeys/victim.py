"""The command line with a knife in it: `python -m tests.journeys.victim record FILE … | kill FILE.py:LINE … words of bulletin`.

`record` writes every line of the sending's own modules that was reached; `kill` is SIGKILL before that line runs first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
WATCHED = frozenset(
    str(ROOT / name)
    for name in (
        *(
            "desk/rounds.py",
            "desk/mailing/sending.py",
            "desk/mailing/freezing.py",
            "desk/mailing/selecting.py",
            "desk/commands/sending.py",
        ),
        *(f"delivery/ledger/{name}.py" for name in ("freezing", "books", "sending", "fence")),
        *(f"delivery/loop/{name}.py" for name in ("run", "commits", "lineup")),
        *("delivery/smtp/conversation.py", "delivery/smtp/exchange.py", "delivery/folder.py", "builder/publish.py"),
    )
)
assert all(Path(name).is_file() for name in WATCHED)
reached: set[str] = set()


def tracer(deadly: str) -> Any:
    def local(frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            here = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            if here == deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            reached.add(here)
        return local

    def outer(frame: FrameType, _event: str, _arg: object) -> Any:
        return local if frame.f_code.co_filename in WATCHED else None

    return outer


def main(how: str, what: str, words: list[str]) -> None:
    from desk.cli import main as bulletin

    trace = tracer(what if how == "kill" else "")
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        bulletin(words)
    finally:
        sys.settrace(None)
        if how == "record":
            Path(what).write_text("\n".join(sorted(reached)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
