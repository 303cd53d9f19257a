"""A file of any kind in, a table out: its headers, and its rows with their line numbers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from subscribers.formats.lines import open_text, records
from subscribers.model import SubscribersError, Unreadable

DELIMITERS = ",;\t|"
XLSX_BYTES = 300 * 1024 * 1024  # unpacked; a workbook of a million rows has about 150 MB
SHEET_ROWS_SEARCHED = 20  # a title and a logo may stand above the headers

OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")

TableRow = tuple[int, list[str]] | Unreadable


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` can be walked once. Without headers the first row is data, and `headers` is empty."""

    headers: list[str]
    rows: Iterator[TableRow]


def read_table(path: Path) -> Table:
    """The table in `path`; raises SubscribersError when there is none."""
    if zipfile.is_zipfile(path):
        return _headed(_workbook_rows(path), path)
    with path.open("rb") as file:
        start = file.read(8)
    if start == OLD_EXCEL:
        raise SubscribersError(f"{path.name} is an old Excel workbook. Open it in Excel and save it as .xlsx or CSV.")
    return _headed(_text_rows(path), path)


def _text_rows(path: Path) -> Iterator[TableRow]:
    with open_text(path) as file:
        start = file.read(4096)
        if _looks_binary(start):
            raise SubscribersError(f"{path.name} is not a list: it is not text. Export it again as CSV or .xlsx.")
        file.seek(0)
        first = start.lstrip().split("\n", 1)[0]
        if first.lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's own way to name the delimiter
            rows = records(file, first.strip()[4])
            next(rows)
            yield from rows
        else:
            yield from records(file, _delimiter(first))


def _looks_binary(start: str) -> bool:
    """One character in fifty that no list has. A NUL or two are a slip, not a photo."""
    strange = sum(
        1 for character in start if (character < " " and character not in "\t\r\n\f") or character == "\ufffd"
    )
    return strange > 2 and strange * 50 > len(start)


def _delimiter(first: str) -> str:
    """The delimiter that cuts the first line into most pieces, quoted text aside."""
    outside = "".join(first.split('"')[0::2])
    return max(DELIMITERS, key=outside.count)


def _workbook_rows(path: Path) -> Iterator[TableRow]:
    import warnings

    from openpyxl import load_workbook

    _refuse_bomb(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validations, which we do not read
            book = load_workbook(path, read_only=True, data_only=True)
            for sheet in book.worksheets:
                rows = enumerate(sheet.iter_rows(values_only=True), 1)
                found = [(number, [_cell(value) for value in row]) for number, row in _few(rows)]
                if any("@" in cell or "mail" in cell.lower() for _, row in found for cell in row):
                    yield from found
                    yield from ((number, [_cell(value) for value in row]) for number, row in rows)
                    return
    except (KeyError, ValueError, SyntaxError, OSError, zipfile.BadZipFile) as error:
        raise SubscribersError(f"{path.name} cannot be read as a workbook. Save it again as .xlsx or CSV.") from error
    raise SubscribersError(f"{path.name} has no sheet with e-mail addresses.")


def _few(rows: Iterator[tuple[int, tuple[object, ...]]]) -> list[tuple[int, tuple[object, ...]]]:
    return [row for row, _ in zip(rows, range(SHEET_ROWS_SEARCHED), strict=False)]


def _refuse_bomb(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > XLSX_BYTES:
        raise SubscribersError(f"{path.name} would unpack to {unpacked // 1024**2} MiB. Save the list alone as CSV.")


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _headed(rows: Iterator[TableRow], path: Path) -> Table:
    """Skip what stands above the headers: they are the first row that names a column of addresses, or holds one."""
    skipped: list[TableRow] = []
    for row in rows:
        if isinstance(row, Unreadable):
            skipped.append(row)
        elif any("@" in cell for cell in row[1]):
            return Table([], chain(skipped, [row], rows))
        elif names_addresses(row[1]):
            return Table(row[1], chain((each for each in skipped if isinstance(each, Unreadable)), rows))
        if len(skipped) > SHEET_ROWS_SEARCHED or (not isinstance(row, Unreadable) and row[0] > 2 * SHEET_ROWS_SEARCHED):
            break
    raise SubscribersError(f'{path.name} has no column of e-mail addresses. Give that column the header "Email".')


def names_addresses(cells: list[str]) -> bool:
    """Whether this row of headers has a column that holds addresses."""
    from subscribers.formats.columns import Columns, address_columns

    return bool(address_columns(Columns(cells)))
