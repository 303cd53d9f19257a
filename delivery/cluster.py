"""Several sender processes, on one machine or many: a mailing is cut into shares, DBOS hands them out and resumes them.

The ledger stays the truth: a share that is run twice, or by two processes, still sends each letter once. DBOS remembers
which shares are to be done; who dies is replaced. Needs PostgreSQL and `pip install "bulletin[cluster]"`.
"""

import logging
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine as Database
from sqlalchemy import func, select, text

from db.schema import delivery as tables

from . import books, fence
from .engine import Engine
from .ledger import Ledger
from .model import Counts, State
from .run import Terms, send

log = logging.getLogger(__name__)

VERSION = "bulletin-1"  # of what the workflows do; workers of another version leave ours alone
LIFE_SPACE = fence.LOCK_SPACE + 1
MAILINGS, SHARES = "mailings", "shares"  # two queues: a mailing that waits for its shares takes none of their places
ADOPT_SECONDS = 2.0
SHORTEST_WAIT_SECONDS = 5.0
MOST_ROUNDS = 400  # 72 hours of retries at one every ten minutes

_recipient = tables.recipient


@dataclass(frozen=True)
class Cluster:
    """`worker`: the name of this process, its own on every machine. `workers`: among how many the rate is divided."""

    url: str
    worker: str
    workers: int = 1
    share_size: int = 500


