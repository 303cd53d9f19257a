"""Whether the pages that an edition links to are there. Asks the network, so only when a person wants it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builder.model import Edition, Finding
from goodnews.fetch import FetchError, Limits, fetch

AT_ONCE = 8
LIMITS = Limits(size=20_000_000, seconds=15)
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"']*[^\s<>()\[\]\"'.,;:!?*_]")


def check_links(
    root: Path, editions: Iterable[Edition], *, ask: Callable[[str], str] | None = None
) -> tuple[Finding, ...]:
    """A warning for every address that does not answer, where it is written. `ask`: address → what is wrong, or ""."""
    places: dict[str, list[tuple[str, int]]] = {}
    for address, file, line in _addresses(root, editions):
        places.setdefault(address, []).append((file, line))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = zip(places, pool.map(ask or _ask, places), strict=True)
    return tuple(
        Finding(file, line, "dead-link", "warn", f"{address} {wrong}")
        for address, wrong in answers
        if wrong
        for file, line in places[address]
    )


def _ask(address: str) -> str:
    try:
        fetch(address, limits=LIMITS)
    except FetchError as error:
        return str(error)
    return ""


def _addresses(root: Path, editions: Iterable[Edition]) -> Iterator[tuple[str, str, int]]:
    """(address, file, line) of every link in the files of these editions, headers included."""
    for edition in editions:
        for file in {edition.source.file, *(item.source.file for item in edition.items)}:
            lines = (root / file).read_text("utf-8", errors="replace").split("\n")
            for number, line in enumerate(lines, 1):
                yield from ((address, file, number) for address in _ADDRESS.findall(line))
