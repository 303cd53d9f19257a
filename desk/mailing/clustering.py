"""Sending by several processes on several machines: DBOS hands out the shares, PostgreSQL holds the ledger. Loaded only then."""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from delivery import doctor
from delivery.ledger.sending import settle_leftovers
from delivery.loop.run import Summary
from delivery.model import Counts, DeliveryError
from desk.mailing.engines import make_engine, make_relay
from desk.mailing.office import Office
from desk.mailing.sending import counted, found, terms_of
from desk.settings import SettingsError

if TYPE_CHECKING:
    from delivery.cluster import Worker

LOOK_SECONDS = 0.5


@contextmanager
def working(office: Office, name: str = "") -> Iterator[Worker]:
    """This process helps with every mailing that is under way. `name`: its own among all workers."""
    if office.engine.dialect.name != "postgresql":
        raise SettingsError('[delivery] engine is "dbos", which needs PostgreSQL: set [db] url to postgresql://…')
    try:
        from delivery.cluster import Cluster, Worker
    except ModuleNotFoundError as error:
        raise SettingsError('[delivery] engine is "dbos": pip install "bulletin[cluster]"') from error
    given = office.delivering
    url = given.dbos_url or office.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    cluster = Cluster(url, name or f"{platform.node()}-{os.getpid()}", given.workers, given.share_size)
    make_engine(given)  # a wrong secret is told now, not in the middle of a share
    with Worker(office.engine, cluster, lambda: make_engine(given), terms_of(office)) as worker:
        yield worker


def deliver_by_workers(office: Office, name: str, progress: Callable[[Counts], None] | None) -> Summary:
    """Begins the mailing, or joins those who send it, and stays to its end."""
    sending = found(office, name)
    _try_the_relay(office)
    ended = threading.Event()
    with working(office) as worker:
        watcher = threading.Thread(target=_watch, args=(office, sending.id, progress, ended), daemon=True)
        watcher.start()
        try:
            how = worker.wait(worker.start(name))
        finally:
            ended.set()
            watcher.join(5)
    settle_leftovers(office.engine, sending.id)
    return Summary(how.how, counted(office, sending.id), how.problem)


def _try_the_relay(office: Office) -> None:
    """Workers try for a while before they call it broken; whoever presses the button is told at once."""
    if office.delivering.transport == "smtp":
        for finding in doctor.relay(make_relay(office.delivering)):
            if finding.level == "bad":
                raise DeliveryError(finding.words)


def _watch(office: Office, number: int, progress: Callable[[Counts], None] | None, ended: threading.Event) -> None:
    while progress and not ended.wait(LOOK_SECONDS):
        progress(counted(office, number))
