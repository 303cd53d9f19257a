"""A plain table with any sensible column of addresses: with a status column if it has one, else everybody in it is a yes."""

from __future__ import annotations

from subscribers.formats.columns import STATUS_HEADERS, Columns, status, strictest
from subscribers.formats.format import Format, Saying


def _saying(columns: Columns, _file: str) -> Saying | None:
    readings = [columns.all_cells(header) for header in STATUS_HEADERS if header in columns.places]
    if not readings:
        return None
    return lambda cells: strictest(status(word) for cells_of in readings for word in cells_of(cells))


PLAIN = Format(
    name="a plain list",
    needs=frozenset(),
    names=(
        "name",
        "full name",
        "display name",
        "displayname",
        "first name",
        "firstname",
        "forename",
        "last name",
        "lastname",
        "surname",
    ),
    saying=_saying,
)