class Worker:
    """One sender process: `with Worker(...) as worker: worker.start("weekly-2025-01-14")`, or just stays and helps."""

    def __init__(self, database: Database, cluster: Cluster, engine: Callable[[], Engine], terms: Terms) -> None:
        self._database, self._cluster, self._engine = database, cluster, engine
        limits = terms.limits
        self._terms = replace(terms, limits=replace(limits, rate=limits.rate / cluster.workers))
        self._owner = 1000 + zlib.crc32(cluster.worker.encode()) % 1_000_000
        self._stopping = threading.Event()
        self._send_mailing: Any = None
        self._send_share: Any = None

    def __enter__(self) -> "Worker":
        config: DBOSConfig = {
            "name": "bulletin",
            "system_database_url": self._cluster.url,
            "executor_id": self._cluster.worker,
            "application_version": VERSION,
            "log_level": "WARNING",
        }
        self._life = self._database.connect()
        with self._life.begin():
            self._life.execute(text("SELECT pg_advisory_lock(:space, :key)"), _life_key(self._cluster.worker))
        DBOS(config=config)
        self._register()
        DBOS.launch()
        DBOS.register_queue(MAILINGS, polling_interval_sec=0.2)
        DBOS.register_queue(SHARES, worker_concurrency=1, polling_interval_sec=0.1)
        self._adopting = threading.Thread(target=self._adopt, name="adopting", daemon=True)
        self._adopting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._adopting.join(10)
        DBOS.destroy(destroy_registry=True)
        self._life.close()

    def start(self, name: str, *, again: int = 0) -> None:
        """Begins a mailing, or does nothing when it has begun: its name is the workflow's. `again` for a later resume."""
        with self._database.connect() as connection:
            sending = books.mailing(connection, name)
        assert sending, f"there is no mailing {name}"
        with SetWorkflowID(f"{name}~{again}" if again else name):
            DBOS.enqueue_workflow(MAILINGS, self._send_mailing, sending.id)

    def wait(self, name: str, *, again: int = 0) -> str:
        """How the mailing ended: see run.Summary.ended."""
        return str(DBOS.get_result(f"{name}~{again}" if again else name))

    # ---- the workflows

    def _register(self) -> None:
        """DBOS knows workflows by name; they must be the same in every process."""

        @DBOS.step(name="shares_of")
        def shares_of(mailing_id: int) -> list[tuple[int, int, int]]:
            return self._shares_of(mailing_id)

        @DBOS.step(name="send_it")
        def send_it(mailing_id: int, share: int, first: int, last: int) -> str:
            return self._send_it(mailing_id, share, first, last)

        @DBOS.step(name="look")
        def look(mailing_id: int) -> tuple[str, float]:
            return self._look(mailing_id)

        @DBOS.workflow(name="send_share")
        def send_share(mailing_id: int, share: int, first: int, last: int) -> str:
            return send_it(mailing_id, share, first, last)

        @DBOS.workflow(name="send_mailing")
        def send_mailing(mailing_id: int) -> str:
            for round_ in range(MOST_ROUNDS):
                handles = []
                for share, first, last in shares_of(mailing_id):
                    with SetWorkflowID(f"{DBOS.workflow_id}/{round_}/{share}"):
                        handles.append(DBOS.enqueue_workflow(SHARES, send_share, mailing_id, share, first, last))
                for handle in handles:
                    handle.get_result()
                ended, seconds = look(mailing_id)
                if ended != "waiting":
                    return str(ended)
                DBOS.sleep(seconds)
            return "waiting"

        self._send_share, self._send_mailing = send_share, send_mailing

    def _shares_of(self, mailing_id: int) -> list[tuple[int, int, int]]:
        """Those shares in which somebody still waits for a letter that may be sent now. The same rows, always."""
        size = self._cluster.share_size
        base = select(func.min(_recipient.c.id)).where(_recipient.c.mailing_id == mailing_id)
        open_now = books.is_state(State.QUEUED, State.ATTEMPTING) | (
            books.is_state(State.DEFERRED) & (_recipient.c.not_before <= datetime.now(UTC))
        )
        with self._database.connect() as connection:
            first = connection.execute(base).scalar()
            if first is None:
                return []
            share = ((_recipient.c.id - first) / size).label("share")
            query = select(share).where(_recipient.c.mailing_id == mailing_id, open_now).distinct()
            found = sorted(int(number) for number in connection.execute(query).scalars())
        return [(number + 1, first + number * size, first + (number + 1) * size - 1) for number in found]

    def _send_it(self, mailing_id: int, share: int, first: int, last: int) -> str:
        ledger = Ledger(self._database, mailing_id, owner=self._owner, share=share, rows=range(first, last + 1))
        for _ in range(60):
            try:
                with ledger:
                    summary = send(ledger, self._engine(), self._terms)
                if summary.problem:
                    log.warning("share %s of mailing %s: %s", share, mailing_id, summary.problem)
                return summary.ended
            except fence.BusyError:  # its last owner is not quite dead
                time.sleep(1)
        return "busy"

    def _look(self, mailing_id: int) -> tuple[str, float]:
        """How the mailing stands, and how long to wait before the next round."""
        with Ledger(self._database, mailing_id, owner=self._owner) as ledger:
            if (wanted := ledger.control()) != "run":
                return wanted, 0.0
            if ledger.finish(datetime.now(UTC)):
                return "finished", 0.0
            counts, due = ledger.counts(), ledger.next_due()
        return "waiting", _seconds(counts, due)

    # ---- those who died

    def _adopt(self) -> None:
        """What a dead worker had begun goes back to the queues. One worker at a time looks."""
        while not self._stopping.wait(ADOPT_SECONDS):
            try:
                with self._database.connect() as connection, connection.begin():
                    query = text("SELECT pg_try_advisory_xact_lock(:space, 0)")
                    if connection.execute(query, {"space": LIFE_SPACE + 1}).scalar():
                        self._adopt_from(connection)
            except Exception:
                log.exception("looking for dead workers failed; it is tried again")

    def _adopt_from(self, connection: Any) -> None:
        begun = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        workers = {one.executor_id for one in begun if one.executor_id} - {self._cluster.worker}
        for dead in (worker for worker in workers if not _lives(connection, worker)):
            theirs = [one for one in begun if one.executor_id == dead]
            log.warning("worker %s is dead: %s of its tasks are taken over", dead, len(theirs))
            for queue in (MAILINGS, SHARES):
                ids = [one.workflow_id for one in theirs if (one.name == "send_share") == (queue == SHARES)]
                if ids:
                    DBOS.resume_workflows(ids, queue_name=queue)


def _lives(connection: Any, worker: str) -> bool:
    """A living worker's database session holds its lock; the question takes it for this transaction only."""
    query = text("SELECT pg_try_advisory_xact_lock(:space, :key)")
    return not connection.execute(query, _life_key(worker)).scalar()


def _life_key(worker: str) -> dict[str, int]:
    return {"space": LIFE_SPACE, "key": zlib.crc32(worker.encode()) - 2**31}


def _seconds(counts: Counts, due: datetime | None) -> float:
    """Until the next deferred letter; shortly, when a share broke off and left its letters queued."""
    if counts.queued or due is None:
        return SHORTEST_WAIT_SECONDS
    return max(SHORTEST_WAIT_SECONDS, (due - datetime.now(UTC)).total_seconds())
