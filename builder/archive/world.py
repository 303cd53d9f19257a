"""One hash of everything that all pages depend on: settings, templates, and the code that makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from time import time_ns
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from builder.press import Press
from builder.walk import RACY_NS

CODE = Path(__file__).parents[1]
TOOLS = ("markdown", "nh3", "jinja2", "PIL")


Code = tuple[bytes, bytes]
"""A stamp of all files' names, times and sizes, and a hash of what is in them. The stamp is empty when it tells nothing."""


def world(press: Press, code_: Code, *parts: object) -> bytes:
    return _hash((_told(press.house), _told(parts), code_[1].hex(), *_tools()))


def _told(value: Any) -> str:
    """The same text for equal values, in every process: sets have no order, and dictionaries show theirs."""
    if isinstance(value, Struct):
        return f"{type(value).__name__}({','.join(_told(part) for part in astuple(value))})"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_told(k)}:{_told(v)}" for k, v in value.items()) + "}"
    if isinstance(value, frozenset | set):
        return "<" + ",".join(sorted(map(_told, value))) + ">"
    if isinstance(value, tuple | list):
        return "(" + ",".join(map(_told, value)) + ")"
    return repr(value)


def code(press: Press, known: Code) -> Code:
    """Program and templates: they are read only when their names, times or sizes are not those that are known."""
    files = [*_files(press)]
    stats = [file.stat() for file in files]
    told = repr([(str(file), stat.st_mtime_ns, stat.st_size) for file, stat in zip(files, stats, strict=True)])
    newest = max((stat.st_mtime_ns for stat in stats), default=0)
    stamp = _hash([told]) if newest < time_ns() - RACY_NS else b""
    return known if stamp and stamp == known[0] else (stamp, _hash(map(_content, files)))


def _files(press: Press) -> Iterator[Path]:
    yield from sorted([*CODE.glob("*.py"), *CODE.glob("archive/**/*.py")])
    for folder in press.search:
        yield from (file for file in sorted([*folder.glob("web/*"), folder / "words.toml"]) if file.is_file())


def _content(file: Path) -> str:
    return f"{file.name}\0{file.read_bytes().hex()}"


def _hash(parts: Iterable[str]) -> bytes:
    digest = blake2b(digest_size=16)
    for told in parts:
        digest.update(told.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.digest()


def _tools() -> Iterator[str]:
    """Another version of these may write other bytes; asking each for its version would mean to load it."""
    yield sys.version
    for name in TOOLS:
        found = find_spec(name)
        stat = Path(found.origin).stat() if found and found.origin else None
        yield f"{name} {stat.st_mtime_ns if stat else 0} {stat.st_size if stat else 0}"
