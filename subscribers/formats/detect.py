"""A file in; which format it is and its rows out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from subscribers.formats import outlook
from subscribers.formats.columns import (
    REFUSAL_HEADERS,
    Cells,
    Columns,
    Reading,
    Said,
    address_columns,
    refusal,
    strictest,
)
from subscribers.formats.format import Format
from subscribers.formats.govdelivery import DIGESTS, TOPICS
from subscribers.formats.mailchimp import MAILCHIMP
from subscribers.formats.mapping import Rule, prepare
from subscribers.formats.newsletters import BREVO, BUTTONDOWN, GHOST, KEILA, LISTMONK, SUBSTACK
from subscribers.formats.plain import PLAIN
from subscribers.formats.tables import Table, TableRow, read_table
from subscribers.model import NO, UNKNOWN, YES, Row, SubscribersError, Unreadable

# The most particular first; PLAIN takes whatever has a column of addresses.
FORMATS = (TOPICS, DIGESTS, MAILCHIMP, BUTTONDOWN, KEILA, LISTMONK, GHOST, SUBSTACK, BREVO, outlook.CONTACTS, PLAIN)
NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class OldList:
    """One file of an old list. `rows` can be walked once."""

    name: str
    format: str
    sha256: str
    rows: Iterator[Row | Unreadable]


def open_list(path: Path, rules: tuple[Rule, ...] = (), bits: Mapping[str, int] | None = None) -> OldList:
    """The list in `path`; raises SubscribersError when it is not one. `rules` tell audiences, `bits` their places."""
    digest = _sha256(path)
    if path.suffix.lower() == ".txt" and outlook.is_list(path):
        return OldList(path.name, outlook.LIST_NAME, digest, outlook.list_rows(path))
    table = read_table(path)
    columns = Columns(table.headers)
    if not table.headers and path.suffix.lower() == ".txt":  # pasted from a To line
        return OldList(path.name, outlook.LIST_NAME, digest, outlook.list_rows(path))
    if not table.headers:
        return OldList(path.name, "a list without headers", digest, _headless(table))
    format = next(each for each in FORMATS if each.recognises(columns))
    return OldList(path.name, format.name, digest, _rows(table, columns, format, path.name, rules, bits or {}))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SubscribersError(f"{path} cannot be read: {error.strerror}.") from error


def _rows(
    table: Table, columns: Columns, format: Format, file: str, rules: tuple[Rule, ...], bits: Mapping[str, int]
) -> Iterator[Row | Unreadable]:
    address_headers = format.address if columns.reading(*format.address) else address_columns(columns)
    address = columns.reading(*address_headers) or columns.reading(*address_columns(columns))
    assert address is not None
    name, saying = _name(columns, format), _saying(columns, format, file)
    at = columns.reading(*format.refused_at)
    choices, at_once, proof = prepare(rules, columns, bits), format.at_once(columns), _proof(columns, format)
    width = columns.width
    for row in table.rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        line, cells = row
        if len(cells) != width:
            _even_out(cells, width, fill=saying is None)
        if len(cells) != width:
            if any(cell.strip() for cell in cells):
                yield _ragged(line, cells, width, address)
            continue
        found = address(cells)
        if not found.strip():
            if any(cell.strip() for cell in cells):
                yield Unreadable(line, "no address")
            continue
        says, why = saying(cells) if saying else (YES, "")
        yield Row(
            line,
            found,
            name(cells),
            says,
            why,
            _iso(at(cells)) if at and says == NO else "",
            choices(cells) if choices else 0,
            at_once(cells) if at_once else False,
            proof(cells) if proof else "",
        )


def _iso(text: str) -> str:
    """The time in `text` if it is written as 2025-01-14…; any other form could be read in two ways."""
    found = text.strip()
    return found if re.match(r"[12]\d{3}-[01]\d-[0-3]\d", found) else ""


def _even_out(cells: Cells, width: int, *, fill: bool) -> None:
    """Empty cells too many at the end mean nothing. Cells too few are `fill`ed only when no column speaks of a status."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if fill and 0 < len(cells) < width and any("@" in cell for cell in cells):
        cells += [""] * (width - len(cells))


def _ragged(line: int, cells: Cells, width: int, address: Reading) -> Row | Unreadable:
    """A row that is too long or too short: its cells may stand under the wrong headers, so a person decides."""
    why = f"{len(cells)} cells under {width} headers"
    known = address([*cells, *[""] * max(0, width - len(cells))])
    found = known if "@" in known else next((cell for cell in cells if "@" in cell), None)
    return Row(line, found, says=UNKNOWN, why=why) if found else Unreadable(line, why)


def _name(columns: Columns, format: Format) -> Callable[[Cells], str]:
    """Whole names win over first and last names put together."""
    whole = [
        header for header in format.names if "first" not in header and "last" not in header and header not in _PARTS
    ]
    if (reading := columns.reading(*whole)) is not None:
        return lambda cells: reading(cells).strip()[:NAME_CHARACTERS]
    places = [columns.places[header][0] for header in format.names if header in columns.places]
    if len(places) == 2:  # nearly always; a join of two is worth its own line a million times
        first, last = places
        return lambda cells: f"{cells[first]} {cells[last]}".strip()[:NAME_CHARACTERS]
    return lambda cells: " ".join(cells[place].strip() for place in places).strip()[:NAME_CHARACTERS]


_PARTS = frozenset({"forename", "surname"})


def _saying(columns: Columns, format: Format, file: str) -> Callable[[Cells], Said] | None:
    """The format's own word, and every column that only ever says no."""
    own = format.saying(columns, file)
    refusals = [
        (columns.all_cells(header), reason) for header, reason in REFUSAL_HEADERS.items() if header in columns.places
    ]
    if not refusals:
        return own

    def saying(cells: Cells) -> Said:
        said = [refusal(cell, reason) for cells_of, reason in refusals for cell in cells_of(cells)]
        return strictest([own(cells), *said] if own else said)

    return saying


def _proof(columns: Columns, format: Format) -> Callable[[Cells], str] | None:
    places = [(header, columns.places[header][0]) for header in format.proof if header in columns.places]
    if not places:
        return None

    def proof(cells: Cells) -> str:
        kept = {header: cells[place].strip() for header, place in places if cells[place].strip()}
        return json.dumps(kept, ensure_ascii=False) if kept else ""

    return proof


def _headless(table: Table) -> Iterator[Row | Unreadable]:
    """Rows without headers: the address is the cell with an @, and nothing else is known of anybody."""
    for row in table.rows:
        yield from _headless_row(row)


def _headless_row(row: TableRow) -> Iterator[Row | Unreadable]:
    if isinstance(row, Unreadable):
        yield row
        return
    line, cells = row
    found = next((cell for cell in cells if "@" in cell), None)
    if found is not None:
        says = [_said_in_passing(cell) for cell in cells if cell is not found]
        yield Row(line, found, "", *strictest(says))
    elif any(cell.strip() for cell in cells):
        yield Unreadable(line, "no address")


def _said_in_passing(cell: str) -> Said:
    """Without headers a cell that is a word of refusal is believed, and nothing else is read."""
    from subscribers.formats.columns import NO_WORDS

    word = cell.strip().casefold()
    return (
        (NO, NO_WORDS[word]) if word in NO_WORDS and word not in ("no", "n", "0", "false", "off", "left") else (YES, "")
    )
