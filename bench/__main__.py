"""`python -m bench [NAME …]`: runs every bench, or those named, and prints one table; exit code 1 when a goal is missed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from bench import Figure


def names() -> list[str]:
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))


def figures(chosen: list[str]) -> Iterator[Figure]:
    for name in chosen:
        run = getattr(import_module(f"bench.{name}"), "run", None)
        if run:
            yield from run()


def main(chosen: list[str]) -> int:
    if unknown := set(chosen) - set(names()):
        print(f"There is no bench {', '.join(sorted(unknown))}. There are: {', '.join(names())}.")
        return 2
    print(f"{'':<58} {'measured':>10}   {'goal':>9}  met")
    met = True
    for figure in figures(chosen or names()):
        print(figure.row(), flush=True)
        met = met and figure.met
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
