"""An edition's letters → files in out/, each in every form, with an index for machines. Nothing is sent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from builder.letter.eml import to_eml
from builder.letter.render import encoded_size
from builder.model import BuilderError, Edition, Finding, Letter, Tags
from builder.press import Press


class NoSuchEdition(Exception):
    """The message says which editions there are."""


@dataclass(frozen=True, slots=True)
class Built:
    """An edition whose letters were written, and where."""

    edition: Edition
    folder: Path
    letters: tuple[Letter, ...]


def chosen_editions(press: Press, bulletin: str | None, day: date | None) -> tuple[Edition, ...]:
    """All editions, one bulletin's, or one. Raises NoSuchEdition."""
    if bulletin and bulletin not in press.house.bulletins:
        known = ", ".join(press.house.bulletins)
        raise NoSuchEdition(f'There is no bulletin "{bulletin}". There are: {known}.')
    found = tuple(e for e in press.content.editions if bulletin in (None, e.bulletin) and day in (None, e.day))
    if day and not found:
        known = ", ".join(str(e.day) for e in press.content.of(bulletin or "")) or "none yet"
        raise NoSuchEdition(f"There is no edition of {bulletin} on {day}. There are: {known}.")
    return found


def _blocking(findings: Iterable[Finding], under: str = "") -> tuple[Finding, ...]:
    return tuple(f for f in findings if f.severity == "block" and f.file.startswith(under))


def build_edition(press: Press, edition: Edition, asked: Iterable[Tags], out: Path) -> Built:
    """Writes the edition's letters into out/<bulletin>/<date>/ in one move; the old ones stay when anything is wrong.

    Raises BuilderError with every problem.
    """
    asked = tuple(asked)
    wrong = _blocking(press.content.findings, f"content/{edition.bulletin}/{edition.day}/")
    wrong += press.picture_findings(item for item in edition.items if not item.draft)
    if wrong:
        raise BuilderError(wrong)
    letters = tuple(press.letter(edition, v) for v in press.variants(edition, press.choices(asked)))
    folder = out / edition.bulletin / str(edition.day)
    _write_folder(folder, _letter_files(press, edition, letters, asked))
    return Built(edition, folder, letters)


def _letter_files(
    press: Press, edition: Edition, letters: tuple[Letter, ...], asked: tuple[Tags, ...]
) -> Iterator[tuple[str, bytes]]:
    bulletin = press.house.bulletins[edition.bulletin]
    for letter in letters:
        yield f"{letter.variant.id}.html", letter.html.encode()
        yield f"{letter.variant.id}.txt", letter.text.encode()
        eml = to_eml(letter, press.house.publisher, sender=bulletin.sender or bulletin.name, date=press.sends(edition))
        yield f"{letter.variant.id}.eml", eml
    index = json.dumps(index_of(press, edition, letters, asked), ensure_ascii=False, indent=2)
    yield "index.json", f"{index}\n".encode()


def index_of(press: Press, edition: Edition, letters: Iterable[Letter], asked: Iterable[Tags]) -> dict[str, Any]:
    """What a machine wants to know of a built edition."""
    letters = tuple(letters)
    by_items = {letter.variant.items: letter.variant.id for letter in letters}
    people = {name: by_items.get(press.receives(edition, tags)) for name, tags in press.house.personas.items()}
    people |= {",".join(press.in_order(tags)): by_items.get(press.receives(edition, tags)) for tags in asked}
    return {
        "bulletin": edition.bulletin,
        "date": str(edition.day),
        "subject": edition.subject,
        "preheader": edition.preheader,
        "number": edition.number,
        "sends": press.sends(edition).isoformat(),
        "url": press.viewer.edition_url(edition),
        "variants": [
            {
                "id": letter.variant.id,
                "items": list(letter.variant.items),
                "bytes": encoded_size(letter.html),
                "readers": list(letter.variant.readers),
            }
            for letter in letters
        ],
        "personas": people,
        "audiences": press.per_audience(edition),
    }


def _write_folder(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """All of it or none: written beside, then moved into place."""
    partial, old = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.old")
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, data in files:
        (partial / name).write_bytes(data)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
