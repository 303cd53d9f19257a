"""Senders ready in a millisecond: everything is imported once, then each victim is a fork that waits to be traced.

`python -m tests.prove.delivery_zygote` reads lines `URL MAILING PORT CONNECTIONS FLAGS` and answers the pid of a stopped
process; told `go`, it lets that process run and answers its wait status.
"""

from __future__ import annotations

import math
import os
import signal
import sys

import tests.delivery.victim as victim
from delivery.loop import commits


def main() -> None:
    for line in sys.stdin:
        if line.strip() == "go":
            continue
        url, mailing, port, connections, *flags = line.split()
        pid = os.fork()
        if pid == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            if "impatient" in flags:
                commits.LEDGER_TRIES = (0.01,)
            if "quick" in flags or "patient" in flags:
                commits.QUICK_SECONDS = math.inf if "quick" in flags else 0.0
            os._exit(_sent(url, int(mailing), int(port), int(connections), is_wrong="wrong" in flags))
        os.waitpid(pid, os.WUNTRACED)
        _say(pid)
        sys.stdin.readline()
        os.kill(pid, signal.SIGCONT)
        _say(os.waitpid(pid, 0)[1])


def _sent(url: str, mailing: int, port: int, connections: int, *, is_wrong: bool) -> int:
    """What the program would say of an error, and its exit code."""
    try:
        victim.send(url, mailing, port, connections, is_wrong=is_wrong)
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        return 1
    return 0


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
