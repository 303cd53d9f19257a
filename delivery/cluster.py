"""Several sender processes, on one machine or many: a mailing is cut into shares, DBOS hands them out and resumes them.

The ledger stays the truth: a share that is run twice, or by two processes, still sends each letter once. DBOS remembers
which shares are to be done; who dies is replaced. Needs PostgreSQL and `pip install "bulletin[cluster]"`.
"""

import logging
import re
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine as Database
from sqlalchemy import func, make_url, select, text

from db.opening import SERVER_OPTIONS
from db.schema import delivery as tables
from delivery.engine import Engine
from delivery.ledger import books, fence
from delivery.ledger.sending import Ledger
from delivery.loop.run import Terms, send
from delivery.model import Counts, State

log = logging.getLogger(__name__)

VERSION = "bulletin-2"  # of what the workflows do; workers of another version leave ours alone
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


@dataclass(frozen=True)
class Ended:
    """See run.Summary. A mailing whose relay nobody reaches ends broken, and waits for whoever resumes it."""

    how: str
    problem: str = ""


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
            "system_database_url": _watchful(self._cluster.url),
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

    def start(self, name: str) -> str:
        """Begins a mailing, goes on with one that ended early, or joins those who send it; what to `wait` for.

        Whoever asks at the same time, on any machine, means the same task: its name is the mailing's and a number.
        """
        with self._database.connect() as connection:
            sending = books.mailing(connection, name)
        assert sending, f"there is no mailing {name}"
        task, is_under_way = _latest(name)
        if not is_under_way:
            number = int(task.partition("~")[2] or 0) + 1 if task else 0
            task = f"{name}~{number}" if number else name
            with SetWorkflowID(task):
                DBOS.enqueue_workflow(MAILINGS, self._send_mailing, sending.id)
        return task

    def wait(self, task: str) -> Ended:
        how, problem = cast(tuple[str, str], DBOS.get_result(task))
        return Ended(how, problem)

    # ---- the workflows

    def _register(self) -> None:
        """DBOS knows workflows by name; they must be the same in every process."""

        @DBOS.step(name="shares_of")
        def shares_of(mailing_id: int) -> list[tuple[int, int, int]]:
            return self._shares_of(mailing_id)

        @DBOS.step(name="send_it")
        def send_it(mailing_id: int, share: int, first: int, last: int, since: str) -> tuple[str, str]:
            return self._send_it(mailing_id, share, first, last, datetime.fromisoformat(since))

        @DBOS.step(name="look")
        def look(mailing_id: int) -> tuple[str, float, int, str]:
            return self._look(mailing_id)

        @DBOS.workflow(name="send_share")
        def send_share(mailing_id: int, share: int, first: int, last: int, since: str) -> tuple[str, str]:
            return send_it(mailing_id, share, first, last, since)

        @DBOS.workflow(name="send_mailing")
        def send_mailing(mailing_id: int) -> tuple[str, str]:
            ended, _, accepted, since = look(mailing_id)
            for round_ in range(MOST_ROUNDS):
                if ended != "waiting":
                    return ended, ""
                handles = []
                for share, first, last in shares_of(mailing_id):
                    with SetWorkflowID(f"{DBOS.workflow_id}/{round_}/{share}"):
                        handles.append(DBOS.enqueue_workflow(SHARES, send_share, mailing_id, share, first, last, since))
                problems = [problem for ended, problem in map(_ended, handles) if ended == "broken"]
                before = accepted
                ended, seconds, accepted, _ = look(mailing_id)
                if ended == "waiting" and problems and accepted == before:
                    return "broken", problems[0]  # nobody reaches the relay: a person must, as on one machine
                if ended == "waiting":
                    DBOS.sleep(seconds)
            return ended, ""

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

    def _send_it(self, mailing_id: int, share: int, first: int, last: int, since: datetime) -> tuple[str, str]:
        """How it ended, and what the problem was."""
        ledger = Ledger(self._database, mailing_id, owner=self._owner, share=share, rows=range(first, last + 1))
        for _ in range(60):
            if problem := self._refused(mailing_id, since):
                return "broken", problem
            try:
                with ledger:
                    summary = send(ledger, self._engine(), self._terms)
                if summary.problem:
                    log.warning("share %s of mailing %s: %s", share, mailing_id, summary.problem)
                return summary.ended, summary.problem
            except fence.BusyError:  # its last owner is not quite dead
                time.sleep(1)
        return "busy", ""

    def _refused(self, mailing_id: int, since: datetime) -> str:
        """The relay's words, when it has refused the last letters of all workers: not another share is tried then.

        As in run: a dead address is one reader's affair.
        """
        most = self._terms.refusals_in_a_row
        answered = books.is_state(State.ACCEPTED, State.FAILED) & (_recipient.c.at > since)
        query = select(_recipient.c.state, _recipient.c.status, _recipient.c.words).where(
            _recipient.c.mailing_id == mailing_id, answered
        )
        with self._database.connect() as connection:
            last = connection.execute(query.order_by(_recipient.c.at.desc()).limit(most)).all()
        if len(last) < most or any(
            row.state == State.ACCEPTED.value or row.status[:4] in ("5.1.", "5.2.") for row in last
        ):
            return ""
        return f"the mail server refused {most} letters in a row: {last[0].words}"

    def _look(self, mailing_id: int) -> tuple[str, float, int, str]:
        """How the mailing stands, how long to wait before the next round, how many have it, and this moment."""
        now = datetime.now(UTC)
        with Ledger(self._database, mailing_id, owner=self._owner) as ledger:
            wanted = ledger.control()
            if wanted == "run" and ledger.finish(now):
                wanted = "finished"
            counts, due = ledger.counts(), ledger.next_due()
        ended = "waiting" if wanted == "run" else wanted
        return ended, _seconds(counts, due), counts.accepted, now.isoformat()

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


def _watchful(url: str) -> str:
    """The engine's own sessions too end soon after their host's network was cut."""
    parsed = make_url(url)
    if "options" not in parsed.query:
        parsed = parsed.update_query_dict({"options": SERVER_OPTIONS})
    return parsed.render_as_string(hide_password=False)


def _latest(name: str) -> tuple[str, bool]:
    """The newest task of this mailing and whether it is under way; "" when there was none."""
    listed = DBOS.list_workflows(
        name="send_mailing", workflow_id_prefix=name, sort_desc=True, load_input=False, load_output=False
    )
    form = re.compile(rf"{re.escape(name)}(~(\d+))?")
    tasks = {int(found[2] or 0): one for one in listed if (found := form.fullmatch(one.workflow_id))}
    if not tasks:
        return "", False
    newest = tasks[max(tasks)]
    return newest.workflow_id, newest.status in ("PENDING", "ENQUEUED", "DELAYED")


def _ended(handle: Any) -> tuple[str, str]:
    """A share whose worker lost its database, or met what nobody foresaw, is one that broke: the others go on."""
    try:
        ended, problem = handle.get_result()
    except Exception as error:
        log.exception("a share could not be sent; its letters wait for the next round")
        return "broken", f"a worker broke: {error}"
    return str(ended), str(problem)


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
