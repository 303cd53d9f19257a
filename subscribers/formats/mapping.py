"""`--map column=audience`: which cells of an old list tell what a reader is interested in.

- `--map "Head teacher=head"`: a yes in that column means the audience `head`.
- `--map Phase=phase`: the column's words are audiences of the axis `phase`, by their id or their name.
- `--map "TOPIC_CODE:HEADS=head"`: that word in that column means the audience `head`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from subscribers.formats.columns import YES_WORDS, Cells, Columns, normal
from subscribers.model import SubscribersError


@dataclass(frozen=True, slots=True)
class Rule:
    """`words`: what a cell's word means. `any_yes`: the audience that a plain yes stands for, if one does."""

    column: str
    words: Mapping[str, str]
    any_yes: str | None = None


def parse_rules(texts: tuple[str, ...], axes: Mapping[str, Mapping[str, str]]) -> tuple[Rule, ...]:
    """Rules from the command line. `axes` is axis → audience id → its name. Raises with every problem at once."""
    rules, problems = [], []
    for text in texts:
        try:
            rules.append(_rule(text, axes))
        except SubscribersError as error:
            problems.append(str(error))
    if problems:
        raise SubscribersError("\n".join(problems))
    return tuple(rules)


def _rule(text: str, axes: Mapping[str, Mapping[str, str]]) -> Rule:
    left, equals, target = (part.strip() for part in text.rpartition("="))
    if not (left and equals and target):
        raise SubscribersError(f'--map "{text}" is not column=audience. For example: --map Phase=phase')
    if target in axes:
        return Rule(normal(left), {_word(word): tag for tag, name in axes[target].items() for word in (tag, name)})
    if not any(target in tags for tags in axes.values()):
        known = ", ".join([*axes, *(tag for tags in axes.values() for tag in tags)])
        raise SubscribersError(f'--map "{text}": "{target}" is not an audience or an axis. There are: {known}.')
    column, colon, word = left.rpartition(":")
    if colon:
        return Rule(normal(column), {_word(word): target})
    return Rule(normal(left), {_word(target): target}, any_yes=target)


def _word(text: str) -> str:
    return " ".join(text.replace("-", " ").split()).casefold()


def prepare(rules: tuple[Rule, ...], columns: Columns, bits: Mapping[str, int]) -> Callable[[Cells], int] | None:
    """What reads one row's choices as a bit mask; None without rules. A column that is not in this file gives nothing."""
    readings = [(place, _mask_of(rule, bits)) for rule in rules for place in columns.places.get(rule.column, ())]
    if not readings:
        return None
    if len(readings) == 1:
        [(only, mask_of)] = readings
        return lambda cells: mask_of(cells[only])

    def choices(cells: Cells) -> int:
        mask = 0
        for place, mask_of in readings:
            mask |= mask_of(cells[place])
        return mask

    return choices


def _mask_of(rule: Rule, bits: Mapping[str, int]) -> Callable[[str], int]:
    """A cell's word as bits. A column of phases has a handful of different words, however many rows."""

    @lru_cache(maxsize=4096)
    def mask_of(cell: str) -> int:
        mask = 0
        for tag in _tags(cell, rule):
            mask |= 1 << bits[tag]
        return mask

    return mask_of


def _tags(cell: str, rule: Rule) -> list[str]:
    words = [_word(word) for word in (cell, *re.split(r"[,;|]", cell))]
    found = [rule.words[word] for word in words if word in rule.words]
    if rule.any_yes and cell.strip().casefold() in YES_WORDS:
        found.append(rule.any_yes)
    return found
