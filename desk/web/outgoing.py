"""What leaves by itself while the site is served: planned sendings, deferred letters, the edition for who came late.

A sending is a process of its own, the same command that a timer would start: it does not slow the pages down, it ends
cleanly when asked, and it goes on when the site is killed.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event, Thread

import desk
from desk.delivering import Delivering, read_delivering
from desk.mailing.planning import is_due
from desk.readers.register import Register

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
AFTER_TROUBLE_SECONDS = 120.0  # what is in the way is mended by a person, not by asking at once again
END_SECONDS = 10.0  # R2: the letters under way end properly


class Sender:
    """Looks again and again whether something is due. `is_pretending`: the clock is not the machine's."""

    def __init__(self, register: Register, clock: Callable[[], datetime], *, is_pretending: bool = False) -> None:
        self._register, self._clock, self._is_pretending = register, clock, is_pretending
        self._stopped = Event()
        self._thread: Thread | None = None

    def watch(self) -> None:
        self._thread = Thread(target=self._watch, name="sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends what was begun: letters under way, nothing new."""
        self._stopped.set()
        if self._thread:
            self._thread.join(END_SECONDS + 1)

    def look(self) -> bool:
        """Whether all is well: nothing was due, or what was due left."""
        delivering: Delivering = read_delivering(self._register.settings)
        now = self._clock()
        today = now.astimezone(self._register.settings.house.calendar.zone).date()
        return not is_due(self._register.engine, now, today, late=delivering.late) or self._run()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                is_well = self.look()
            except Exception as error:  # the outermost loop: the next look tries again
                log.error("What is due could not be looked for: %s", type(error).__name__)
                is_well = False
            self._stopped.wait(LOOK_SECONDS if is_well else AFTER_TROUBLE_SECONDS)

    def _run(self) -> bool:
        nothing = subprocess.DEVNULL
        with subprocess.Popen(self._command(), stdin=nothing, stdout=nothing, env=_same_code()) as child:
            while child.poll() is None:
                if self._stopped.wait(0.2):
                    child.terminate()
                    return self._ended(child)
            return child.returncode == 0

    def _ended(self, child: subprocess.Popen[bytes]) -> bool:
        try:
            return child.wait(END_SECONDS) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            return False

    def _command(self) -> list[str]:
        settings = self._register.settings
        house = ["--directory", str(settings.root), "--config", str(settings.file)]
        there = self._clock().astimezone(settings.house.calendar.zone).replace(tzinfo=None)
        now = ["--now", there.isoformat(timespec="minutes")] if self._is_pretending else []
        return [sys.executable, "-P", "-m", "desk.cli", *house, "schedule", "run", *now]


def _same_code() -> dict[str, str]:
    """The child runs what we run, wherever that was found."""
    ours = [str(Path(desk.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, ours))}
