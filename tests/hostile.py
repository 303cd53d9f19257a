"""A house in which every place for words holds a payload, and its twin in which the same places hold plain words."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

from builder.kinds import KINDS
from tests.editions import EVERYTHING

# Own headers of each kind; `{}` takes a payload.
OWN = {
    "news": "",
    "notice": "",
    "case-study": "",
    "action": "action-by: 31 January 2025\nreturns-to: {}\nreference: 1/25",
    "feedback": "respond: {}\ncloses: 31 January 2025",
    "event": "starts: 14 February 2025, 10am\nvenue: {}\nbook: {}\ncost: {}",
    "consultation": "closes: 14 February 2025\nrespond: {}\noutcome: {}\ndocument: {}",
    "message": "signed: {}\n  {}\n  {}",
    "appointment": "person: {}\npost: {}",
    "good-news": "school: {}\nphoto-consent: no people",
}
assert OWN.keys() | {"excerpt"} == KINDS.keys()
Says = Callable[[int], str]


def write_house(folder: Path, header: Says, body: Says, items: int) -> Path:
    """`header(n)` and `body(n)` say what stands in the nth place."""
    shutil.copytree(EVERYTHING, folder, ignore=shutil.ignore_patterns("send", "documents"))
    edition = folder / "content" / "weekly" / "2025-01-14"
    for file in edition.glob("**/*.md"):
        file.unlink()
    places = count()

    def fill(text: str) -> str:
        return re.sub(r"\{\}", lambda _: _on_one_line(header(next(places))), text)

    _write_settings(folder / "bulletin.toml", header)
    _write(edition / "edition.md", fill("subject: {}\npreheader: {}\nspecial: {}"), body(0))
    for number in range(items):
        kind = list(OWN)[number % len(OWN)]
        common = "title: {}\nsummary: {}\ncontact: {}\nrelated: {}\nimage: images/photo.png\nalt: {}\ncredit: {}"
        _write(edition / f"item-{number:03}.md", f"kind: {kind}\n" + fill(f"{common}\n{OWN[kind]}"), body(number))
    return folder


def _on_one_line(text: str) -> str:
    """A header ends with its line, whatever ends it; what follows would be told as no header."""
    return re.sub("[\r\n\x85\u2028\u2029]+", " ", text)


def _write(file: Path, headers: str, body: str) -> None:
    file.write_bytes(f"---\n{headers}\n---\n{body}\n".encode("utf-8", "surrogatepass"))


def _write_settings(file: Path, header: Says) -> None:
    text, places = file.read_text("utf-8"), count(1000)

    def replaced(match: re.Match[str]) -> str:
        says = re.sub(r"[\x00-\x1f\x7f]", " ", header(next(places)))
        return f"{match[1]} = {json.dumps(says, ensure_ascii=False)}"

    text = re.sub(r'(?m)^(team|strapline|why|address) = ".*?"', replaced, text)
    file.write_text(re.sub(r'(title|intro) = "[^"]*"', replaced, text), "utf-8")
