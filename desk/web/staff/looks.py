"""The desk's templates and words, apart from the press: a house whose content is broken still has a desk to mend it at."""

from __future__ import annotations

import logging
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

from builder import dates
from builder.cache import fingerprint

log = logging.getLogger("bulletin.desk")
LOOK_SECONDS = 2.0
PLACES = ("words", "static")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Static:
    """A style sheet, script or icon. `mark` changes with its content."""

    content: bytes
    kind: str
    mark: str


@dataclass(frozen=True, slots=True)
class Looks:
    environment: Environment
    words: dict[str, dict[str, str]]
    static: dict[str, Static]


@dataclass(slots=True)
class LiveLooks:
    """The looks as the files are now: whoever changes a word, a colour or a page sees it without starting anything again.

    Looked at once in LOOK_SECONDS. A file that cannot be read as it is changes nothing, and the log says so.
    """

    folders: Callable[[], tuple[Path, ...]]
    """Asked for each time: a house may come to have templates of its own."""
    kept: Path
    _looks: Looks | None = None
    _stamp: tuple[tuple[str, int], ...] = ()
    _at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self) -> Looks:
        """Raises OSError and ValueError only when nothing good was ever read."""
        if self._looks and time.monotonic() - self._at < LOOK_SECONDS:
            return self._looks
        with self._lock:
            stamp, self._at = self._now(), time.monotonic()
            if self._looks is None or stamp != self._stamp:
                self._stamp, self._looks = stamp, self._again()
        return self._looks

    def _again(self) -> Looks:
        try:
            return read_looks(self.folders(), self.kept)
        except (OSError, ValueError) as error:
            if self._looks is None:
                raise
            log.warning(
                "The desk's words or styles are not as they should be; it goes on with what they were: %s", error
            )
            return self._looks

    def _now(self) -> tuple[tuple[str, int], ...]:
        """Templates are not here: Jinja looks at their times by itself."""
        files = (
            file
            for folder in self.folders()
            for place in PLACES
            for file in sorted((folder / "desk" / place).glob("*"))
        )
        return tuple((str(file), file.stat().st_mtime_ns) for file in files)


def read_looks(search: tuple[Path, ...], kept: Path) -> Looks:
    """A house's own templates lie over the shipped ones, file by file. `kept`: the folder for compiled ones."""
    kept.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        bytecode_cache=FileSystemBytecodeCache(str(kept)),
        loader=ChoiceLoader([FileSystemLoader(str(folder)) for folder in search]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = read_words(search)
    static = {file.name: _static(file) for folder in reversed(search) for file in _static_files(folder)}
    environment.globals.update(
        words=words,
        say_day=dates.say,
        say_short=dates.say_short,
        say_clock=dates.say_clock,
        marks={name: found.mark for name, found in static.items()},
    )
    environment.globals["counted"] = partial(counted, words)
    environment.globals["said"] = partial(said, words)
    environment.filters["day_of"] = lambda text: dates.say(date.fromisoformat(text))
    environment.filters["short_day"] = lambda text: dates.say_short(date.fromisoformat(text))
    environment.filters["pair"] = lambda text: (text, text)
    environment.filters["number"] = lambda value: f"{value:,}"
    return Looks(environment, words, static)


def read_words(search: tuple[Path, ...]) -> dict[str, dict[str, str]]:
    """desk/words/*.toml, all laid together table by table."""
    words: dict[str, dict[str, str]] = {}
    for folder in reversed(search):
        for file in sorted((folder / "desk" / "words").glob("*.toml")):
            for table, values in tomllib.loads(file.read_text("utf-8")).items():
                words.setdefault(table, {}).update(values)
    return words


def _static_files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted((folder / "desk" / "static").glob("*")) if file.suffix in TYPES)


def _static(file: Path) -> Static:
    content = file.read_bytes()
    return Static(content, TYPES[file.suffix], fingerprint(content)[:10])


def said(words: dict[str, dict[str, str]], table: str, key: str, **values: Any) -> str:
    """A sentence of the words with its values; the code itself where nobody has written the words yet."""
    found = words.get(table, {}).get(key)
    return found.format_map(_Blank(values)) if found is not None else key


def counted(words: dict[str, dict[str, str]], table: str, key: str, n: int, **values: Any) -> str:
    """The same for a number of things: `<key>-1` where it is exactly one and has words of its own."""
    one = f"{key}-1"
    return said(words, table, one if n == 1 and one in words.get(table, {}) else key, n=f"{n:,}", **values)


class _Blank(dict[str, Any]):
    """What a sentence names and nobody gave stays empty."""

    def __missing__(self, _key: str) -> str:
        return ""
