"""One hash of everything that all pages depend on: settings, templates, and the code that makes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from builder.press import Press

CODE = Path(__file__).parents[1]
TOOLS = ("markdown", "nh3", "jinja2", "PIL")


def world(press: Press, *parts: object) -> bytes:
    digest = blake2b(digest_size=16)
    for told in (_told(press.house), _told(parts), *_files(press), *_tools()):
        digest.update(told.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.digest()


def _told(value: Any) -> str:
    """The same text for equal values, in every process: sets have no order, and dictionaries show theirs."""
    if is_dataclass(value):
        return f"{type(value).__name__}({','.join(_told(getattr(value, f.name)) for f in fields(value))})"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_told(k)}:{_told(v)}" for k, v in value.items()) + "}"
    if isinstance(value, frozenset | set):
        return "<" + ",".join(sorted(map(_told, value))) + ">"
    if isinstance(value, tuple | list):
        return "(" + ",".join(map(_told, value)) + ")"
    return repr(value)


def _files(press: Press) -> Iterator[str]:
    yield from (_content(file) for file in sorted([*CODE.glob("*.py"), *CODE.glob("archive/**/*.py")]))
    for folder in press.search:
        for file in sorted([*folder.glob("web/*"), folder / "words.toml"]):
            if file.is_file():
                yield f"{file.name}\0{_content(file)}"


def _content(file: Path) -> str:
    return file.read_bytes().hex() if file.suffix not in {".py", ".html", ".css", ".toml"} else file.read_text("utf-8")


def _tools() -> Iterator[str]:
    """Another version of these may write other bytes; asking each for its version would mean to load it."""
    yield sys.version
    for name in TOOLS:
        found = find_spec(name)
        stat = Path(found.origin).stat() if found and found.origin else None
        yield f"{name} {stat.st_mtime_ns if stat else 0} {stat.st_size if stat else 0}"
