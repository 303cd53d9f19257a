"""What a takedown will do and has done, in lines for people and in JSON for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from desk.takedown import history
from desk.takedown.act import TakenDown
from desk.takedown.planning import Removal

MOST = 40  # lines; --json tells all
NOTES = {
    "outbox": "Letters in var/outbox hold it. They have left, or wait to be opened by hand: delete those that must not.",
}


def plan_lines(removal: Removal) -> Iterator[str]:
    for address in removal.addresses:
        yield f"   taken down  /{address}"
    for file in (*removal.files, *removal.pictures):
        yield f"      deleted  {file}"
    for file in removal.edits:
        yield f"loses a link  {file}"
    for bulletin, day in removal.editions:
        yield f"  made anew   {bulletin}/{day}"


def result_lines(done: TakenDown) -> Iterator[str]:
    for name, wrong in done.targets.items():
        yield f"{name}: {wrong or 'published without it.'}"
    for name in done.waiting:
        yield f"{name} was under way and is paused; its letters are made without it. Go on with: bulletin resume {name}"
    yield from (NOTES[note] for note in done.notes)
    yield from history.lines(done.history)
    yield from (f"STILL THERE  {trace}" for trace in done.found[:MOST])
    if len(done.found) > MOST:
        yield f"STILL THERE  … in {len({trace.file for trace in done.found})} files"
    if done.complete:
        yield f"/{done.removal.addresses[0]} is taken down. Nothing of it was found anywhere."
    else:
        yield "It is not gone everywhere. Mend what is listed, then say the same command again."


def as_json(done: TakenDown) -> dict[str, Any]:
    return {
        "complete": done.complete,
        "addresses": done.removal.addresses,
        "files": [*done.removal.files, *done.removal.pictures],
        "edited": done.removal.edits,
        "paused": done.waiting,
        "targets": dict(done.targets),
        "notes": done.notes,
        "history": {
            "commits": done.history.commits,
            "files": done.history.files,
            "uncommitted": done.history.uncommitted,
        },
        "found": [{"file": trace.file, "what": trace.what} for trace in done.found],
    }
