"""Some work in another process, begun by forking this one, so that two processors share it."""

from __future__ import annotations

import marshal
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from select import select
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Aside(Generic[T]):
    """Calling it gives what came of the work: plain values, as marshal has them.

    Where no other process can be begun, and where the work fails there, it is done here, and its error is told.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        # Another thread may hold a lock that nobody would ever open in the new process.
        self._begun = _begin(work) if hasattr(os, "fork") and threading.active_count() == 1 else None

    @property
    def is_running(self) -> bool:
        """Whether nothing has come of it yet."""
        return self._begun is not None and not select([self._begun[1]], [], [], 0)[0]

    def __call__(self) -> T:
        if self._begun is None:
            return self._work()
        process, end = self._begun
        self._begun = None
        with os.fdopen(end, "rb") as pipe:
            raw = pipe.read()
        _, status = os.waitpid(process, 0)
        return marshal.loads(raw) if raw and status == 0 else self._work()


WORTH = 8  # tasks; for fewer, beginning another process costs more than it saves


def shared(tasks: Sequence[Callable[[], T]], processes: int) -> list[T]:
    """What came of each task, in their order. Each process takes the next task that nobody has begun."""
    helpers = min(processes, len(tasks) // WORTH) - 1
    if helpers < 1:
        return [task() for task in tasks]
    turns = Turns()
    turns.fill(range(len(tasks)))

    def work() -> dict[int, T]:
        return {n: tasks[n]() for n in turns}

    others = [Aside(work) for _ in range(helpers)]
    found = work()
    for other in others:
        found |= other()
    turns.forget()
    return [found[n] if n in found else task() for n, task in enumerate(tasks)]


class Turns:
    """Numbers that several processes take in turns, each number once: what is read from a pipe is gone from it."""

    def __init__(self) -> None:
        self.ends = os.pipe()

    def fill(self, numbers: Iterable[int]) -> None:
        os.write(self.ends[1], b"".join(number.to_bytes(4, "big") for number in numbers))
        self.close()

    def close(self) -> None:
        """The numbers end when nobody can add any."""
        os.close(self.ends[1])

    def forget(self) -> None:
        os.close(self.ends[0])

    def __iter__(self) -> Iterator[int]:
        while raw := os.read(self.ends[0], 4):
            yield int.from_bytes(raw, "big")


def _begin(work: Callable[[], Any]) -> tuple[int, int]:
    here, there = os.pipe()
    process = os.fork()
    if process:
        os.close(there)
        return process, here
    status = 1
    with suppress(BaseException):  # nothing of the first process may go on in this one
        with os.fdopen(there, "wb") as pipe:
            pipe.write(marshal.dumps(work()))
        status = 0
    os._exit(status)
