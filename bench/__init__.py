"""Our figures beside our peers', measured in one run on one machine: `python -m bench`.

A bench is a module here with `run() -> Iterable[Figure]`. It interleaves ours and the peer's, and takes medians.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    value: float
    goal: float | None
    """None: only shown."""
    unit: str = "×"
    at_most: bool = False
    """For seconds and bytes, where less is better."""
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.goal is None or (self.value <= self.goal if self.at_most else self.value >= self.goal)

    def row(self) -> str:
        sign = "≤" if self.at_most else "≥"
        goal = "" if self.goal is None else f"{sign} {self.goal:,g}{self.unit}"
        mark = "" if self.goal is None else "yes" if self.met else "NO"
        return f"{self.what:<58} {self.value:>9,.3g}{self.unit:<3} {goal:>9} {mark:>4}  {self.detail}"


def interleaved(rounds: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Each way once, then each again, …: whatever else the machine does falls on all alike. Medians of what they tell."""
    told: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            told[name].append(way())
    return {name: median(values) for name, values in told.items()}
