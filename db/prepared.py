"""A statement that every page asks: turned into SQL once a database, its rows as plain tuples.

SQLAlchemy writes the SQL and knows the types; only its connection and result objects, which cost ten times as much as
SQLite's answer, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Engine, Select

Processor = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Made:
    sql: str
    order: Sequence[str] | None
    """The values' names by place; None where the driver takes them by name."""
    processors: tuple[Processor, ...]


class Prepared:
    """For a reading statement by itself, outside of any transaction. Its values are plain numbers and texts."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._made: dict[str, _Made] = {}

    def rows(self, engine: Engine, **values: int | str) -> list[tuple[Any, ...]]:
        made = self._made.get(engine.dialect.name) or self._make(engine.dialect)
        asked: Any = values if made.order is None else [values[name] for name in made.order]
        driver = engine.raw_connection()
        try:
            cursor = driver.cursor()
            cursor.execute(made.sql, asked)
            found = cursor.fetchall()
        finally:
            driver.close()
        return [_understood(row, made.processors) for row in found]

    def _make(self, dialect: Dialect) -> _Made:
        compiled: Any = self._statement.compile(dialect=dialect)
        types = [column.type.dialect_impl(dialect) for column in self._statement.selected_columns]
        processors = tuple(kind.result_processor(dialect, None) for kind in types)
        made = self._made[dialect.name] = _Made(compiled.string, compiled.positiontup, processors)
        return made


def _understood(row: tuple[Any, ...], processors: tuple[Processor, ...]) -> tuple[Any, ...]:
    return tuple(value if process is None else process(value) for value, process in zip(row, processors, strict=True))
