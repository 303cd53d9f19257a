"""What a target has × what the site holds → what is sent and taken away, in an order that never shows half a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

VERSION = 1
PAGES, TOLD_LAST = (
    (".html", ".htm"),
    (".xml", ".rss", ".json", ".ics", ".txt", "_redirects", ".gone", ".nginx", ".config"),
)


@dataclass(frozen=True, slots=True)
class Held:
    """A file that we put there. `hash` is empty when it is not known what it holds now."""

    hash: str
    mark: str = ""
    """How the target itself tells that it is the same file: its ETag, or its size and time."""


@dataclass(frozen=True, slots=True)
class Record:
    """What we know that a target holds; it is kept there, beside the site. It names nothing that is not on the site."""

    files: Mapping[str, Held] = field(default_factory=dict)
    turn: str = ""
    """The mark of whoever published last."""

    def to_bytes(self) -> bytes:
        files = {path: [held.hash, held.mark] for path, held in sorted(self.files.items())}
        return json.dumps(
            {"version": VERSION, "turn": self.turn, "files": files}, indent=0, ensure_ascii=False
        ).encode()

    def without(self, paths: Iterable[str]) -> Record:
        gone = set(paths)
        return replace(self, files={path: held for path, held in self.files.items() if path not in gone})

    def unsure_of(self, paths: Iterable[str]) -> Record:
        """These are ours, but whether the new or the old one is there is seen only when all is done."""
        return replace(self, files={**self.files, **dict.fromkeys(paths, Held(""))})

    def holding(self, sent: Mapping[str, Held]) -> Record:
        return replace(self, files={**self.files, **sent})


def read_record(raw: bytes | None) -> Record | None:
    """None when there is none, or nothing that can be read as one: then everything is sent again, and nothing deleted."""
    if not raw:
        return None
    try:
        told = json.loads(raw)
        files = {str(path): Held(str(hash_), str(mark)) for path, (hash_, mark) in told["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    safe = all(path and not path.startswith("/") and ".." not in path.split("/") for path in files)
    return Record(files, str(told.get("turn", ""))) if told.get("version") == VERSION and safe else None


@dataclass(frozen=True, slots=True)
class Plan:
    """Sorted for people; `batches` is the order of work."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def sent(self) -> int:
        return len(self.new) + len(self.changed)

    @property
    def nothing(self) -> bool:
        return not (self.new or self.changed or self.gone)

    @property
    def batches(self) -> list[list[str]]:
        """What may be sent in any order among itself, one batch after the other."""
        fresh = set(self.new)
        ranked: dict[tuple[int, int], list[str]] = {}
        for path in sorted((*self.new, *self.changed)):
            ranked.setdefault(_rank(path, path in fresh), []).append(path)
        return [ranked[rank] for rank in sorted(ranked)]


def _rank(path: str, new: bool) -> tuple[int, int]:
    """Pictures and styles, then new pages, then the pages that lead to them, from the leaves to the home page; feeds last."""
    if path.endswith(PAGES):
        return (1 if new else 2), -path.count("/")
    if path.endswith(TOLD_LAST) and not path.startswith("search/"):
        return 3, 0
    return 0, 0 if new else 1


def compare(site: Mapping[str, str], record: Record | None) -> Plan:
    """`site`: path → hash of what it holds."""
    held = record.files if record else {}
    same = [path for path, hash_ in site.items() if path in held and held[path].hash == hash_]
    return Plan(
        new=tuple(sorted(site.keys() - held.keys())),
        changed=tuple(sorted((site.keys() & held.keys()) - set(same))),
        gone=tuple(sorted(held.keys() - site.keys())),
        unchanged=len(same),
    )


def as_found(record: Record, changed: Iterable[str], missing: Iterable[str]) -> Record:
    """The record, corrected by what was seen: somebody may have edited or deleted files by hand."""
    edited = {path: replace(record.files[path], hash="") for path in changed if path in record.files}
    return replace(record, files={**record.files, **edited}).without(missing)
