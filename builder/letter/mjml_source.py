"""The letter's MJML template with its parts put in: each line still knows the file that a person wrote it in."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from builder.model import BuilderError, Finding

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_INCLUDE = re.compile(r"""\{%-?\s*include\s+["']([^"']+\.mjml)["']\s*-?%\}""")
PART = re.compile(
    r"(?P<jinja>\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})|<(?P<close>/?)(?P<tag>mj[a-z-]*)\b(?P<rest>[^<>]*)>", re.DOTALL
)
TAG_WITH_JINJA = re.compile(r"<[a-zA-Z][^<>]*?\{[{%].*?[}%]\}[^<>]*>", re.DOTALL)


class Origin(Struct, frozen=True):
    """A line of the joined template → where a person wrote it."""

    file: str
    line: int


class Source(Struct, frozen=True):
    """The template with its parts put in, and the origin of each of its lines."""

    text: str
    origins: tuple[Origin, ...]

    def origin(self, offset: int) -> Origin:
        return self.origins[self.text.count("\n", 0, offset)]


def read_template(name: str, search: tuple[Path, ...]) -> Source:
    """A template and all that it includes, one after the other. Raises BuilderError when a part is missing."""
    lines: list[str] = []
    origins: list[Origin] = []
    _read_part(name, search, lines, origins, ())
    return Source("\n".join(lines), tuple(origins))


def _read_part(
    name: str, search: tuple[Path, ...], lines: list[str], origins: list[Origin], within: tuple[Origin, ...]
) -> None:
    file = f"templates/{name}"
    path = next((folder / name for folder in search if (folder / name).is_file()), None)
    if path is None or file in {origin.file for origin in within}:
        why = "includes itself" if path else "is not there"
        place = within[-1] if within else Origin(file, 0)
        raise fault(place.file, place.line, f"The template {name} {why}.")
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        origin = Origin(file, number)
        include = _INCLUDE.fullmatch(line.strip())
        if include:
            _read_part(include[1], search, lines, origins, (*within, origin))
        else:
            lines.append(line)
            origins.append(origin)


def retold(error: BuilderError, name: str, search: tuple[Path, ...]) -> BuilderError:
    """A fault met while rendering, in the one line of the compiled letter → where the name in it was written."""
    found = error.findings[0]
    words = re.findall(r"'(\w+)'", found.message)
    if not words or not found.file.startswith("templates/letter-"):
        return error
    source = read_template(name, search)
    tags = (m for m in JINJA.finditer(source.text) if re.search(rf"\b{words[-1]}\b", m[0]))
    place = next((source.origin(tag.start()) for tag in tags), Origin(f"templates/{name}", 0))
    return fault(place.file, place.line, found.message)


def fault(file: str, line: int, message: str) -> BuilderError:
    return BuilderError((Finding(file, line, "bad-template", "block", message),))
