"""What a format is: the headers that it is known by, where its columns stand, and what its rows say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from subscribers.formats.columns import Cells, Columns, Said, status

Saying = Callable[[Cells], Said]


@dataclass(frozen=True, slots=True)
class Format:
    """`saying` gets the columns and the file's name, and makes what reads one row; None: nothing but a yes is ever said.

    Columns that speak of refusal in any system (`columns.REFUSAL_HEADERS`) are read for every format besides.
    """

    name: str
    needs: frozenset[str]  # all of these headers, normalised, make it this format
    address: tuple[str, ...] = ("email",)
    names: tuple[str, ...] = ("name",)
    saying: Callable[[Columns, str], Saying | None] = lambda _columns, _file: None
    refused_at: tuple[str, ...] = ()  # when the no was said
    proof: tuple[str, ...] = ()  # columns worth keeping as evidence
    at_once: Callable[[Columns], Callable[[Cells], bool] | None] = lambda _columns: None

    def recognises(self, columns: Columns) -> bool:
        return columns.has(*self.needs)


def by_word(header: str, words: dict[str, Said]) -> Callable[[Columns, str], Saying | None]:
    """Read `header` with the format's own words first, then with those of any system."""

    def prepare(columns: Columns, _file: str) -> Saying | None:
        cells_of = columns.all_cells(header)

        def saying(cells: Cells) -> Said:
            from subscribers.formats.columns import strictest

            return strictest(words.get(word.strip().casefold()) or status(word) for word in cells_of(cells))

        return saying

    return prepare
