"""One sender in a process of its own: prints seconds, letters, peak memory and the moment of its first answer as JSON."""

from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from pathlib import Path

import db
from delivery.ledger.sending import Ledger
from delivery.letter import dkim
from delivery.loop.run import Terms, send
from delivery.model import Counts
from delivery.smtp.relay import Relay, SmtpEngine


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("mailing", type=int)
    parser.add_argument("port", type=int)
    parser.add_argument("connections", type=int)
    parser.add_argument("--in-flight", type=int, default=1)
    parser.add_argument("--dkim", action="store_true")
    parser.add_argument("--stop-after", type=float, default=0)
    parser.add_argument("--share", type=int, default=0)
    parser.add_argument("--rows", default="")
    given = parser.parse_args()
    first: list[float] = []

    def progress(counts: Counts) -> None:
        if counts.accepted > before and not first:
            first.append(time.time())

    rows = range(*map(int, given.rows.split(":"))) if given.rows else None
    terms = Terms(secret=b"bench", sign=_signer() if given.dkim else None)
    relay = Relay("127.0.0.1", given.port, tls="none", connections=given.connections, in_flight=given.in_flight)
    if given.stop_after:
        threading.Timer(given.stop_after, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with Ledger(
        db.open_database(given.url), given.mailing, owner=1 + given.share, share=given.share, rows=rows
    ) as ledger:
        before = ledger.counts().accepted
        begun, busy = time.perf_counter(), time.process_time()
        summary = send(ledger, SmtpEngine(relay), terms, progress=progress)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "ended": summary.ended, "letters": summary.counts.accepted - before,
                      "problem": summary.problem, "memory": _peak_memory(), "cpu": cpu, "first": first[0] if first else None}))  # fmt: skip


def _peak_memory() -> int:
    """In bytes, of this program alone: `getrusage` begins with what the bench that started it held."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].removesuffix("kB")) * 1024


def _signer() -> dkim.Signer:
    pems = zip(("rsa", "ed"), dkim.new_keys(), strict=True)
    return dkim.Signer([dkim.load_key("bulletin.example", selector, pem) for selector, pem in pems])


if __name__ == "__main__":
    main()
