"""A cluster's worker in a process of its own: `python -m tests.delivery.worker URL SYSTEM_URL NAME PORT [MAILING]`."""

from __future__ import annotations

import sys
import time

import db
from delivery.cluster import Cluster, Worker
from delivery.relay import SmtpEngine
from tests.delivery.house import relay, terms


def main(url: str, system_url: str, name: str, port: str, mailing: str = "") -> None:
    database = db.open_database(url)
    cluster = Cluster(system_url, name, workers=3, share_size=100)
    with Worker(database, cluster, lambda: SmtpEngine(relay(int(port), connections=2)), terms()) as worker:
        if mailing:
            worker.start(mailing)
        time.sleep(3600)


if __name__ == "__main__":
    main(*sys.argv[1:])
