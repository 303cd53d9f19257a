"""A cluster's worker in a process of its own: `python -m tests.delivery.worker URL SYSTEM_URL NAME [HOST:]PORT [MAILING]`.

One that is given a mailing begins it or joins in, and prints how it ended.
"""

from __future__ import annotations

import json
import sys
import time

import db
from delivery.cluster import Cluster, Worker
from delivery.smtp.relay import SmtpEngine
from tests.delivery.house import relay, terms


def main(url: str, system_url: str, name: str, port: str, mailing: str = "") -> None:
    database = db.open_database(url)
    cluster = Cluster(system_url, name, workers=3, share_size=100)
    host, _, number = port.rpartition(":")
    there = relay(int(number), connections=2, **({"host": host} if host else {}))
    with Worker(database, cluster, lambda: SmtpEngine(there), terms()) as worker:
        if mailing:
            ended = worker.wait(worker.start(mailing))
            print(json.dumps([ended.how, ended.problem]), flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    main(*sys.argv[1:])
