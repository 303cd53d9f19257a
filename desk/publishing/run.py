"""One publishing: what is there is asked, what differs is sent in order, what is over is taken away last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from desk.publishing.folder import Folder
from desk.publishing.plan import Held, Plan, Record, as_found, compare, read_record
from desk.publishing.target import Seen, Target, TargetError
from desk.publishing.turns import Turn

SAVED_AFTER = 500  # files; a first publishing that is cut off does not begin anew
MOST_GONE, OF_AT_LEAST = 1 / 3, 30  # a share of a site's files that goes at once by mistake rather than by intention

Progress = Callable[[int, int], None]


class Overtaken(TargetError):
    """Another machine publishes to the same target at this moment."""


@dataclass(frozen=True, slots=True)
class Published:
    plan: Plan
    strangers: tuple[str, ...] = ()
    """Files that are there and were never ours: they are left alone. Only known when it was looked at."""
    edited: tuple[str, ...] = ()
    """Files of ours that somebody else changed or deleted."""
    swapped: bool = False
    seconds: float = 0


def publish(
    files: Mapping[str, str],
    target: Target,
    *,
    dry_run: bool = False,
    verify: bool = False,
    many: bool = False,
    turn: Turn | None = None,
    progress: Progress | None = None,
) -> Published:
    """`files`: the site's paths → hashes. `verify`: what is really there is looked at, file by file. Raises TargetError.

    `many`: a person has said that a large part of the site may go. `turn`: refused when another machine published last.
    """
    began = time.monotonic()
    if "index.html" not in files:
        raise TargetError("The site has no home page, so nothing was published. Build it first: bulletin build")
    try:
        record = read_record(target.record())
        if turn and record:
            turn.refuse(record.turn)
        seen = (
            target.look({path: held.mark for path, held in record.files.items()} if record else {})
            if verify
            else Seen()
        )
        found = as_found(record, seen.changed, seen.missing) if record else None
        plan = compare(files, found)
        _refuse_emptying(plan, found, many)
        begun = _begun(found or Record(), turn, dry_run=dry_run, nothing=plan.nothing)
        swapped = not dry_run and not plan.nothing and _work(files, plan, begun, target, progress)
        if turn and not dry_run:
            turn.keep([begun.turn])
    finally:
        target.close()
    edited = tuple(sorted(seen.changed | seen.missing))
    return Published(plan, seen.strangers, edited, swapped, time.monotonic() - began)


def _begun(record: Record, turn: Turn | None, *, dry_run: bool, nothing: bool) -> Record:
    """The record under the mark that this publishing leaves; where nothing is to be done, the old one stays."""
    if turn is None or dry_run or nothing:
        return record
    turn.keep([record.turn, turn.mark])
    return replace(record, turn=turn.mark)


def _refuse_emptying(plan: Plan, record: Record | None, many: bool) -> None:
    held = len(record.files) if record else 0
    if not many and held >= OF_AT_LEAST and len(plan.gone) > held * MOST_GONE:
        raise TargetError(
            f"{len(plan.gone)} of {held} files would be taken away. If that is meant, say --yes. Nothing was changed."
        )


def _work(files: Mapping[str, str], plan: Plan, record: Record, target: Target, progress: Progress | None) -> bool:
    """Whether the whole site was swapped in at once."""
    target.keep_record(record.unsure_of((*plan.new, *plan.changed)).to_bytes())
    if isinstance(target, Folder) and (marks := _swapped(files, record, target)) is not None:
        swapped = {path: Held(files[path], mark) for path, mark in marks.items()}
        target.keep_record(replace(record, files=swapped).to_bytes())
        return True
    arrived = dict[str, Held]()
    try:
        for path, mark in _sent(plan, target):
            arrived[path] = Held(files[path], mark)
            if progress:
                progress(len(arrived), plan.sent)
            if len(arrived) % SAVED_AFTER == 0:
                target.keep_record(_so_far(record, plan, arrived).to_bytes())
        _refuse_two_at_once(record, target)
        target.drop(plan.gone)
    except Overtaken:
        raise  # the record is the other one's now
    except TargetError as error:
        with suppress(TargetError):
            target.keep_record(_so_far(record, plan, arrived).to_bytes())
        raise type(error)(
            f"{error} {len(arrived)} of {plan.sent} files arrived. What was published before is whole; "
            "the same command goes on where this one stopped."
        ) from error
    target.keep_record(record.without(plan.gone).holding(arrived).to_bytes())
    return False


def _refuse_two_at_once(record: Record, target: Target) -> None:
    """Before anything is taken away: whether another machine has begun in the meantime."""
    there = read_record(target.record())
    if there and there.turn != record.turn:
        raise Overtaken(
            "Another machine began to publish to this target at the same time, so nothing was taken away. Let one of them do "
            "it; if it is to be this one, say --take-over --verify when the other is done."
        )


def _swapped(files: Mapping[str, str], record: Record, target: Folder) -> dict[str, str] | None:
    """None where it cannot be: somebody else's files would be lost, or the folder cannot change its name."""
    seen = target.look(_marks(record))
    if seen.strangers:
        return None
    as_left = record.files.keys() - seen.changed - seen.missing
    return target.swap(files, {path for path in as_left if record.files[path].hash == files.get(path)})


def _marks(record: Record) -> dict[str, str]:
    return {path: held.mark for path, held in record.files.items()}


def _sent(plan: Plan, target: Target) -> Iterator[tuple[str, str]]:
    for batch in plan.batches:
        yield from target.send(batch)


def _so_far(record: Record, plan: Plan, arrived: Mapping[str, Held]) -> Record:
    return record.unsure_of((*plan.new, *plan.changed)).holding(arrived)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One publishing at a time from this house. The lock dies with its process. Raises TargetError."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError as error:
            raise TargetError("Another publishing is under way. Wait for its end, then say this again.") from error
        yield
